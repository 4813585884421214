"""Worlds driven in this process."""

from __future__ import annotations

from collections.abc import Sequence

from carracing.task import Worlds
from collectors.lane_arrays import arrays_bytes, arrays_over
from collectors.replay import ReplayableLanes
from collectors.world_block import WorldBlock


class WorldLanes(ReplayableLanes):
    """Implements ``Lanes`` over worlds; the cars of a track are one group."""

    def __init__(self, worlds: Worlds) -> None:
        spec, num = worlds.spec, len(worlds.groups)
        arrays = arrays_over(bytearray(arrays_bytes(spec, num)), spec, num)
        super().__init__(spec, worlds.groups, arrays)
        self._block = WorldBlock(worlds, arrays)

    def _reset(self) -> None:
        self._block.reset()

    def _step(self) -> None:
        self._block.step()

    def busy(self) -> Sequence[float]:
        """There are no workers."""
        return ()

    def incidents(self) -> Sequence[str]:
        """Nothing is mended in one process."""
        return ()

    def close(self) -> None:
        """Close every world; may be called twice."""
        self._block.close()
