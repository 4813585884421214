"""The replay: a ring of cells, each a single observation and what was done after it, linked into episodes.

A step is a cell with a successor. Links are serial numbers, counted since the first cell ever; the cell of serial
number s lies at s modulo the ring's size, and is gone once s + size cells were written. So pieces of an episode may
lie anywhere, many lanes may be interleaved, and what has been overwritten is known by its number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agents.api import End, Segment
from agents.replay.frames import FrameStore
from agents.replay.sizes import cell_bytes, cells_for
from agents.segments import check_segment
from carracing.task import Array, TaskSpec

Serials = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

NONE = -1
"""The successor of a cell that has none yet."""
_ATTEMPTS = 1000
"""Draws of a batch before a replay counts as having nothing to sample: one draw in 17 succeeds at the very least."""


class ReplayError(RuntimeError):
    """The replay has no steps that can be sampled."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Sampled steps; its observations are valid until the next ``sample``."""

    observations: Array
    """(rows, stack, *observation_shape)."""
    actions: Array
    """(rows, A)."""
    rewards: Floats
    """(rows,) the discounted sum of up to n rewards."""
    next_observations: Array
    """(rows, stack, *observation_shape) after those steps: never of another episode."""
    discounts: Floats
    """(rows,) what the value of ``next_observations`` counts: gamma to the number of steps, 0 after a termination."""


class Tail(NamedTuple):
    """The last observation of an episode that goes on."""

    serial: int
    steps: int
    """Of the episode so far."""


