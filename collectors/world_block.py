"""Worlds driven through lane arrays: all lanes of a collector in one process, or a worker's share of them."""

from __future__ import annotations

from dataclasses import fields
from time import perf_counter

from agents.api import StateError
from carracing.each_world import CarError
from carracing.task import Array, SavableWorlds, SavedStateError, Step, Worlds, labelled
from collectors.api import CollectorError
from collectors.lane_arrays import LaneArrays


class WorldBlock:
    """Obeys the orders in ``arrays``, which has a row for each car, in order."""

    def __init__(self, worlds: Worlds, arrays: LaneArrays, first_lane: int = 0) -> None:
        self._worlds = worlds
        self._arrays = arrays
        self._first_lane = first_lane
        self._labelled = labelled(worlds)

    def reset(self) -> None:
        """Start new episodes where ``mask`` is set. Raises CollectorError naming the lane."""
        arrays, begun = self._arrays, perf_counter()
        if arrays.mask.any():
            try:
                arrays.observations[:] = self._worlds.reset(arrays.mask, arrays.seeds)
                self._label()
            except Exception as error:
                raise self._failure("reset", error) from error
            arrays.busy[0] += perf_counter() - begun

    def step(self) -> None:
        """Step where ``live`` is set, clear the results elsewhere. Raises CollectorError naming the lane."""
        begun = perf_counter()
        try:
            step = self._worlds.step(self._arrays.actions, self._arrays.live)
            self._label()
        except Exception as error:
            raise self._failure("step", error) from error
        for field in fields(Step):
            getattr(self._arrays, field.name)[:] = getattr(step, field.name)
        self._arrays.busy[0] += perf_counter() - begun

    @property
    def lanes(self) -> int:
        """How many lanes it has."""
        return len(self._arrays.live)

    @property
    def savable(self) -> bool:
        """Whether the cars can be copied."""
        return isinstance(self._worlds, SavableWorlds)

    def copy(self) -> Array:
        """(lanes, bytes) uint8: copies of the cars, which must be savable."""
        return self._copied.state()

    def put(self, cars: Array) -> None:
        """Put copies back, and write their observations. Raises StateError, then unchanged."""
        try:
            self._arrays.observations[:] = self._copied.restore(cars)
            self._label()
        except SavedStateError as error:
            raise StateError(str(error)) from error

    def close(self) -> None:
        """Close the worlds."""
        self._worlds.close()

    @property
    def _copied(self) -> SavableWorlds:
        if isinstance(self._worlds, SavableWorlds):
            return self._worlds
        raise CollectorError("these worlds cannot be copied: drive their episodes again")

    def _label(self) -> None:
        """Ask the expert, if there is one, about the state as it is now."""
        if self._labelled is not None:
            self._arrays.labels[:] = self._labelled.labels()

    def _failure(self, what: str, error: Exception) -> CollectorError:
        if isinstance(error, CarError):
            who, cause = f"environment of lane {self._first_lane + error.car}", error.__cause__
        else:
            last = self._first_lane + self.lanes - 1
            who, cause = f"environments of lanes {self._first_lane} to {last}", error
        return CollectorError(f"the {who} failed in {what}: {type(cause).__name__}: {cause}")
