"""Entry of the process that drives the watched car of a run. ``python -m racetui.watch RUN_DIRECTORY``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from racetui.runs.paths import RunPaths

NICENESS = 5
"""As evaluations beside a training. At 19 it would not get the few hundredths of a core that driving takes, nor the
two seconds of starting, where a learner has every core."""


def main() -> int:
    """Drive until nobody watches."""
    parser = argparse.ArgumentParser(prog="python -m racetui.watch", description=__doc__)
    parser.add_argument("run", type=Path, help="run directory")
    options = parser.parse_args()
    os.nice(NICENESS)
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch

    from racetui.watch.driving import Show

    torch.set_num_threads(1)
    Show(RunPaths(options.run)).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
