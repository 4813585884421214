"""Smoothing of curves."""

from __future__ import annotations

import numpy as np

from racetui.chart.decimate import Floats


def smoothed(values: Floats, points: int) -> Floats:
    """The mean of each value and its neighbours, ``points`` of them together, as far as there are so many.

    At the ends the neighbourhood shrinks on both sides alike, so that the curve begins and ends where the values do.
    Values that are not finite stay as they are and count for nobody.
    """
    count = len(values)
    if points < 2 or count < 3:
        return values
    finite = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(finite, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(finite)])
    index = np.arange(count)
    reach = np.minimum(np.minimum(index, count - 1 - index), points // 2)
    first, last = index - reach, index + reach + 1
    means = (sums[last] - sums[first]) / np.maximum(1, counts[last] - counts[first])
    return np.where(finite, means, values)
