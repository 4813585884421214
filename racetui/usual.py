"""What a run trains with where nobody asked for anything else, beyond the defaults of each setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from carracing.registry import BONUSES, OBSERVED

EARLY_STOP = 100
"""Frames without a new tile after which training gives an episode up."""
MISSED_PENALTY = 10.0
"""A tile left out costs 3.4 and the rest of the 1000 frames, but much later than it happens: this tells at once."""


def with_usual_task(given: Mapping[str, Any], backend: str, action: str | None = None) -> dict[str, Any]:
    """The keys of ``task:`` as given, and usual values of others, as far as the backend can give them.

    ``action`` is the kind of actions that the agent is for.

    Scores do not have what ends episodes early or adds to rewards.
    """
    shown = OBSERVED.get(backend, ())
    observation = given.get("observation") or ("grey-fast" if "grey-fast" in shown else "grey")
    usual = {
        "observation": observation,
        "stack": 1 if observation == "vector" else 4,
        "early_stop": EARLY_STOP,
        "missed_penalty": MISSED_PENALTY if backend in BONUSES else 0.0,
    }
    if action:
        usual["action"] = action
    return usual | {key: value for key, value in given.items() if value is not None}
