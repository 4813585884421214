"""What cars were told while they were evaluated, so that they can be told the same again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from carracing.task import Array, Step
from collectors.api import Lanes
from collectors.wrapper import LanesWrapper


@dataclass(frozen=True, slots=True)
class Drive:
    """An episode as it was driven."""

    seed: int
    """Track seed."""
    actions: Array
    """(steps, A) as the environment took them."""
    frames: int
    episode_return: float
    random_start: bool = False
    """Whether it began anywhere on the track, as the task option of that name has it."""


class LoggedLanes(LanesWrapper):
    """Lanes that write down the actions of each track; those of the last episode on it count."""

    def __init__(self, lanes: Lanes, seeds: Collection[int]) -> None:
        """Log the tracks of ``seeds`` only."""
        super().__init__(lanes)
        self._seeds = seeds
        self._driven: Array = np.full(lanes.num, -1)
        """The track of each lane, -1 where it is of no interest."""
        self._log: dict[int, bytearray] = {}

    def actions(self, seed: int) -> Array:
        """(steps, A) taken on that track. Raises KeyError if it was not driven."""
        spec = self.spec
        return np.frombuffer(self._log[seed], spec.action_dtype).reshape(-1, spec.action.size)

    def reset(self, mask: Array, seeds: Array) -> Array:
        """Start new episodes, and new logs for them."""
        for lane in np.flatnonzero(mask).tolist():
            seed = int(seeds[lane])
            wanted = seed in self._seeds
            self._driven[lane] = seed if wanted else -1
            if wanted:
                self._log[seed] = bytearray()
        return super().reset(mask, seeds)

    def step(self, actions: Array, live: Array) -> Step:
        """Step, and log the actions of live lanes."""
        for lane in np.flatnonzero(live & (self._driven >= 0)).tolist():
            self._log[int(self._driven[lane])] += actions[lane].tobytes()
        return super().step(actions, live)
