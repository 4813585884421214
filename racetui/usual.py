"""What a run is where nobody asked for anything else, as far as that depends on the backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from carracing.registry import BONUSES, OBSERVED, THREADED

FRAMES = {True: 10_000_000, False: 1_000_000}
"""Budget, by whether the simulator steps many cars together: a quarter of an hour on two cores."""
EVALUATION_EVERY = {True: 1_000_000, False: 200_000}
"""Frames between evaluations, the same way: a minute or some on two cores."""
EARLY_STOP = 100
"""Frames without a new tile after which training gives an episode up."""
MISSED_PENALTY = 10.0
"""A tile left out costs 3.4 at once and a finish much later; this tells at once (docs/learning.md)."""


def with_usual(document: Mapping[str, Any]) -> dict[str, Any]:
    """A run's configuration with usual values where it says nothing; ``backend`` it must have said.

    What is no mapping is left as it is, for others to complain of.
    """
    backend = str(document["backend"])
    fast, result = backend in THREADED, dict(document)
    if result.get("budget") is None:
        result["budget"] = {"frames": FRAMES[fast]}
    task, evaluation = usual_task(result.get("task"), backend), {"every": EVALUATION_EVERY[fast]}
    for section, values in (("task", task), ("evaluation", evaluation)):
        given = result.get(section) or {}
        if isinstance(given, Mapping):
            result[section] = values | {key: value for key, value in given.items() if value is not None}
    return result


def usual_task(given: Any, backend: str) -> dict[str, Any]:
    """Usual values of a task of which some keys are ``given``, as far as the backend can give them.

    Scores do not have what ends episodes early or adds to rewards.
    """
    shown = OBSERVED.get(backend, ())
    observation = "grey-fast" if "grey-fast" in shown else "grey"
    seen = given.get("observation") if isinstance(given, Mapping) else None
    return {
        "observation": observation,
        "stack": 1 if seen == "vector" else 4,
        "early_stop": EARLY_STOP,
        "missed_penalty": MISSED_PENALTY if backend in BONUSES else 0.0,
    }
