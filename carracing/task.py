"""What the task is: the rules every collector and agent must agree on, as plain data (numpy only)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias, get_args, runtime_checkable

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]

FRAMES_PER_SECOND = 50
"""Simulator ticks per second of driving (``FPS`` in Gymnasium's car_racing.py)."""
EPISODE_FRAMES = 1000
"""Time limit of CarRacing-v3 as Gymnasium registers it, in frames."""

EVALUATION_TRACKS = range(1_000_000, 10_000_000)
"""Track seeds kept for evaluation: training never drives them."""

FACTS = ("missed_tiles", "progress", "finished", "lap_frames", "on_grass")
"""What is known of a CarRacing car beside its observation, in the order of ``Step.facts``.

missed_tiles: tiles behind the furthest visited tile that were not visited (``carracing.advance`` says what is
behind on a circle). progress: share of the track's tiles visited, 0 to 1. finished: 1 once the lap is: every tile
visited, or as the lap rule has it. lap_frames: frames from the start until then, 0 before. on_grass: wheels that
touch no tile of the road, 0 to 4.
"""

LapRule: TypeAlias = Literal["released", "completed"]
"""When a lap is done.

released: as in every released Gymnasium, once every tile is visited. Stock means to end the lap when the car comes
back to tile 0 with 95 % visited (``lap_complete_percent``), but looks only at the first visit of tile 0, which is at
the start (Gymnasium issue 1269). completed: it looks whenever a wheel comes onto tile 0, as pull request 1670 to
Gymnasium has it.
"""
BONUS = "bonus"
"""One more fact where training adds to rewards: what it adds to this step's. No score counts it."""


class ObservationKind(NamedTuple):
    """What one single observation of a kind is."""

    shape: tuple[int, ...]
    dtype: Literal["uint8", "float32"]
    purpose: str
    """For people who choose."""


OBSERVATIONS = {
    "grey": ObservationKind((84, 84), "uint8", "84x84 luminance"),
    "rgb": ObservationKind((3, 96, 96), "uint8", "96x96 in colour"),
    "grey-fast": ObservationKind((84, 84), "uint8", "84x84, nearly grey, drawn faster"),
    "vector": ObservationKind((67,), "float32", "67 numbers, no picture"),
}
"""What a policy can see, by name."""


class ResetNeededError(RuntimeError):
    """A car was stepped that has no episode going on: before the first reset, or after the end."""


class SavedStateError(ValueError):
    """A saved state is not one of such worlds; says what is wrong with it."""


def check_lap_rule(rule: str) -> None:
    """Raise ValueError for a rule there is not."""
    if rule not in get_args(LapRule):
        raise ValueError(f"lap_rule must be {' or '.join(get_args(LapRule))}, not {rule!r}")


@dataclass(frozen=True, slots=True)
class TaskConfig:
    """The rules of the task: with these equal, every collector poses the same decision problem."""

    observation: Literal["grey", "rgb", "grey-fast", "vector"] = "grey"
    """grey: (84, 84) luminance; rgb: (3, 96, 96), the stock picture channel-first; grey-fast: (84, 84), on average
    0.2 levels from grey, drawn directly. These are uint8. vector: (67,) float32, each number named in
    ``carracing.simulator.vector_observation.FIELDS``. Backend gymnasium does not give grey-fast."""
    action: Literal["steer-accel", "native", "discrete"] = "steer-accel"
    """steer-accel: 2 numbers in [-1, 1], gas = max(a, 0) and brake = max(-a, 0); native: steer, gas, brake;
    discrete: 0 nothing, 1 right, 2 left, 3 gas, 4 brake, as stock numbers them."""
    frame_skip: int = 4
    """Frames each decision lasts, 1 to 50; rewards of the skipped frames are summed."""
    stack: int = 4
    """How many successive single observations the policy sees, 1 to 16, vectors too."""
    crop_indicators: bool = False
    """Cut the indicator bar off (grey only): the middle 84 columns above it, not resampled."""
    early_stop: int = 0
    """Truncate an episode after this many frames without a new tile (training only); 0 never does."""
    domain_randomize: bool = False
    """New colours for every track, as stock's option of that name."""
    random_start: bool = False
    """Begin on any tile, at any heading, rolling at up to 60 units/s (training only; backend fast only).

    All of it follows from the episode's track seed. Tiles, and so the facts, are counted from where the car begins.
    """
    labels: bool = False
    """Say at every step what the scripted driver would do (training only; backend fast, continuous actions)."""
    lap_rule: LapRule = "released"
    """released: a lap ends when every tile is visited; completed: also on coming back to the start with more than
    95 % visited (backend fast only). Scores always count as released."""
    missed_penalty: float = 0.0
    """Taken from what is learned from for each tile newly left out (training only; backend fast only); given back
    for one that is fetched. Returns and scores do not have it."""
    bootstrap_laps: bool = False
    """Truncate an episode where its lap is finished, so that agents estimate what would follow (training only;
    backend fast only). Nothing that is seen tells that the end is near: a value of 0 there is noise to them."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        if not 1 <= self.frame_skip <= FRAMES_PER_SECOND:
            raise ValueError(f"frame_skip must be 1 to {FRAMES_PER_SECOND} frames, not {self.frame_skip}")
        if not 1 <= self.stack <= 16:
            raise ValueError(f"stack must be 1 to 16 observations, not {self.stack}")
        if not 0 <= self.early_stop <= EPISODE_FRAMES:
            raise ValueError(f"early_stop must be 0 to {EPISODE_FRAMES} frames, not {self.early_stop}")
        check_lap_rule(self.lap_rule)
        if not 0 <= self.missed_penalty <= 1000:
            raise ValueError(f"missed_penalty must be 0 to 1000 units of reward, not {self.missed_penalty}")
        if self.crop_indicators and self.observation != "grey":
            raise ValueError("crop_indicators goes with observation grey only")
        if self.labels and self.action == "discrete":
            raise ValueError("labels go with continuous actions only: the scripted driver has no others")

    @property
    def spec(self) -> TaskSpec:
        """What agents and collectors must know of it, without importing any simulator."""
        return _car_spec(self)


@dataclass(frozen=True, slots=True)
class Box:
    """Continuous actions: one bounded number per dimension."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def size(self) -> int:
        """How many numbers an action has."""
        return len(self.low)


@dataclass(frozen=True, slots=True)
class Discrete:
    """A choice among ``n`` actions, numbered from 0; an action array holds it in one int64 column."""

    n: int

    @property
    def size(self) -> int:
        """Columns of an action array: always 1."""
        return 1


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """What an agent or collector must know to work with a task, without the task itself."""

    observation_shape: tuple[int, ...]
    """Shape of one single (unstacked) observation."""
    observation_dtype: Literal["uint8", "float32"]
    stack: int
    """Single observations a policy sees at once: its input is (rows, stack, *observation_shape)."""
    action: Box | Discrete
    frame_skip: int
    facts: tuple[str, ...] = ()
    """Names of the columns of ``Step.facts``."""
    labels: bool = False
    """Whether ``Worlds.labels`` can be asked."""

    @property
    def label_size(self) -> int:
        """Columns of an array of labels: those of an action, or 0."""
        return self.action.size if self.labels else 0

    @property
    def observation_bytes(self) -> int:
        """Memory of one single observation, in bytes."""
        return prod(self.observation_shape) * np.dtype(self.observation_dtype).itemsize

    @property
    def action_dtype(self) -> np.dtype[Any]:
        """float32 for a Box, int64 for a Discrete."""
        return np.dtype(np.float32 if isinstance(self.action, Box) else np.int64)


TRAINING_ONLY: Mapping[str, Any] = {
    "early_stop": 0,
    "random_start": False,
    "missed_penalty": 0.0,
    "bootstrap_laps": False,
    "labels": False,
}
"""Options of TaskConfig that only training has, with their values where it is to be driven as it counts."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step gave to each of N cars; a car that was not live has zeros and its last observation."""

    observations: Array
    """(N, *observation_shape): the true successor, also at the end of an episode."""
    rewards: Array
    """(N,) float32, the environment's own, summed over the frames."""
    terminated: Array
    """(N,) bool."""
    truncated: Array
    """(N,) bool; a limit reached at the very frame that terminates sets both, and ``terminated`` is what counts."""
    frames: Array
    """(N,) int32: frames this step lasted; fewer than frame_skip when the episode ended within it."""
    facts: Array
    """(N, len(spec.facts)) float32, after the step."""

    @classmethod
    def blank(cls, spec: TaskSpec, num: int) -> Step:
        """Zeros for ``num`` cars, to be written into."""
        return cls(
            observations=np.zeros((num, *spec.observation_shape), spec.observation_dtype),
            rewards=np.zeros(num, np.float32),
            terminated=np.zeros(num, np.bool_),
            truncated=np.zeros(num, np.bool_),
            frames=np.zeros(num, np.int32),
            facts=np.zeros((num, len(spec.facts)), np.float32),
        )


class World(Protocol):
    """One track with ``cars`` cars that do not touch; every array has one row per car."""

    @property
    def spec(self) -> TaskSpec:
        """What its observations and actions look like."""

    @property
    def cars(self) -> int:
        """How many cars drive on the track."""

    def reset(self, seed: int) -> Array:
        """Build the track of ``seed``, put every car at its start; (cars, *observation_shape)."""

    def step(self, actions: Array, live: Array) -> Step:
        """Advance the cars whose ``live`` flag is set by one step of ``actions`` (cars, A).

        Those left out have ended: the cars of one track move together until they end, and some worlds insist on it.
        """

    def close(self) -> None:
        """Free what it holds; may be called twice."""


class Worlds(Protocol):
    """Several tracks stepped together: what collectors drive. Cars of one track are neighbours, and a group."""

    @property
    def spec(self) -> TaskSpec:
        """What one car's observations and actions look like."""

    @property
    def groups(self) -> Array:
        """(N,) int64: the track of each car, counted from 0."""

    def reset(self, mask: Array, seeds: Array) -> Array:
        """Start new episodes of the cars in ``mask`` (N,) bool, whole groups, on the tracks of ``seeds`` (N,).

        Returns (N, *observation_shape); rows outside ``mask`` keep their last observation.
        """

    def step(self, actions: Array, live: Array) -> Step:
        """Advance the cars in ``live`` (N,) bool by one step of ``actions`` (N, A)."""

    def close(self) -> None:
        """Free what they hold; may be called twice."""


@runtime_checkable
class SavableWorlds(Worlds, Protocol):
    """Worlds whose state can be copied. Others are put back by driving their episodes again."""

    def state(self) -> Array:
        """(N, bytes) uint8: everything needed to go on exactly from here.

        Each car's row stands for itself, so that rows can be shared out over other worlds of the same task. Rows of
        different lengths are made equal by zeros at their ends.
        """

    def restore(self, state: Array) -> Array:
        """Go on from ``state``; all observations. Raises SavedStateError, then unchanged."""


@runtime_checkable
class LabelledWorlds(Worlds, Protocol):
    """Worlds that an expert looks at; all whose ``spec`` has labels are."""

    def labels(self) -> Array:
        """(N, spec.label_size): what the expert would do now in the place of each car; any value for ended ones."""


def labelled(worlds: Worlds) -> LabelledWorlds | None:
    """The worlds as ones that can be asked for labels; None where their task has none.

    Raises TypeError where it should have.
    """
    if not worlds.spec.labels:
        return None
    if not isinstance(worlds, LabelledWorlds):
        raise TypeError(f"the task has labels, and {type(worlds).__name__} knows no expert")
    return worlds


class Task(Protocol):
    """What any task says of itself: CarRacing's is a TaskConfig, another environment's an ``EnvTask``."""

    @property
    def frame_skip(self) -> int:
        """Frames each decision lasts."""

    @property
    def stack(self) -> int:
        """How many successive single observations the policy sees."""

    @property
    def spec(self) -> TaskSpec:
        """What agents and collectors must know of it, without importing any simulator."""


def task_spec(config: Task) -> TaskSpec:
    """Describe a task, without importing any simulator."""
    return config.spec


def _car_spec(config: TaskConfig) -> TaskSpec:
    kind = OBSERVATIONS[config.observation]
    return TaskSpec(
        observation_shape=kind.shape,
        observation_dtype=kind.dtype,
        stack=config.stack,
        action=_ACTIONS[config.action],
        frame_skip=config.frame_skip,
        facts=(*FACTS, BONUS) if config.missed_penalty else FACTS,
        labels=config.labels,
    )


_ACTIONS: dict[str, Box | Discrete] = {
    "steer-accel": Box((-1.0, -1.0), (1.0, 1.0)),
    "native": Box((-1.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "discrete": Discrete(5),
}
