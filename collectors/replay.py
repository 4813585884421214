"""What every running episode was told so far: enough to drive it again, bit for bit, in another world."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from agents.api import State, StateError
from carracing.task import Array, TaskSpec
from collectors.states import read_tensor

_FIRST_CAPACITY = 256
"""Steps there is room for at first: a CarRacing episode at frame skip 4."""


class ActionLog:
    """Track seed and actions of each lane's episode since its reset: for worlds whose state cannot be copied."""

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


def read_log(state: State, spec: TaskSpec, lanes: int) -> ActionLog:
    """The log whose ``tensors`` are in a state. Raises StateError."""
    log = ActionLog(spec, lanes)
    log.seeds = read_tensor(state, "seeds", (lanes,), np.int64)
    log.lengths = read_tensor(state, "lengths", (lanes,), np.int64)
    log.actions = read_tensor(state, "actions", (lanes, None, spec.action.size), spec.action_dtype)
    if log.lengths.min() < 0 or log.lengths.max() > log.actions.shape[1]:
        raise StateError("the collector's state has fewer actions than steps")
    if (log.seeds < 0).any() and log.lengths[log.seeds < 0].any():
        raise StateError("the collector's state has steps of an episode that never started")
    return log
