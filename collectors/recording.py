"""Where steps are recorded: one array per kind, lane after lane, so that every segment is a contiguous view.

A lane's row holds its stretches of episodes one behind the other. A stretch is ``stack - 1`` look-back
observations, the observation before each step, and the true successor of the last one; the action, reward and
log-probability of a step lie in the cell of the observation before it.
"""

from __future__ import annotations

from math import prod

import numpy as np

from agents.api import Decision, End, Segment
from carracing.task import BONUS, Array, Step, TaskSpec

Rows = slice | Array
"""Lanes by index; a slice when all are meant, which saves copies."""


class Recording:
    """Memory of one round of collection, used again by the next."""

    def __init__(self, spec: TaskSpec, lanes: int) -> None:
        self._spec = spec
        self._lanes = lanes
        self._pixels = prod(spec.observation_shape)
        self._window = np.arange(1 - spec.stack, 1)
        self._batch = np.empty((lanes * spec.stack, self._pixels), spec.observation_dtype)
        self._has_log_probs = False
        self._bonus = spec.facts.index(BONUS) if BONUS in spec.facts else None
        self.poisoned = False
        """Fill memory with nonsense before it is used: tests then see a cell nobody wrote."""
        self._allocate(2 * spec.stack)
        self._frames[:] = 0
        self._at: Array = self._base + spec.stack - 1
        """Cell of each lane's current observation, in the flat arrays."""
        self._first: Array = self._at.copy()
        """Cell of the first observation of its stretch."""

    def reserve(self, steps: int) -> None:
        """Make room for ``steps`` more steps of every lane, and an episode that ends in each."""
        used = int((self._at - self._base).max()) + 1
        self._room = self._capacity - used
        if self._room < steps + self._spec.stack + 1:
            self._grow(max(used + steps + self._spec.stack + 1, self._capacity * 3 // 2))
            self._room = self._capacity - used

    def resume(self, windows: Array) -> None:
        """Forget all; every lane goes on from its last ``stack`` observations, (lanes, stack, ...)."""
        stack = self._spec.stack
        if self.poisoned:
            self._poison()
        self._frames[:, :stack] = windows.reshape(self._lanes, stack, self._pixels)
        self._at = self._base + stack - 1
        self._first = self._at.copy()
        self._room = self._capacity - stack

    def begin(self, lanes: Array, observations: Array) -> None:
        """Start a stretch in ``lanes`` (indices) with the first ``observations`` (len(lanes), ...) of episodes."""
        stack = self._spec.stack
        self._at[lanes] += stack
        cells = self._at[lanes, None] + self._window
        self._flat_frames[cells] = observations.reshape(len(lanes), 1, self._pixels)
        self._first[lanes] = self._at[lanes]
        self.reserve(0)

    def windows(self, rows: Rows) -> Array:
        """(rows, stack, *observation_shape): what the policy sees now; valid until the next call."""
        cells = (self._at[rows, None] + self._window).ravel()
        batch = self._batch[: len(cells)]
        np.take(self._flat_frames, cells, axis=0, out=batch, mode="clip")
        return batch.reshape(-1, self._spec.stack, *self._spec.observation_shape)

    def label(self, rows: Rows, labels: Array) -> None:
        """Record what an expert would do about what the lanes in ``rows`` see now, (lanes, A or 0)."""
        if self._spec.labels:
            self._flat_labels[self._at[rows]] = labels[rows]

    def write(self, rows: Rows, decision: Decision, step: Step) -> None:
        """Record one step, its bonus in the reward: ``decision`` has a row per row in ``rows``, ``step`` per lane."""
        cells = self._at[rows]
        self._flat_actions[cells] = decision.actions
        self._flat_rewards[cells] = step.rewards[rows]
        if self._bonus is not None:
            self._flat_rewards[cells] += step.facts[rows, self._bonus]
        self._has_log_probs = decision.log_probs is not None
        if decision.log_probs is not None:
            self._flat_log_probs[cells] = decision.log_probs
        self._flat_frames[cells + 1] = step.observations[rows].reshape(len(cells), self._pixels)
        self._at[rows] += 1
        self._room -= 1
        if self._room < self._spec.stack + 1:
            self.reserve(1)

    def stretch(self, lane: int) -> tuple[int, int]:
        """First and one past the last step cell of the lane's stretch, as ``segment`` takes them."""
        base = self._base[lane]
        return int(self._first[lane] - base), int(self._at[lane] - base)

    def segment(self, lane: int, cells: tuple[int, int], end: End, version: int, episode: int, start: int) -> Segment:
        """The recorded steps of a stretch, as views."""
        first, last = cells
        frames = self._frames[lane, first - self._spec.stack + 1 : last + 1]
        return Segment(
            frames.reshape(len(frames), *self._spec.observation_shape),
            self._actions[lane, first:last],
            self._rewards[lane, first:last],
            self._log_probs[lane, first:last] if self._has_log_probs else None,
            end,
            version,
            episode,
            start,
            self._spec.stack,
            self._labels[lane, first:last] if self._spec.labels else None,
        )

    def _allocate(self, capacity: int) -> None:
        lanes, spec = self._lanes, self._spec
        self._capacity = capacity
        self._room = capacity - spec.stack
        """Steps there is room for in the fullest lane."""
        self._base: Array = np.arange(lanes) * capacity
        """Where each lane's cells begin in the flat arrays."""
        self._frames: Array = np.empty((lanes, capacity, self._pixels), spec.observation_dtype)
        self._actions: Array = np.empty((lanes, capacity, spec.action.size), spec.action_dtype)
        self._rewards: Array = np.empty((lanes, capacity), np.float32)
        self._log_probs: Array = np.empty((lanes, capacity), np.float32)
        self._labels: Array = np.empty((lanes, capacity, spec.label_size), spec.action_dtype)
        self._flat_frames = self._frames.reshape(lanes * capacity, self._pixels)
        self._flat_actions = self._actions.reshape(lanes * capacity, spec.action.size)
        self._flat_rewards = self._rewards.reshape(lanes * capacity)
        self._flat_log_probs = self._log_probs.reshape(lanes * capacity)
        self._flat_labels = self._labels.reshape(lanes * capacity, spec.label_size)
        if self.poisoned:
            self._poison()

    @property
    def _arrays(self) -> tuple[Array, ...]:
        return self._frames, self._actions, self._rewards, self._log_probs, self._labels

    def _grow(self, capacity: int) -> None:
        old = self._arrays
        at, first = self._at - self._base, self._first - self._base
        length = self._capacity
        self._allocate(capacity)
        for new, cells in zip(self._arrays, old, strict=True):
            new[:, :length] = cells
        self._at, self._first = self._base + at, self._base + first

    def _poison(self) -> None:
        for array in self._arrays:
            array[:] = np.nan if array.dtype.kind == "f" else 0xA5
