"""Worlds driven through lane arrays: all lanes of a collector in one process, or a worker's share of them."""

from __future__ import annotations

from dataclasses import fields

from carracing.each_world import CarError
from carracing.task import Step, Worlds, labelled
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
        arrays = self._arrays
        if arrays.mask.any():
            try:
                arrays.observations[:] = self._worlds.reset(arrays.mask, arrays.seeds)
                self._label()
            except Exception as error:
                raise self._failure("reset", error) from error

    def step(self) -> None:
        """Step where ``live`` is set, clear the results elsewhere. Raises CollectorError naming the lane."""
        try:
            step = self._worlds.step(self._arrays.actions, self._arrays.live)
            self._label()
        except Exception as error:
            raise self._failure("step", error) from error
        for field in fields(Step):
            getattr(self._arrays, field.name)[:] = getattr(step, field.name)

    def close(self) -> None:
        """Close the worlds."""
        self._worlds.close()

    def _label(self) -> None:
        """Ask the expert, if there is one, about the state as it is now."""
        if self._labelled is not None:
            self._arrays.labels[:] = self._labelled.labels()

    def _failure(self, what: str, error: Exception) -> CollectorError:
        if isinstance(error, CarError):
            who, cause = f"environment of lane {self._first_lane + error.car}", error.__cause__
        else:
            last = self._first_lane + len(self._arrays.live) - 1
            who, cause = f"environments of lanes {self._first_lane} to {last}", error
        return CollectorError(f"the {who} failed in {what}: {type(cause).__name__}: {cause}")
