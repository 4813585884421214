"""Counting worlds whose cars can be copied, as those of a simulator of our own can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from carracing.each_world import EachWorld
from carracing.task import Array, SavedStateError
from tests.fakes.world import CountingWorld

NUMBERS = 4
"""Of a car, as int64: seed, steps, trace, ended."""


class SavableCountingWorlds(EachWorld):
    """Implements ``SavableWorlds``; every row has a few bytes more than it needs, as many as ``slack``."""

    def __init__(self, worlds: Sequence[CountingWorld], slack: int = 0) -> None:
        super().__init__(worlds)
        self._counting = worlds
        self._slack = slack

    def state(self) -> Array:
        rows = [
            [world._seed, world._steps[car], world._traces[car], world._ended[car]]
            for world in self._counting
            for car in range(world.cars)
        ]
        numbers = np.array(rows, np.int64)
        padding = np.zeros((len(rows), self._slack), np.uint8)
        return np.concatenate([numbers.view(np.uint8).reshape(len(rows), -1), padding], axis=1)

    def restore(self, state: Array) -> Array:
        used = np.ascontiguousarray(state[:, : 8 * NUMBERS])
        if used.shape != (len(self.groups), 8 * NUMBERS):
            raise SavedStateError(f"the state is not of {len(self.groups)} counting cars")
        numbers = used.view(np.int64)
        if (numbers[:, 1] < 0).any():
            raise SavedStateError(f"car {np.flatnonzero(numbers[:, 1] < 0)[0]} has driven less than no step")
        for world, rows in zip(self._counting, self._rows, strict=True):
            world._seed = int(numbers[rows.start, 0])
            world._steps[:] = numbers[rows, 1]
            world._traces[:] = numbers[rows, 2].tolist()
            world._ended[:] = numbers[rows, 3]
            for car in range(world.cars if world._seed >= 0 else 0):
                seen = world.rules.observation(world._seed, car, int(world._steps[car]), world._traces[car])
                world._observations[car] = seen
            self._step.observations[rows] = world._observations
        return self._step.observations


def _make(make_world: Callable[[], CountingWorld], tracks: int) -> SavableCountingWorlds:
    return SavableCountingWorlds([make_world() for _ in range(tracks)], slack=tracks)


def savable(make_world: Callable[[], CountingWorld]) -> Callable[[int], SavableCountingWorlds]:
    """The factory of such worlds that makes each by ``make_world``; picklable if that is."""
    return partial(_make, make_world)
