"""What a measurement finds, and the watch that finds it: speed, memory and processor time of a process tree."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from collectors.api import EpisodeRecord
from racetui.processes import Tree


@dataclass(frozen=True, slots=True)
class Measurement:
    """One contender at work for some seconds."""

    seconds: float
    steps: int
    frames: int
    episodes: int
    """Finished within the time."""
    episode_steps: float | None
    """Mean length of the finished ones; None if there are none, or unknown."""
    cpu_percent: float
    """Of the whole process tree; 100 is one core."""
    processes: int
    memory_start: int
    """Bytes of the tree after the first round: proportional set size where the system tells it, else resident."""
    memory_end: int


class Watch:
    """Adds up what was done from its making on. Made after a first round, when all is started and compiled."""

    def __init__(self) -> None:
        self._tree = Tree()
        self._memory = self._tree.memory()
        self._cpu = self._tree.cpu_seconds()
        self._steps = self._frames = 0
        self._lengths: list[int] = []
        self._begun = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Since its making."""
        return time.perf_counter() - self._begun

    def add(self, steps: int, frames: int, episodes: Sequence[EpisodeRecord] = ()) -> None:
        """Count steps, frames and finished episodes."""
        self._steps += steps
        self._frames += frames
        self._lengths += [record.steps for record in episodes]

    def read(self) -> Measurement:
        """Everything since its making."""
        seconds = self.seconds
        return Measurement(
            seconds=seconds,
            steps=self._steps,
            frames=self._frames,
            episodes=len(self._lengths),
            episode_steps=sum(self._lengths) / len(self._lengths) if self._lengths else None,
            cpu_percent=100 * (self._tree.cpu_seconds() - self._cpu) / seconds,
            processes=self._tree.count(),
            memory_start=self._memory,
            memory_end=self._tree.memory(),
        )
