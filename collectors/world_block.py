"""Some worlds driven through lane arrays: all lanes of a collector in one process, or a worker's share of them."""

from __future__ import annotations

from collections.abc import Sequence

from carracing.task import World
from collectors.api import CollectorError
from collectors.lane_arrays import LaneArrays


class WorldBlock:
    """Obeys the orders in ``arrays``, which has a row for each car of each world, in order."""

    def __init__(self, worlds: Sequence[World], arrays: LaneArrays, first_lane: int = 0) -> None:
        self._worlds = worlds
        self._views: list[LaneArrays] = []
        self._first_lanes: list[int] = []
        row = 0
        for world in worlds:
            self._views.append(arrays.rows(slice(row, row + world.cars)))
            self._first_lanes.append(first_lane + row)
            row += world.cars

    def reset(self) -> None:
        """Start new episodes where ``mask`` is set. Raises CollectorError naming the lane."""
        for index, (world, arrays) in enumerate(zip(self._worlds, self._views, strict=True)):
            if arrays.mask[0]:
                try:
                    arrays.observations[:] = world.reset(int(arrays.seeds[0]))
                except Exception as error:
                    raise self._failure(index, "reset", error) from error

    def step(self) -> None:
        """Step where ``live`` is set, clear the results elsewhere. Raises CollectorError naming the lane."""
        for index, (world, arrays) in enumerate(zip(self._worlds, self._views, strict=True)):
            try:
                if arrays.live.any():
                    _step_world(world, arrays)
                else:
                    _clear(arrays)
            except Exception as error:
                raise self._failure(index, "step", error) from error

    def close(self) -> None:
        """Close every world."""
        for world in self._worlds:
            world.close()

    def _failure(self, world: int, what: str, error: Exception) -> CollectorError:
        lane = self._first_lanes[world]
        return CollectorError(f"the environment of lane {lane} failed in {what}: {type(error).__name__}: {error}")


def _step_world(world: World, arrays: LaneArrays) -> None:
    step = world.step(arrays.actions, arrays.live)
    arrays.observations[:] = step.observations
    arrays.rewards[:] = step.rewards
    arrays.terminated[:] = step.terminated
    arrays.truncated[:] = step.truncated
    arrays.frames[:] = step.frames
    arrays.facts[:] = step.facts


def _clear(arrays: LaneArrays) -> None:
    for array in (arrays.rewards, arrays.terminated, arrays.truncated, arrays.frames, arrays.facts):
        array[:] = 0
