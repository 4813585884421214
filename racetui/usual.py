"""What a run is where nobody asked for anything else, as far as that depends on agent and backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.registry import AGENTS
from carracing.environments.task import EnvTask, task_class
from carracing.registry import BONUSES, OBSERVED, THREADED

FRAMES = 1_000_000
"""Budget."""
MANY_FRAMES = 10_000_000
"""The same of PPO where the simulator steps many cars together: a quarter of an hour on two cores."""
EVALUATION_EVERY = {True: 1_000_000, False: 200_000}
"""Frames between evaluations, by whether the simulator steps many cars together."""
EARLY_STOP = 100
"""Frames without a new tile after which training gives an episode up."""
MISSED_PENALTY = 10.0
"""A tile left out costs 3.4 at once and a finish much later; this tells at once."""


def with_usual(document: Mapping[str, Any]) -> dict[str, Any]:
    """A run's configuration with usual values where it says nothing; ``agent`` and ``backend`` it must have said.

    What is no mapping is left as it is, for others to complain of.
    """
    agent, backend = str(document["agent"]), str(document["backend"])
    fast, result = backend in THREADED, dict(document)
    elsewhere = task_class(result.get("task")) is EnvTask
    if result.get("budget") is None:
        result["budget"] = {"frames": MANY_FRAMES if fast and agent == "ppo" else FRAMES}
    every = EVALUATION_EVERY[fast and agent == "ppo"]
    for section, usual in (
        ("task", {} if elsewhere else usual_task(result.get("task"), backend, agent)),
        ("evaluation", {"every": every}),
    ):
        given = result.get(section) or {}
        if isinstance(given, Mapping):
            result[section] = usual | {key: value for key, value in given.items() if value is not None}
    return result


def usual_task(given: Any, backend: str, agent: str = "ppo") -> dict[str, Any]:
    """Usual values of a task of which some keys are ``given``, as far as the backend can give them.

    Scores do not have what ends episodes early or adds to rewards.
    """
    shown = OBSERVED.get(backend, ())
    observation = "grey-fast" if "grey-fast" in shown else "grey"
    seen = given.get("observation") if isinstance(given, Mapping) else None
    usual = {
        "observation": observation,
        "stack": 1 if seen == "vector" else 4,
        "early_stop": EARLY_STOP,
        "missed_penalty": MISSED_PENALTY if backend in BONUSES else 0.0,
    }
    action = AGENTS[agent].action if agent in AGENTS else None
    return usual | {"action": action} if action else usual
