"""Worlds driven in this process, one after another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from carracing.task import World
from collectors.api import CollectorError
from collectors.lane_arrays import arrays_bytes, arrays_over
from collectors.replay import ReplayableLanes
from collectors.world_block import WorldBlock


class WorldLanes(ReplayableLanes):
    """Implements ``Lanes`` over a list of worlds; each world's cars are one group."""

    def __init__(self, worlds: Sequence[World]) -> None:
        spec = worlds[0].spec
        if any(world.spec != spec for world in worlds):
            raise CollectorError("all worlds of a collector must pose the same task")
        groups = np.repeat(np.arange(len(worlds)), [world.cars for world in worlds])
        arrays = arrays_over(bytearray(arrays_bytes(spec, len(groups))), spec, len(groups))
        super().__init__(spec, groups, arrays)
        self._block = WorldBlock(worlds, arrays)

    def _reset(self) -> None:
        self._block.reset()

    def _step(self) -> None:
        self._block.step()

    def incidents(self) -> Sequence[str]:
        """Nothing is mended in one process."""
        return ()

    def close(self) -> None:
        """Close every world; may be called twice."""
        self._block.close()
