"""How many threads a network's forward pass takes, for those who act on several threads of their own."""

from __future__ import annotations

import sys


def use_one_thread() -> None:
    """Keep what networks compute in the calling thread within it; without torch loaded there is nothing to keep.

    A thread pool's threads would otherwise each start as many more as the learner uses.
    """
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
