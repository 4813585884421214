"""The interfaces of collection: lanes are stepped, collectors turn their steps into segments. Numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from agents.api import End, Segment, State, WeightsSnapshot
from carracing.task import Array, Step, TaskSpec

__all__ = [
    "Collector",
    "CollectorConfig",
    "CollectorConfigError",
    "CollectorError",
    "CollectorStats",
    "EpisodeRecord",
    "Heat",
    "Lanes",
    "Step",
    "WorkerError",
]


MAX_DEPTH = 4096
"""Blocks on their way at once."""


class CollectorError(RuntimeError):
    """Collection cannot start or go on; says what to change."""


class CollectorConfigError(CollectorError, ValueError):
    """A collector cannot be had with these settings, or not here; says what to change."""


class WorkerError(CollectorError):
    """A worker failed in a way that a replacement would repeat (an exception in the environment)."""


@dataclass(frozen=True, slots=True)
class CollectorConfig:
    """How many cars, and how many processes step them."""

    lanes: int = 8
    """Cars stepped together, 1 to 4096."""
    cars: int = 1
    """Cars on each track, which do not touch; divides ``lanes`` (multicar, hybrid)."""
    workers: int = 2
    """Processes that step them, at most one per track (async, hybrid)."""
    threads: int = 1
    """Threads that simulate within each process, 1 to 256; more than 1 needs a backend that can."""
    worker_timeout: float = 60.0
    """Seconds after which a worker that does not answer, or takes no step, is replaced."""
    depth: int = 0
    """Blocks of ``lanes / workers`` episodes on their way at once (executor, ray): ``workers`` or more; more of them
    keep workers busy through longer updates, and are acted with older weights. 0 is 2 x workers."""
    max_segment: int = 0
    """Cut episodes into segments of at most so many steps (executor, ray); 0 leaves them whole."""
    ray_address: str = ""
    """HOST:PORT of a running Ray cluster, or auto for the one of this machine (ray); empty starts one here."""
    select: Literal["all", "best"] = "all"
    """all: the learner gets every episode; best: of the episodes that drove a track side by side (cars of one track,
    lanes of a shared round) only the one with the highest return, once all of them have ended."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        if not 1 <= self.lanes <= 4096:
            raise ValueError(f"lanes must be 1 to 4096, not {self.lanes}")
        if not 1 <= self.cars <= self.lanes or self.lanes % self.cars:
            raise ValueError(f"cars (on each track) must divide lanes ({self.lanes}), not {self.cars}")
        if not 1 <= self.workers <= self.tracks:
            most = f"lanes ({self.lanes})" if self.cars == 1 else f"tracks ({self.lanes} lanes / {self.cars} cars)"
            raise ValueError(f"workers must be 1 to {most}, not {self.workers}")
        if not 1 <= self.threads <= 256:
            raise ValueError(f"threads must be 1 to 256, not {self.threads}")
        if not self.worker_timeout > 0:
            raise ValueError(f"worker_timeout must be positive seconds, not {self.worker_timeout}")
        if self.depth != 0 and not self.workers <= self.depth <= MAX_DEPTH:
            raise ValueError(
                f"depth must be 0 (2 x workers) or workers ({self.workers}) to {MAX_DEPTH}, not {self.depth}: "
                "workers beyond it would never work"
            )
        if self.max_segment < 0:
            raise ValueError(f"max_segment must be 0 (whole episodes) or more steps, not {self.max_segment}")

    @property
    def tracks(self) -> int:
        """How many tracks are driven at a time."""
        return self.lanes // self.cars


