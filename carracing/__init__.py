"""The task: CarRacing worlds, their rules and observations. Knows nothing of agents, collectors or runs."""

from carracing.registration import register_if_loaded
from carracing.registry import BACKENDS, THREADED, backend_module, make_worlds, warm_up
from carracing.task import (
    OBSERVATIONS,
    Box,
    Discrete,
    LabelledWorlds,
    Step,
    TaskConfig,
    TaskSpec,
    World,
    Worlds,
    task_spec,
)

__all__ = [
    "BACKENDS",
    "OBSERVATIONS",
    "THREADED",
    "Box",
    "Discrete",
    "LabelledWorlds",
    "Step",
    "TaskConfig",
    "TaskSpec",
    "World",
    "Worlds",
    "backend_module",
    "make_worlds",
    "task_spec",
    "warm_up",
]

register_if_loaded()
