"""Advantages of a round, for all segments at once.

Generalised advantage estimation (Schulman et al., "High-dimensional continuous control using generalized
advantage estimation", 2016) with the importance weights of V-trace (Espeholt et al., "IMPALA", 2018)::

    delta_t = r_t + gamma * V(s_{t+1}) - V(s_t)
    D_t     = rho_t * delta_t + gamma * lambda * c_t * D_{t+1}
    rho_t = c_t = min(1, pi_now(a_t | s_t) / pi_acting(a_t | s_t))

D_t is the advantage, and V(s_t) + D_t (V-trace's v_t) the target of the value. Weights are exactly 1 for
experience of the current weights, where D_t is GAE to the bit. After a segment's last step D is 0, and
V(s_{t+1}) is the value of its last observation, or 0 where the task terminated the episode.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SegmentLayout:
    """Where each of N steps, stored segment after segment, is in a (longest, segments) table."""

    lengths: npt.NDArray[np.int64]
    """(segments,) steps of each."""
    column: npt.NDArray[np.int64]
    """(N,) segment of each step."""
    row: npt.NDArray[np.int64]
    """(N,) index of each step within its segment."""

    @classmethod
    def of(cls, lengths: npt.NDArray[np.int64]) -> SegmentLayout:
        """Lay out segments of these lengths."""
        column = np.repeat(np.arange(len(lengths)), lengths)
        starts = np.cumsum(lengths) - lengths
        return cls(lengths, column, np.arange(int(lengths.sum())) - starts[column])

    def table(self, flat: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """(N,) to (longest, segments), zero below the end of shorter segments."""
        padded = np.zeros((int(self.lengths.max()), len(self.lengths)), flat.dtype)
        padded[self.row, self.column] = flat
        return padded

    def flat(self, table: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """(longest, segments) to (N,)."""
        return np.asarray(table[self.row, self.column])


@dataclass(frozen=True, slots=True)
class Discounting:
    """How far ahead advantages look."""

    gamma: float
    gae_lambda: float


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What the current weights make of a round of N steps in S segments; all float32."""

    rewards: Floats
    """(N,) as learned from."""
    values: Floats
    """(N,) V(s_t)."""
    final_values: Floats
    """(S,) V of each segment's last observation, 0 where it terminated."""
    weights: Floats
    """(N,) rho and c."""


def advantages(layout: SegmentLayout, evaluated: Evaluated, discounting: Discounting) -> Floats:
    """(N,) float32 advantages D; the formula and its sources are above. Python runs per time step only."""
    values, weights = layout.table(evaluated.values), layout.table(evaluated.weights)
    next_values = np.concatenate([values[1:], np.zeros_like(values[:1])])
    next_values[layout.lengths - 1, np.arange(len(layout.lengths))] = evaluated.final_values
    delta = layout.table(evaluated.rewards) + discounting.gamma * next_values - values
    table = weights * delta
    decay = discounting.gamma * discounting.gae_lambda * weights
    for step in reversed(range(len(table) - 1)):
        table[step] += decay[step] * table[step + 1]
    return layout.flat(table).astype(np.float32, copy=False)
