"""The task: CarRacing worlds, their rules and observations. Knows nothing of agents, collectors or runs."""

from carracing.registry import BACKENDS, make_world
from carracing.task import Box, Discrete, Step, TaskConfig, TaskSpec, World, task_spec

__all__ = [
    "BACKENDS",
    "Box",
    "Discrete",
    "Step",
    "TaskConfig",
    "TaskSpec",
    "World",
    "make_world",
    "task_spec",
]
