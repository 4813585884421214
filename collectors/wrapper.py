"""Lanes around other lanes."""

from __future__ import annotations

from collections.abc import Sequence

from agents.api import State
from carracing.task import Array, Step, TaskSpec
from collectors.api import Lanes


class LanesWrapper:
    """Does what the lanes within do; whoever inherits says what is done besides."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes

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
        """(num, spec.label_size): what an expert would do now in each lane."""
        return self._lanes.labels

    def reset(self, mask: Array, seeds: Array) -> Array:
        """Start new episodes."""
        return self._lanes.reset(mask, seeds)

    def step(self, actions: Array, live: Array) -> Step:
        """Step the live lanes."""
        return self._lanes.step(actions, live)

    def state(self) -> State:
        """That of the lanes."""
        return self._lanes.state()

    def restore(self, state: State) -> None:
        """Return the lanes to ``state``. Raises StateError."""
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
