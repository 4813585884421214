"""What cars were told while they were evaluated, so that they can be told the same again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from agents.api import State
from carracing.task import Array, Step, TaskSpec
from collectors.api import Lanes


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


class LoggedLanes:
    """Lanes that write down the actions of each track; those of the last episode on it count."""

    def __init__(self, lanes: Lanes, seeds: Collection[int]) -> None:
        """Log the tracks of ``seeds`` only."""
        self._lanes, self._seeds = lanes, seeds
        self._driven: Array = np.full(lanes.num, -1)
        """The track of each lane, -1 where it is of no interest."""
        self._log: dict[int, bytearray] = {}

    def actions(self, seed: int) -> Array:
        """(steps, A) taken on that track. Raises KeyError if it was not driven."""
        spec = self.spec
        return np.frombuffer(self._log[seed], spec.action_dtype).reshape(-1, spec.action.size)

    @property
    def num(self) -> int:
        """How many lanes there are."""
        return self._lanes.num

    @property
    def groups(self) -> Array:
        """The group of each lane."""
        return self._lanes.groups

    @property
    def spec(self) -> TaskSpec:
        """What one car's observations and actions look like."""
        return self._lanes.spec

    @property
    def labels(self) -> Array:
        """Those of the lanes."""
        return self._lanes.labels

    def reset(self, mask: Array, seeds: Array) -> Array:
        """Start new episodes, and new logs for them."""
        for lane in np.flatnonzero(mask).tolist():
            seed = int(seeds[lane])
            wanted = seed in self._seeds
            self._driven[lane] = seed if wanted else -1
            if wanted:
                self._log[seed] = bytearray()
        return self._lanes.reset(mask, seeds)

    def step(self, actions: Array, live: Array) -> Step:
        """Step, and log the actions of live lanes."""
        for lane in np.flatnonzero(live & (self._driven >= 0)).tolist():
            self._log[int(self._driven[lane])] += actions[lane].tobytes()
        return self._lanes.step(actions, live)

    def state(self) -> State:
        """That of the lanes: logs are no part of it."""
        return self._lanes.state()

    def restore(self, state: State) -> None:
        """Return the lanes to ``state``."""
        self._lanes.restore(state)

    def busy(self) -> Sequence[float]:
        """Those of the lanes."""
        return self._lanes.busy()

    def incidents(self) -> Sequence[str]:
        """Those of the lanes."""
        return self._lanes.incidents()

    def close(self) -> None:
        """Close the lanes."""
        self._lanes.close()
