"""What every running episode was told so far: enough to drive it again, bit for bit, in another world."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from zlib import crc32

import numpy as np

from agents.api import State, StateError
from carracing.task import Array, Step, TaskSpec
from collectors.lane_arrays import LaneArrays
from collectors.states import read_tensor

_FIRST_CAPACITY = 256
"""Steps there is room for at first: a CarRacing episode at frame skip 4."""


class ActionLog:
    """Track seed and actions of each lane's episode since its reset."""

    def __init__(self, spec: TaskSpec, lanes: int) -> None:
        self.seeds: Array = np.full(lanes, -1, dtype=np.int64)
        """-1 where no episode was ever started."""
        self.lengths: Array = np.zeros(lanes, dtype=np.int64)
        self.actions: Array = np.zeros((lanes, _FIRST_CAPACITY, spec.action.size), spec.action_dtype)
        self._lanes = np.arange(lanes)

    def begin(self, mask: Array, seeds: Array) -> None:
        """Forget the episodes of the lanes in ``mask``: new ones start."""
        self.seeds[mask] = seeds[mask]
        self.lengths[mask] = 0

    def append(self, actions: Array, live: Array) -> None:
        """Add one step of the lanes in ``live``."""
        if self.lengths.max() == self.actions.shape[1]:
            self.actions = np.concatenate([self.actions, np.zeros_like(self.actions)], axis=1)
        self.actions[self._lanes, self.lengths] = actions
        self.lengths += live

    def moves(self, lanes: Array) -> Iterator[tuple[Array, Array]]:
        """Per step since the reset of ``lanes`` (mask): (actions of all lanes, live)."""
        steps = int(self.lengths[lanes].max(initial=0))
        for step in range(steps):
            yield self.actions[:, step], lanes & (self.lengths > step)

    def tensors(self) -> dict[str, Array]:
        """Copies for a state; cells that no step wrote are zero."""
        steps = int(self.lengths.max())
        written = np.arange(steps) < self.lengths[:, None]
        actions = np.where(written[:, :, None], self.actions[:, :steps], np.zeros((), self.actions.dtype))
        return {"seeds": self.seeds.copy(), "lengths": self.lengths.copy(), "actions": actions}


class ReplayableLanes(ABC):
    """The part of Lanes that is the same wherever worlds run: the log, and states by replay."""

    def __init__(self, spec: TaskSpec, groups: Array, arrays: LaneArrays) -> None:
        self._spec = spec
        self._groups = groups
        self._arrays = arrays
        self._log = ActionLog(spec, len(groups))

    @property
    def num(self) -> int:
        """How many lanes there are."""
        return len(self._groups)

    @property
    def groups(self) -> Array:
        """(num,) int64: the group of each lane."""
        return self._groups

    @property
    def spec(self) -> TaskSpec:
        """What one car's observations and actions look like."""
        return self._spec

    @property
    def labels(self) -> Array:
        """(num, spec.label_size): the expert's actions."""
        return self._arrays.labels

    @abstractmethod
    def _reset(self) -> None:
        """Reset as the arrays say."""

    @abstractmethod
    def _step(self) -> None:
        """Step as the arrays say."""

    def reset(self, mask: Array, seeds: Array) -> Array:
        """Start new episodes in whole groups; rows outside ``mask`` keep their last observation."""
        self._arrays.mask[:] = mask
        self._arrays.seeds[:] = seeds
        self._reset()
        self._log.begin(mask, seeds)
        return self._arrays.observations

    def step(self, actions: Array, live: Array) -> Step:
        """Step the lanes in ``live``; the results are valid until the next call."""
        self._arrays.actions[:] = actions
        self._arrays.live[:] = live
        self._step()
        self._log.append(self._arrays.actions, self._arrays.live)
        return self._arrays.step()

    def state(self) -> State:
        """Seeds and actions of the running episodes, and what they led to, as checksums."""
        return State({**self._log.tensors(), "checks": self._checks()}, {})

    def restore(self, state: State) -> None:
        """Drive every episode of ``state`` again. Raises StateError, then back where it was.

        Takes as long as driving them took, unless simulating without the actor is faster.
        """
        log = self._read(state)
        checks = read_tensor(state, "checks", (self.num,), np.uint32)
        before = self._log
        try:
            self._drive(log)
            _fail_if(self._checks() != checks)
        except StateError:
            self._drive(before)
            raise

    def _drive(self, log: ActionLog) -> None:
        self._log = ActionLog(self._spec, self.num)
        started = log.seeds >= 0
        if started.any():
            self.reset(started, log.seeds)
        for actions, live in log.moves(started):
            step = self.step(actions, live)
            _fail_if((step.terminated | step.truncated) & (self._log.lengths < log.lengths))

    def _read(self, state: State) -> ActionLog:
        log = ActionLog(self._spec, self.num)
        log.seeds = read_tensor(state, "seeds", (self.num,), np.int64)
        log.lengths = read_tensor(state, "lengths", (self.num,), np.int64)
        log.actions = read_tensor(state, "actions", (self.num, None, self._spec.action.size), self._spec.action_dtype)
        if log.lengths.min() < 0 or log.lengths.max() > log.actions.shape[1]:
            raise StateError("the collector's state has fewer actions than steps")
        if (log.seeds < 0).any() and log.lengths[log.seeds < 0].any():
            raise StateError("the collector's state has steps of an episode that never started")
        return log

    def _checks(self) -> Array:
        """(num,) uint32 checksum of each started lane's last observation."""
        started = self._log.seeds >= 0
        checks = [
            crc32(row.tobytes()) if begun else 0
            for row, begun in zip(self._arrays.observations, started, strict=True)
        ]
        return np.array(checks, dtype=np.uint32)


def _fail_if(strayed: Array) -> None:
    if strayed.any():
        raise StateError(
            f"driving the episode of lane {np.flatnonzero(strayed)[0]} again led elsewhere: "
            "the simulator is not the one the state was taken with"
        )
