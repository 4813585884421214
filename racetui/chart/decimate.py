"""Many points to few columns without losing an extreme, a gap or the line between distant points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Columns:
    """What each of C columns shows of a curve."""

    low: Floats
    """(C,) least value in the column; NaN where there is nothing to draw."""
    high: Floats
    """(C,) greatest value."""
    missing: Flags
    """(C,) the column holds a value that is not a number."""


def decimate(x: Floats, y: Floats, left: float, right: float, columns: int) -> Columns:
    """Least and greatest ``y`` of each of ``columns`` equal parts of [left, right]; x must not decrease.

    Columns without a point of their own get the straight line between their neighbours, unless a NaN lies between.
    """
    low = np.full(columns, np.inf)
    high = np.full(columns, -np.inf)
    missing = np.zeros(columns, dtype=np.bool_)
    column = _column_of(x, left, right, columns)
    inside = (column >= 0) & (column < columns)
    finite = np.isfinite(y)
    good = inside & finite
    np.minimum.at(low, column[good], y[good])
    np.maximum.at(high, column[good], y[good])
    missing[column[inside & ~finite]] = True
    _join(x, y, finite, Columns(low, high, missing), left, right)
    nothing = low > high
    low[nothing] = high[nothing] = np.nan
    return Columns(low, high, missing)


def _column_of(x: Floats, left: float, right: float, columns: int) -> npt.NDArray[np.int64]:
    span = right - left
    if not span > 0:
        return np.zeros(len(x), dtype=np.int64)
    column = np.floor((x - left) * (columns / span)).astype(np.int64)
    column[x == right] = columns - 1
    return column


def _join(x: Floats, y: Floats, finite: Flags, into: Columns, left: float, right: float) -> None:
    """Draw the line between successive finite points where they are more than a column apart."""
    columns = len(into.low)
    step = (right - left) / columns
    if len(x) < 2 or not step > 0:
        return
    empty = np.flatnonzero(into.low > into.high)
    centres = left + (empty + 0.5) * step
    after = np.searchsorted(x, centres)
    between = (after > 0) & (after < len(x))
    empty, centres, after = empty[between], centres[between], after[between]
    joined = finite[after - 1] & finite[after]
    empty, centres = empty[joined], centres[joined]
    if len(empty):
        value = np.interp(centres, x[finite], y[finite])
        into.low[empty] = into.high[empty] = value
