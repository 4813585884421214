"""Worlds driven in this process."""

from __future__ import annotations

from collections.abc import Sequence

from carracing.task import Array, Worlds
from collectors.array_lanes import ArrayLanes
from collectors.lane_arrays import arrays_bytes, arrays_over
from collectors.replay import ActionLog
from collectors.world_block import WorldBlock


class WorldLanes(ArrayLanes):
    """Implements ``Lanes`` over worlds; the cars of a track are one group."""

    def __init__(self, worlds: Worlds) -> None:
        spec, num = worlds.spec, len(worlds.groups)
        arrays = arrays_over(bytearray(arrays_bytes(spec, num)), spec, num)
        super().__init__(spec, worlds.groups, arrays)
        self._block = WorldBlock(worlds, arrays)
        self._log = None if self._block.savable else ActionLog(spec, num)

    def _reset(self) -> None:
        self._block.reset()

    def _step(self) -> None:
        self._block.step()

    def busy(self) -> Sequence[float]:
        """There are no workers."""
        return ()

    def _copy(self) -> Array:
        return self._block.copy()

    def _put(self, cars: Array) -> None:
        self._block.put(cars)

    def incidents(self) -> Sequence[str]:
        """Nothing is mended in one process."""
        return ()

    def close(self) -> None:
        """Close every world; may be called twice."""
        self._block.close()
