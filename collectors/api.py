"""The interfaces of collection: lanes are stepped, collectors turn their steps into segments. Numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from agents.api import End, Segment, State, WeightsSnapshot
from carracing.task import Array, Step, TaskSpec

__all__ = [
    "Collector",
    "CollectorConfig",
    "CollectorError",
    "CollectorStats",
    "EpisodeRecord",
    "Lanes",
    "Step",
    "WorkerError",
]


class CollectorError(RuntimeError):
    """Collection cannot start or go on; says what to change."""


class WorkerError(CollectorError):
    """A worker failed in a way that a replacement would repeat (an exception in the environment)."""


@dataclass(frozen=True, slots=True)
class CollectorConfig:
    """How many cars, and how many processes step them."""

    lanes: int = 8
    """Cars stepped together, 1 to 4096."""
    workers: int = 2
    """Processes that step them, at most one per lane (async)."""
    threads: int = 1
    """Threads that simulate within each process, 1 to 256; more than 1 needs a backend that can."""
    worker_timeout: float = 60.0
    """Seconds after which a worker that does not answer is replaced."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        if not 1 <= self.lanes <= 4096:
            raise ValueError(f"lanes must be 1 to 4096, not {self.lanes}")
        if not 1 <= self.workers <= self.lanes:
            raise ValueError(f"workers must be 1 to lanes ({self.lanes}), not {self.workers}")
        if not 1 <= self.threads <= 256:
            raise ValueError(f"threads must be 1 to 256, not {self.threads}")
        if not self.worker_timeout > 0:
            raise ValueError(f"worker_timeout must be positive seconds, not {self.worker_timeout}")


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
class CollectorStats:
    """What a collector did since it was last asked."""

    steps: int
    frames: int
    seconds_env: float
    """Time spent waiting for environments."""
    seconds_act: float
    """Time spent in the actor."""
    episodes: Sequence[EpisodeRecord]
    """Finished episodes, in order of their end, then lane."""
    incidents: Sequence[str]
    """Mended faults (a worker replaced), in words for the log."""


class Collector(Protocol):
    """Produces segments with the weights last published."""

    def publish(self, weights: WeightsSnapshot) -> None:
        """Act with these weights from the next ``collect`` on."""

    def collect(self, steps: int) -> list[Segment]:
        """Take at least ``steps`` steps over all lanes; exactly, where every lane is live and lanes divide it.

        Segments are ordered by lane, then time, and valid until the next ``collect``.
        """

    def stats(self) -> CollectorStats:
        """Facts since the last call."""

    def state(self) -> State:
        """Everything needed to go on exactly from the end of the last ``collect``."""

    def restore(self, state: State) -> None:
        """Return to ``state``. Raises StateError."""

    def close(self) -> None:
        """Free processes and memory; may be called twice."""
