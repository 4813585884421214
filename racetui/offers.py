"""What goes with what, for people who choose: of agents, simulators, observations and collectors. Pure and light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from agents.registry import AGENTS, config_class
from carracing.registry import BACKENDS, LABELLED, MANY_CARS, OBSERVED
from carracing.task import TaskConfig, task_spec
from collectors.registry import COLLECTORS
from collectors.seeds import STRATEGIES
from profiles import Hardware, Profile
from profiles.strict import convert
from racetui.usual import FRAMES, MANY_FRAMES, usual_task

PIPELINE = "pipeline"
"""Stands among the agents where people choose: demonstrations, cloning, PPO from the clone, and a score. It is the
preset of that name."""
BEGINNERS = ("ppo", "sac")
"""Agents that may start from another run's policy and go on by themselves."""
BUDGETS: Mapping[str, str] = {
    "frames": "simulator ticks, 50 a second",
    "time": "of training, pauses not counted",
    "steps": "decisions of the agent",
    "episodes": "finished ones",
    "passes": "over the demonstrations",
}
"""Kinds of budget."""


def agents() -> tuple[str, ...]:
    """All there are to choose."""
    return (*AGENTS, PIPELINE)


def learns_from_set(agent: str) -> bool:
    """Whether it learns from recorded demonstrations alone, which decide task and simulator."""
    return agent in AGENTS and AGENTS[agent].offline


def can_drive_others(agent: str) -> bool:
    """Whether it can learn in other environments than CarRacing: cloning needs the scripted driver of that one."""
    return agent in AGENTS and not AGENTS[agent].offline and not AGENTS[agent].usual.get("task.labels")


def backends_for(agent: str) -> tuple[str, ...]:
    """Simulators that have what the agent learns from."""
    if learns_from_set(agent):
        return tuple(BACKENDS)[:1]
    labels = agent == PIPELINE or AGENTS[agent].usual.get("task.labels")
    return tuple(name for name in BACKENDS if not labels or name in LABELLED)


def observations_for(agent: str, backend: str) -> tuple[str, ...]:
    """What the simulator can show; nothing to choose where a set decides."""
    return () if learns_from_set(agent) else OBSERVED[backend]


def can_see(agent: str, settings: Mapping[str, Any], observation: str, backend: str) -> bool:
    """Whether an agent of these settings, others as usual, can learn from such observations."""
    task = TaskConfig(**{**usual_task({"observation": observation}, backend, agent), "observation": observation})
    labels = AGENTS[agent].usual.get("task.labels", False)
    try:
        convert(dict(settings), config_class(agent), "settings").check_task(task_spec(replace(task, labels=labels)))
    except ValueError:
        return False
    return True


def collectors_for(agent: str, backend: str) -> tuple[str, ...]:
    """Those that the simulator can carry, and that are installed."""
    if learns_from_set(agent):
        return (str(AGENTS[agent].usual["collector"]),)
    return tuple(
        name
        for name, entry in COLLECTORS.items()
        if (backend in MANY_CARS or not entry.many_cars) and (name != "ray" or find_spec("ray") is not None)
    )


def strategies_for(collector: str) -> tuple[str, ...]:
    """Ways to deal tracks; nobody shares one with a car alone."""
    return tuple(name for name in STRATEGIES if name != "shared" or not drives_alone(collector))


def drives_alone(collector: str) -> bool:
    """Whether it has one car only."""
    entry = COLLECTORS[collector]
    return not entry.many_tracks and not entry.many_cars


def can_select(collector: str, strategy: str) -> bool:
    """Whether cars drive side by side, so that one of them is the best."""
    return COLLECTORS[collector].many_cars or strategy == "shared"


def budgets_for(agent: str) -> tuple[str, ...]:
    """Kinds of budget that an agent can have, the usual one first."""
    if learns_from_set(agent):
        return ("passes", "time", "steps")
    return ("frames", "time", "steps", "episodes")


def usual_amount(kind: str, agent: str, backend: str) -> str:
    """How much of a kind of budget is usual, as people write it."""
    if kind == "frames" and agent == PIPELINE:
        return "3M"
    if kind == "frames" and agent == "dagger":
        return "2M"
    if kind == "frames":
        frames = MANY_FRAMES if agent == "ppo" and backend == "fast" else FRAMES
        return f"{frames // 1_000_000}M"
    return {"steps": "1M", "episodes": "1000", "time": "15m", "passes": "10"}[kind]


def can_use(profile: Profile, hardware: Hardware) -> bool:
    """Whether the machine has what the profile is for."""
    return profile.device != "cuda" or bool(hardware.gpus)
