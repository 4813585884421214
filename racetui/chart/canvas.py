"""A grid of dots, packed into characters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BRAILLE = 0x2800
"""First code point of Unicode's braille patterns; the low eight bits say which dots are raised."""
_BRAILLE_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class DotStyle:
    """How dots become characters."""

    across: int
    """Dots per cell, left to right."""
    down: int
    """Dots per cell, top to bottom."""
    ascii: bool


BRAILLE_DOTS = DotStyle(across=2, down=4, ascii=False)
ASCII_DOTS = DotStyle(across=1, down=2, ascii=True)
_ASCII_CELLS = np.array([" ", "'", ".", ":"])


def pack(dots: npt.NDArray[np.bool_], style: DotStyle) -> list[str]:
    """Rows of text from a (rows * down, columns * across) grid of dots; row 0 is the top."""
    height, width = dots.shape
    rows, columns = height // style.down, width // style.across
    cells = dots.reshape(rows, style.down, columns, style.across)
    if style.ascii:
        upper, lower = cells[:, 0, :, 0], cells[:, 1, :, 0]
        return ["".join(row) for row in _ASCII_CELLS[upper + 2 * lower]]
    codes = np.einsum("rdca,da->rc", cells, _BRAILLE_BITS)
    return ["".join(chr(BRAILLE + code) if code else " " for code in row) for row in codes.tolist()]


def stroke(low: npt.NDArray[np.float64], high: npt.NDArray[np.float64], height: int) -> npt.NDArray[np.bool_]:
    """(height, columns) dots of a curve given per column in dots from the bottom (fractions round).

    Neighbouring columns are joined, so that a steep line has no holes. NaN columns stay empty.
    """
    drawn = np.isfinite(low)
    bottom = np.where(drawn, np.clip(np.nan_to_num(np.rint(low)), 0, height - 1), -1).astype(np.int64)
    top = np.where(drawn, np.clip(np.nan_to_num(np.rint(high)), 0, height - 1), -2).astype(np.int64)
    both = drawn[1:] & drawn[:-1]
    rise = both & (bottom[1:] > top[:-1] + 1)
    fall = both & (top[1:] < bottom[:-1] - 1)
    joined_bottom, joined_top = bottom.copy(), top.copy()
    joined_bottom[1:][rise] = top[:-1][rise] + 1
    joined_top[1:][fall] = bottom[:-1][fall] - 1
    level = np.arange(height - 1, -1, -1)[:, np.newaxis]
    grid: npt.NDArray[np.bool_] = (level >= joined_bottom) & (level <= joined_top) & drawn
    return grid