class Lanes(Protocol):
    """Cars stepped together. Lanes with equal ``groups`` numbers share a track and are reset together."""

    @property
    def num(self) -> int:
        """How many lanes there are."""

    @property
    def groups(self) -> Array:
        """(num,) int64: the group of each lane, counted from 0 in lane order."""

    @property
    def spec(self) -> TaskSpec:
        """What one car's observations and actions look like."""

    @property
    def labels(self) -> Array:
        """(num, spec.label_size): what an expert would do now in each lane; valid until the next call."""

    def reset(self, mask: Array, seeds: Array) -> Array:
        """Start new episodes in the groups of the lanes set in ``mask`` (num,) bool, always whole groups.

        ``seeds`` (num,) int64 are track seeds, equal within a group. Returns (num, *observation_shape);
        rows outside the mask are unspecified.
        """

    def step(self, actions: Array, live: Array) -> Step:
        """Step the lanes set in ``live`` (num,) bool by ``actions`` (num, A); results valid until the next call."""

    def state(self) -> State:
        """Everything needed to go on exactly from here."""

    def restore(self, state: State) -> None:
        """Return to ``state``. Raises StateError."""

    def busy(self) -> Sequence[float]:
        """Share of the time since the last call that each worker worked, 0 to 1; empty without workers."""

    def incidents(self) -> Sequence[str]:
        """What went wrong and was mended since the last call, in words for the log."""

    def close(self) -> None:
        """Free processes and memory; may be called twice."""


@dataclass(frozen=True, slots=True)
class EpisodeRecord:
    """What is kept of a finished episode."""

    episode: int
    seed: int
    """Track seed."""
    lane: int
    group: int
    version: int
    """Weights version of its last step."""
    steps: int
    frames: int
    episode_return: float
    """Sum of raw rewards."""
    end: End
    facts: Mapping[str, float] = field(default_factory=dict)
    """The task's facts at its end, by name."""


@dataclass(frozen=True, slots=True)
class Heat:
    """Episodes that drove one track side by side, and the best of them: natural selection, if asked."""

    number: int
    """Its episodes are number * cars up to the next heat's."""
    seed: int
    """Track seed."""
    cars: int
    """How many episodes there were."""
    lane: int
    """Of the winner: the one with the highest return, the lowest number among equals."""
    episode: int
    """The winner's."""
    best_return: float
    spread: float
    """Best return minus worst."""


@dataclass(frozen=True, slots=True)
class CollectorStats:
    """What a collector did since it was last asked."""

    steps: int
    frames: int
    seconds_env: float
    """Time spent waiting for environments."""
    seconds_act: float
    """Time spent in the actor."""
    episodes: Sequence[EpisodeRecord]
    """Finished episodes, in order of their end, then lane; where whole episodes are collected, of their number."""
    incidents: Sequence[str]
    """Mended faults (a worker replaced), in words for the log."""
    lag_mean: float = 0.0
    """How many versions older than the newest the acting weights were, over all steps."""
    lag_max: int = 0
    seconds_waiting: float = 0.0
    """Time the learner waited for workers."""
    worker_busy: Sequence[float] = ()
    """Share of the time that each worker worked, 0 to 1; empty without workers."""
    lanes_waiting: float = 0.0
    """Share of the lanes, over all steps, that waited for others that began with them."""
    heats: Sequence[Heat] = ()
    """Of which the last episode ended, in that order; none where every episode has a track of its own."""


class Collector(Protocol):
    """Produces segments with the weights last published."""

    def publish(self, weights: WeightsSnapshot) -> None:
        """Act with these weights from the next ``collect`` on."""

    def collect(self, steps: int) -> list[Segment]:
        """Take at least ``steps`` steps over all lanes; exactly, where every lane is live and lanes divide it.

        Segments are ordered by lane, then time; where whole episodes are collected, by episode, then time. They are
        valid until the next ``collect``.
        """

    def stats(self) -> CollectorStats:
        """Facts since the last call."""

    def state(self) -> State:
        """Everything needed to go on exactly from the end of the last ``collect``."""

    def restore(self, state: State) -> None:
        """Return to ``state``. Raises StateError."""

    def close(self) -> None:
        """Free processes and memory; may be called twice."""