class Replay:
    """The last ``capacity`` steps, or a few fewer where episodes are shorter than 32 steps."""

    def __init__(self, task: TaskSpec, capacity: int, directory: str = "") -> None:
        self.task, self.size = task, cells_for(capacity)
        self.frames = FrameStore(self.size, task, directory)
        self.previous: Serials = np.zeros(self.size, np.int64)
        """The cell before in the same episode; at the first one known, itself."""
        self.following: Serials = np.full(self.size, NONE, np.int64)
        self.actions: Array = np.zeros((self.size, task.action.size), task.action_dtype)
        self.rewards: Floats = np.zeros(self.size, np.float32)
        self.terminated: npt.NDArray[np.bool_] = np.zeros(self.size, np.bool_)
        """Whether the task ended the episode with this step."""
        self.written = 0
        """Cells ever written: the next serial number."""
        self.steps = 0
        """Steps in the ring."""
        self.tails: dict[int, Tail] = {}
        """By episode number."""
        self._current: Array = np.zeros((0, 0))
        self._next: Array = np.zeros((0, 0))

    def __len__(self) -> int:
        return self.steps

    @property
    def bytes(self) -> int:
        """Memory taken so far."""
        return min(self.written, self.size) * cell_bytes(self.task)

    def add(self, segments: Sequence[Segment]) -> None:
        """Take segments in; copies. Raises SegmentError, then unchanged, and ReplayFileError."""
        for segment in segments:
            check_segment(segment, self.task)
        for segment in segments:
            self._add(segment)
        oldest = self.written - self.size
        for episode in [episode for episode, tail in self.tails.items() if tail.serial < oldest]:
            del self.tails[episode]

    def sample(self, rows: int, rng: np.random.Generator, gamma: float, steps: int = 1) -> Batch:
        """Draw ``rows`` steps, each alike, with replacement, looking ahead up to ``steps``. Raises ReplayError.

        The look ends early with the episode, and where nothing more is known of it yet.
        """
        stacks = self.draw(rows, rng)
        rewards, discounts, successors = self._look_ahead(stacks[:, -1], gamma, steps)
        self._current = self.observations(stacks, self._current)
        self._next = self.observations(self._stacks(successors), self._next)
        return Batch(self._current, self.actions_of(stacks), rewards, self._next, discounts)

    def draw(self, rows: int, rng: np.random.Generator) -> Serials:
        """(rows, stack): the cells seen by so many steps, each alike, oldest first. Raises ReplayError."""
        oldest, found, missing = max(0, self.written - self.size), [np.zeros((0, self.task.stack), np.int64)], rows
        for _ in range(_ATTEMPTS if self.steps else 0):
            drawn = rng.integers(oldest, self.written, missing + missing // 8 + 1)
            stacks = self._stacks(drawn)
            whole = (self.following[drawn % self.size] != NONE) & (stacks >= oldest).all(axis=1)
            found.append(stacks[whole][:missing])
            missing -= len(found[-1])
            if not missing:
                return np.concatenate(found)
        raise ReplayError(f"nothing to sample among {self.steps:,} steps in the replay: add experience first")

    def observations(self, stacks: Serials, buffer: Array | None = None) -> Array:
        """(rows, stack, *observation_shape) seen in cells ``draw`` gave, into ``buffer`` if that has this shape."""
        shape = (*stacks.shape, *self.task.observation_shape)
        if buffer is None or buffer.shape != shape:
            buffer = np.empty(shape, self.frames.rows.dtype)
        slots = (stacks % self.size).ravel()
        np.take(self.frames.rows, slots, axis=0, out=buffer.reshape(len(slots), -1), mode="clip")
        return buffer

    def actions_of(self, stacks: Serials) -> Array:
        """(rows, A) actions of the steps ``draw`` gave."""
        actions: Array = self.actions[stacks[:, -1] % self.size]
        return actions

    def _add(self, segment: Segment) -> None:
        stack, steps = self.task.stack, len(segment)
        tail = self.tails.pop(segment.episode, None)
        if tail is not None and tail.steps == segment.start and self._stays(tail, steps):
            cells = np.append(tail.serial, self._write(segment.frames[stack:], tail.serial))
        else:
            known = stack - 1 if segment.start == 0 else 0  # a beginning repeats its first observation
            cells = self._write(segment.frames[known:], self.written)[-steps - 1 :]
        slots, alive = cells[:-1] % self.size, cells[:-1] >= self.written - self.size
        slots = slots[alive]
        self.actions[slots] = segment.actions[alive]
        self.rewards[slots] = segment.rewards[alive]
        self.following[slots] = cells[1:][alive]
        self.terminated[slots[-1:]] = segment.end is End.TERMINATED
        self.steps += len(slots)
        if segment.end is End.CUT:
            self.tails[segment.episode] = Tail(int(cells[-1]), segment.start + steps)

    def _stays(self, tail: Tail, cells: int) -> bool:
        """Whether all that is seen at a tail is still there once so many cells more are written."""
        seen = self._stacks(np.array([tail.serial], np.int64))
        return int(seen.min()) >= self.written + cells - self.size

    def _write(self, frames: Array, before: int) -> Serials:
        """Write observations of one episode, the first after the cell ``before``; their serial numbers."""
        serials = np.arange(self.written, self.written + len(frames))
        slots = serials % self.size
        lost = slots[-self.size :]
        self.steps -= int((self.following[lost] != NONE).sum())
        self.frames.write(slots, frames)
        self.previous[slots] = np.concatenate([[before], serials[:-1]])
        self.following[slots] = NONE
        self.terminated[slots] = False
        self.written += len(frames)
        return serials

    def _stacks(self, cells: Serials) -> Serials:
        """(rows, stack): the cells seen together with each, oldest first; nonsense where one was overwritten."""
        stacks = np.empty((len(cells), self.task.stack), np.int64)
        stacks[:, -1] = cells
        for column in range(self.task.stack - 2, -1, -1):
            stacks[:, column] = self.previous[stacks[:, column + 1] % self.size]
        return stacks

    def _look_ahead(self, cells: Serials, gamma: float, steps: int) -> tuple[Floats, Floats, Serials]:
        """Rewards summed, what the successor's value counts, and the successor."""
        powers = np.float32(gamma) ** np.arange(steps + 1, dtype=np.float32)
        rewards, taken = np.zeros(len(cells), np.float32), np.zeros(len(cells), np.int64)
        over = np.zeros(len(cells), np.bool_)
        for step in range(steps):
            slots = cells % self.size
            going = ~over & (self.following[slots] != NONE)
            rewards[going] += powers[step] * self.rewards[slots[going]]
            taken += going
            over |= going & self.terminated[slots]
            cells = np.where(going, self.following[slots], cells)
        return rewards, np.where(over, np.float32(0.0), powers[taken]), cells
