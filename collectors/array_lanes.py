"""Lanes driven through arrays, wherever their worlds run: orders, results, and states."""

from __future__ import annotations

from abc import ABC, abstractmethod
from zlib import crc32

import numpy as np

from agents.api import State, StateError
from carracing.task import Array, Step, TaskSpec
from collectors.lane_arrays import LaneArrays
from collectors.replay import ActionLog, read_log
from collectors.states import read_tensor


class ArrayLanes(ABC):
    """The part of ``Lanes`` that is the same in one process and in many.

    Where worlds can be copied, a state is a copy of every car. Where they cannot, actions are logged, and going
    back to a state means driving its episodes again. A state of the second kind can be driven anywhere.
    """

    def __init__(self, spec: TaskSpec, groups: Array, arrays: LaneArrays) -> None:
        self._spec = spec
        self._groups = groups
        self._arrays = arrays
        self._seeds: Array = np.full(len(groups), -1, np.int64)
        """Track of each lane; -1 before its first."""
        self._log: ActionLog | None = None

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
        """(num, spec.label_size): what an expert would do now in each lane."""
        return self._arrays.labels

    @abstractmethod
    def _reset(self) -> None:
        """Reset as the arrays say."""

    @abstractmethod
    def _step(self) -> None:
        """Step as the arrays say."""

    @abstractmethod
    def _copy(self) -> Array:
        """(num, bytes) uint8 copies of cars that can be copied, as ``SavableWorlds.state``."""

    @abstractmethod
    def _put(self, cars: Array) -> None:
        """Put copies back, and write the observations. Raises StateError, then unchanged."""

    def reset(self, mask: Array, seeds: Array) -> Array:
        """Start new episodes in whole groups; rows outside ``mask`` keep their last observation."""
        self._arrays.mask[:] = mask
        self._arrays.seeds[:] = seeds
        self._reset()
        self._seeds[mask] = seeds[mask]
        if self._log is not None:
            self._log.begin(mask, seeds)
        return self._arrays.observations

    def step(self, actions: Array, live: Array) -> Step:
        """Step the lanes in ``live``; the results are valid until the next call."""
        self._arrays.actions[:] = actions
        self._arrays.live[:] = live
        self._step()
        if self._log is not None:
            self._log.append(self._arrays.actions, self._arrays.live)
        return self._arrays.step()

    def state(self) -> State:
        """Copies of the cars; or seeds and actions of the running episodes, and what they led to, as checksums."""
        if self._log is not None:
            return State({**self._log.tensors(), "checks": self._checks()}, {})
        return State({"seeds": self._seeds.copy(), "cars": self._copy()}, {})

    def restore(self, state: State) -> None:
        """Put the cars of ``state`` back, or drive its episodes again. Raises StateError, then back where it was."""
        if "cars" not in state.tensors:
            self._restore_by_driving(state)
            return
        if self._log is not None:
            raise StateError("the state has copies of cars that this backend cannot take: it is another backend's")
        seeds = read_tensor(state, "seeds", (self.num,), np.int64)
        self._put(read_tensor(state, "cars", (self.num, None), np.uint8))
        self._seeds = seeds.copy()

    def _restore_by_driving(self, state: State) -> None:
        """Takes as long as driving took, unless simulating without the actor is faster."""
        log = read_log(state, self._spec, self.num)
        checks = read_tensor(state, "checks", (self.num,), np.uint32)
        before = self.state() if self._log is None else self._log
        try:
            self._drive(log)
            _fail_if(self._checks() != checks)
        except StateError:
            if isinstance(before, ActionLog):
                self._drive(before)
            else:
                self.restore(before)
            raise

    def _drive(self, log: ActionLog) -> None:
        if self._log is not None:
            self._log = ActionLog(self._spec, self.num)
        self._seeds = np.full(self.num, -1, np.int64)
        started = log.seeds >= 0
        if started.any():
            self.reset(started, log.seeds)
        done = np.zeros_like(log.lengths)
        for actions, live in log.moves(started):
            step = self.step(actions, live)
            done += live
            _fail_if((step.terminated | step.truncated) & (done < log.lengths))

    def _checks(self) -> Array:
        """(num,) uint32 checksum of each started lane's last observation."""
        checks = [
            crc32(row.tobytes()) if begun else 0
            for row, begun in zip(self._arrays.observations, self._seeds >= 0, strict=True)
        ]
        return np.array(checks, dtype=np.uint32)


def _fail_if(strayed: Array) -> None:
    if strayed.any():
        raise StateError(
            f"driving the episode of lane {np.flatnonzero(strayed)[0]} again led elsewhere: "
            "the simulator is not the one the state was taken with"
        )
