"""Single worlds as one: for simulators that know one track at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np

from carracing.task import Array, Step, TaskSpec, World


class CarError(RuntimeError):
    """The world of one car failed; ``car`` is its row, and the cause what happened."""

    def __init__(self, car: int, cause: Exception) -> None:
        super().__init__(f"the world of car {car} failed: {type(cause).__name__}: {cause}")
        self.car = car


class EachWorld:
    """Implements ``Worlds`` over a list of worlds of one task, driven one after another."""

    def __init__(self, worlds: Sequence[World]) -> None:
        spec = worlds[0].spec
        if any(world.spec != spec for world in worlds):
            raise ValueError("worlds that are driven together must pose the same task")
        self._worlds = worlds
        self._spec = spec
        self._groups: Array = np.repeat(np.arange(len(worlds)), [world.cars for world in worlds])
        bounds = np.cumsum([0, *(world.cars for world in worlds)]).tolist()
        self._rows = [slice(first, last) for first, last in pairwise(bounds)]
        self._step = Step.blank(spec, len(self._groups))

    @property
    def spec(self) -> TaskSpec:
        """What one car's observations and actions look like."""
        return self._spec

    @property
    def groups(self) -> Array:
        """(N,) int64: the world of each car."""
        return self._groups

    def reset(self, mask: Array, seeds: Array) -> Array:
        """Reset the worlds of the cars in ``mask``; the result is valid until the next call. Raises CarError."""
        for world, rows in zip(self._worlds, self._rows, strict=True):
            if mask[rows].any():
                try:
                    self._step.observations[rows] = world.reset(int(seeds[rows.start]))
                except Exception as error:
                    raise CarError(rows.start, error) from error
        return self._step.observations

    def step(self, actions: Array, live: Array) -> Step:
        """Step the worlds of the cars in ``live``; results are valid until the next call. Raises CarError."""
        for world, rows in zip(self._worlds, self._rows, strict=True):
            if live[rows].any():
                try:
                    self._take(rows, world.step(actions[rows], live[rows]))
                except Exception as error:
                    raise CarError(rows.start, error) from error
            else:
                self._clear(rows)
        return self._step

    def close(self) -> None:
        """Close every world; may be called twice."""
        for world in self._worlds:
            world.close()

    def _take(self, rows: slice, step: Step) -> None:
        mine = self._step
        mine.observations[rows] = step.observations
        mine.rewards[rows] = step.rewards
        mine.terminated[rows] = step.terminated
        mine.truncated[rows] = step.truncated
        mine.frames[rows] = step.frames
        mine.facts[rows] = step.facts

    def _clear(self, rows: slice) -> None:
        mine = self._step
        for array in (mine.rewards, mine.terminated, mine.truncated, mine.frames, mine.facts):
            array[rows] = 0


def make_each(make_world: Callable[[], World], tracks: int) -> EachWorld:
    """``tracks`` worlds as one."""
    return EachWorld([make_world() for _ in range(tracks)])


def each(make_world: Callable[[], World]) -> Callable[[int], EachWorld]:
    """The factory of many worlds that makes each by ``make_world``; picklable if that is."""
    return partial(make_each, make_world)
