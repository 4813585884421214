"""The weights that blocks on their way still need, by the number under which workers know them."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from agents.api import WeightsSnapshot
from collectors.episode_pool import EpisodePool


class Publications:
    """Sends each set of weights to the pool once, and has it forgotten when nothing needs it any more.

    Numbers rather than versions: an agent that has not learned may publish a version again with other knobs.
    """

    def __init__(self, pool: EpisodePool) -> None:
        self._pool = pool
        self._weights: dict[int, WeightsSnapshot] = {}
        self._next = 0
        self.current = -1
        """Number of the weights that new blocks act with; -1 before there are any."""

    def __getitem__(self, number: int) -> WeightsSnapshot:
        return self._weights[number]

    def publish(self, weights: WeightsSnapshot) -> None:
        """New blocks act with these from now on."""
        if self.current < 0 or not _same(weights, self._weights[self.current]):
            self.current = self.add(weights)

    def add(self, weights: WeightsSnapshot) -> int:
        """Send weights that are not the current ones; their number."""
        number, self._next = self._next, self._next + 1
        self._pool.publish(number, weights)
        self._weights[number] = weights
        return number

    def keep(self, needed: Collection[int]) -> None:
        """Forget all but these and the current ones."""
        for number in [number for number in self._weights if number not in needed and number != self.current]:
            self._pool.forget(number)
            del self._weights[number]


def _same(left: WeightsSnapshot, right: WeightsSnapshot) -> bool:
    return (
        left.version == right.version
        and left.knobs == right.knobs
        and left.tensors.keys() == right.tensors.keys()
        and all(np.array_equal(tensor, right.tensors[name]) for name, tensor in left.tensors.items())
    )
