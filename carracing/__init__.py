"""The task: CarRacing worlds, their rules and observations. Knows nothing of agents, collectors or runs."""

from carracing.registry import BACKENDS, backend_module, make_world
from carracing.task import Box, Discrete, Step, TaskConfig, TaskSpec, World, task_spec

__all__ = [
    "BACKENDS",
    "Box",
    "Discrete",
    "Step",
    "TaskConfig",
    "TaskSpec",
    "World",
    "backend_module",
    "make_world",
    "task_spec",
]
