"""Randomness that belongs to the episode: one counter-based stream per row, computed for all rows at once.

A draw is a pure function of (episode key, step, number of the draw within the step). So an episode's noise
does not depend on which lane, worker or machine drives it, nor on what else is in the batch, and no Python
runs per row. The generator is SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
generators", OOPSLA 2014): the key is a stream's starting point and the counter its position.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # SplitMix64's increment: 2**64 / golden ratio, odd
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_DRAWS_PER_STEP = 1 << 16
_UNIT = 2.0**-53


@dataclass(slots=True)
class EpisodeRandom:
    """The random streams of a batch of rows at their current steps."""

    keys: npt.NDArray[np.uint64]
    """(rows,) one per episode; see ``collectors.seeds``."""
    steps: npt.NDArray[np.int64]
    """(rows,) index of the step within its episode."""
    _drawn: int = field(default=0, init=False)

    def uniform(self, columns: int) -> npt.NDArray[np.float64]:
        """(rows, columns) uniform in the open interval (0, 1); successive calls give new draws."""
        draws = np.arange(self._drawn + 1, self._drawn + columns + 1, dtype=np.uint64)
        counters = self.steps.astype(np.uint64)[:, None] * np.uint64(_DRAWS_PER_STEP) + draws
        self._drawn += columns
        bits = _mix(self.keys[:, None] + counters * _GOLDEN)
        return np.asarray(((bits >> np.uint64(11)).astype(np.float64) + 0.5) * _UNIT, dtype=np.float64)

    def normal(self, columns: int) -> npt.NDArray[np.float64]:
        """(rows, columns) standard normal, by Box and Muller's transform."""
        pairs = (columns + 1) // 2
        uniform = self.uniform(2 * pairs)
        radius = np.sqrt(-2.0 * np.log(uniform[:, :pairs]))
        angle = 2.0 * np.pi * uniform[:, pairs:]
        return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)[:, :columns]


def _mix(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * _MIX1
    z = (z ^ (z >> np.uint64(27))) * _MIX2
    return z ^ (z >> np.uint64(31))
