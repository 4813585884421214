"""What a task in another environment is, as plain data (numpy only): the id, and what was found out about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from carracing.task import Box, Discrete, TaskConfig, TaskSpec

Library: TypeAlias = Literal["gymnasium", "envpool"]
"""Whose environments can be had, by the backend's name."""


def task_class(content: object) -> type[TaskConfig | EnvTask]:
    """What a stored task is one of, by its keys."""
    return EnvTask if isinstance(content, Mapping) and content.get("env") is not None else TaskConfig


class UnknownEnvironmentError(ValueError):
    """There is no environment of that id here; says what there is, or what it needs."""


class UnsupportedSpacesError(ValueError):
    """What an environment shows, or wants to be told, is nothing that agents here work with; says what would be."""


@dataclass(frozen=True, slots=True)
class Spaces:
    """What one observation and one action are, as found when a run was started; so no process need look again."""

    shape: tuple[int, ...] = ()
    """Of one observation as a policy sees it: a vector's length, or an image's channels, height and width."""
    dtype: Literal["uint8", "float32"] = "float32"
    """Images are uint8, all else is float32."""
    choices: int = 0
    """Number of discrete actions; 0 where actions are continuous."""
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    """Bounds of continuous actions, in the environment's units."""

    def __str__(self) -> str:
        """For people."""
        action = f"{self.choices} discrete actions" if self.choices else f"{len(self.low)} continuous actions"
        bounds = "" if self.choices else f" of {list(self.low)} to {list(self.high)}"
        return f"{self.dtype} observations of {'x'.join(map(str, self.shape))}, {action}{bounds}"


@dataclass(frozen=True, slots=True)
class EnvTask:
    """An environment by its id: with these equal, every collector poses the same decision problem.

    An episode depends on its seed and the actions alone, as far as the environment keeps to that.
    """

    env: str
    """As its library names it: ``CartPole-v1``, or ``package.module:Name-v0`` of a package to import first."""
    library: Library = "gymnasium"
    """Whose id it is; the run's backend."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Keyword arguments that the environment is made with, as ``{gravity: -5}``."""
    frame_skip: int = 1
    """Frames each decision lasts, 1 to 50; the action is repeated and its rewards are summed."""
    stack: int = 1
    """How many successive observations the policy sees, 1 to 16."""
    spaces: Spaces = field(default_factory=Spaces)
    """Found out, never asked for."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        if not self.env or self.env != self.env.strip():
            raise ValueError(f"env must be an environment's id, such as CartPole-v1, not {self.env!r}")
        if not 1 <= self.frame_skip <= 50:
            raise ValueError(f"frame_skip must be 1 to 50 frames, not {self.frame_skip}")
        if not 1 <= self.stack <= 16:
            raise ValueError(f"stack must be 1 to 16 observations, not {self.stack}")
        for key in ("render_mode", "num_envs", "seed"):
            if key in self.options:
                raise ValueError(f"options cannot have {key}: racetui decides on it")

    @property
    def observation(self) -> str:
        """What is seen, for people: the environment's own."""
        return self.env

    @property
    def spec(self) -> TaskSpec:
        """What agents and collectors must know of it. Raises ValueError where nothing was found out yet."""
        spaces = self.spaces
        if not spaces.shape:
            raise ValueError(f"spaces of {self.env} are missing: racetui train finds them out")
        action = Discrete(spaces.choices) if spaces.choices else Box(spaces.low, spaces.high)
        return TaskSpec(spaces.shape, spaces.dtype, self.stack, action, self.frame_skip)
