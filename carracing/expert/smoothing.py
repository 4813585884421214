"""Smooth offsets within bounds: quadratic programmes of which each unknown meets two neighbours on either side.

Minimises x'Px/2 + q'x over -bound <= x <= bound by the alternating direction method of multipliers (Boyd et al.,
"Distributed optimization and statistical learning via the alternating direction method of multipliers", 2011,
section 5.2), with P factorised once as L D L' (five diagonals). Costs about 15 operations an unknown and round.
"""

from __future__ import annotations

import numpy as np

from carracing.simulator.compiled import inner

PENALTY = 3e-4
"""Weight of agreement between the smooth and the bounded offsets: of 1e-4 to 1e-1 the fastest on 100 tracks."""
RELAXATION = 1.6
"""Usual over-relaxation, 1.5 to 1.8."""


@inner
def factorise(diagonals, factors):
    """Write D, and the two lower diagonals of L, of P + PENALTY into ``factors`` (3, N).

    ``diagonals`` (3, N) has P's diagonal and the two above it.
    """
    for j in range(diagonals.shape[1]):
        pivot = diagonals[0, j] + PENALTY
        beside = diagonals[1, j]
        if j >= 1:
            pivot -= factors[1, j - 1] ** 2 * factors[0, j - 1]
            beside -= factors[1, j - 1] * factors[2, j - 1] * factors[0, j - 1]
        if j >= 2:
            pivot -= factors[2, j - 2] ** 2 * factors[0, j - 2]
        factors[0, j] = pivot
        factors[1, j] = beside / pivot
        factors[2, j] = diagonals[2, j] / pivot


@inner
def solve(factors, x):
    """Replace ``x`` by the solution of (L D L') y = x."""
    count = len(x)
    for j in range(count):
        if j >= 1:
            x[j] -= factors[1, j - 1] * x[j - 1]
        if j >= 2:
            x[j] -= factors[2, j - 2] * x[j - 2]
    for j in range(count - 1, -1, -1):
        x[j] /= factors[0, j]
        if j + 1 < count:
            x[j] -= factors[1, j] * x[j + 1]
        if j + 2 < count:
            x[j] -= factors[2, j] * x[j + 2]


@inner
def smooth_within(diagonals, linear, bound, rounds, bounded):
    """Improve ``bounded`` (N,), the solution so far, by so many rounds."""
    count = len(bounded)
    factors, smooth, dual = np.zeros((3, count)), np.zeros(count), np.zeros(count)
    factorise(diagonals, factors)
    for _ in range(rounds):
        for j in range(count):
            smooth[j] = PENALTY * (bounded[j] - dual[j]) - linear[j]
        solve(factors, smooth)
        for j in range(count):
            relaxed = RELAXATION * smooth[j] + (1.0 - RELAXATION) * bounded[j]
            kept = min(max(relaxed + dual[j], -bound), bound)
            dual[j] += relaxed - kept
            bounded[j] = kept
