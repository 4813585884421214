"""Shrinking the 1000x800 picture to 96x96 as pygame-ce's smoothscale does (its SSE2 filters, 2.5.8).

First every row to 96 columns, then the columns to 96 rows; each pass sums whole pixels and cut fractions of the two
at its ends, in 16 bits with 14-bit weights, and rounds down to 8 bits.
"""

from __future__ import annotations

import numpy as np

from carracing.simulator.compiled import inlined, inner
from carracing.simulator.lanes import LANES, ints, load, store, store_bytes, transpose
from carracing.simulator.rules import STATE_SIZE, WINDOW_HEIGHT, WINDOW_WIDTH
from carracing.task import Array

_ONE = 0x4000


def _plan(source: int) -> tuple[Array, Array, int]:
    """Per output the last source index and that pixel's weight here, of 0x4000; and one over the width."""
    space = _ONE * source // STATE_SIZE
    last = np.zeros(STATE_SIZE, np.int32)
    weight = np.zeros(STATE_SIZE, np.int32)
    counter = space
    out = 0
    for index in range(source):
        if counter > _ONE:
            counter -= _ONE
        else:
            last[out], weight[out] = index, counter
            counter = space - (_ONE - counter)
            out += 1
    assert out == STATE_SIZE  # noqa: S101 - holds for the two sizes used here
    return last, weight, 0x40000000 // space


_LAST_COLUMN, _COLUMN_WEIGHT, _COLUMN_SHARE = _plan(WINDOW_WIDTH)
_LAST_ROW, _ROW_WEIGHT, _ROW_SHARE = _plan(WINDOW_HEIGHT)
_ROW_ENDS = np.full(WINDOW_HEIGHT, -1, np.int32)
_ROW_ENDS[_LAST_ROW] = np.arange(STATE_SIZE)


def _constant(value: Array, last: Array, weight: Array, share: int) -> Array:
    """What each output of one pass makes of pixels that all have ``value`` (...,): (..., 96)."""
    before = np.concatenate([[0], _ONE - weight[:-1]])
    whole = np.diff(np.concatenate([[-1], last])) - 1
    value = value[..., None]
    shrunk: Array = ((((value * before) >> 14) + value * whole + ((value * weight) >> 14)) * share) >> 16
    return shrunk


_across = _constant(np.arange(256), _LAST_COLUMN, _COLUMN_WEIGHT, _COLUMN_SHARE)
SHRUNK_VALUES = _constant(_across, _LAST_ROW, _ROW_WEIGHT, _ROW_SHARE).mean((1, 2))
"""(256,) float64: what becomes of an even area of each brightness, on average: rounding down costs about 1.5."""
PACKED_ROWS = STATE_SIZE // LANES
"""Vectors per row of the shrunken picture."""


@inlined
def _part(value, weight):
    """A fraction of 8-bit lanes, cut."""
    return (value * weight) >> ints(14)


@inlined
def _share(total, share):
    return (total * share) >> ints(16)


@inner
def shrink_columns(canvas, shrunk):
    """Shrink a strip ``canvas`` (1000, LANES) of 0xRRGGBB to ``shrunk`` (96, LANES)."""
    byte, share = ints(255), ints(_COLUMN_SHARE)
    even = ints(0xFF00FF)
    red = green = blue = ints(0)
    x = 0
    for out in range(STATE_SIZE):
        pair = middle = ints(0)
        end = _LAST_COLUMN[out]
        while x < end:
            pixel = load(canvas, x)
            pair = pair + (pixel & even)
            middle = middle + ((pixel >> ints(8)) & byte)
            x += 1
        red = red + (pair >> ints(16))
        green = green + middle
        blue = blue + (pair & ints(0xFFFF))
        pixel = load(canvas, x)
        x += 1
        r, g, b = pixel >> ints(16), (pixel >> ints(8)) & byte, pixel & byte
        here = ints(_COLUMN_WEIGHT[out])
        there = ints(_ONE - _COLUMN_WEIGHT[out])
        red = _share(red + _part(r, here), share)
        green = _share(green + _part(g, here), share)
        blue = _share(blue + _part(b, here), share)
        store(shrunk, out, (red << ints(16)) | (green << ints(8)) | blue)
        red, green, blue = _part(r, there), _part(g, there), _part(b, there)


@inner
def shrink_rows(shrunk, first_row, totals, rows, planes):
    """Add the rows of a strip to ``totals`` (18, LANES); finished rows go to ``planes`` (3, 96 * 96) uint8.

    ``rows`` (96, LANES) is room for the strip row by row.
    """
    for part in range(PACKED_ROWS):
        transpose(shrunk, part * LANES, rows, part, PACKED_ROWS)
    byte, share = ints(255), ints(_ROW_SHARE)
    for part in range(PACKED_ROWS):
        red, green, blue = load(totals, part), load(totals, 6 + part), load(totals, 12 + part)
        for lane in range(LANES):
            pixel = load(rows, lane * PACKED_ROWS + part)
            r, g, b = pixel >> ints(16), (pixel >> ints(8)) & byte, pixel & byte
            out = _ROW_ENDS[first_row + lane]
            if out < 0:
                red, green, blue = red + r, green + g, blue + b
                continue
            here, there = ints(_ROW_WEIGHT[out]), ints(_ONE - _ROW_WEIGHT[out])
            place = out * STATE_SIZE + part * LANES
            store_bytes(planes, 0, place, _share(red + _part(r, here), share))
            store_bytes(planes, 1, place, _share(green + _part(g, here), share))
            store_bytes(planes, 2, place, _share(blue + _part(b, here), share))
            red, green, blue = _part(r, there), _part(g, there), _part(b, there)
        store(totals, part, red)
        store(totals, 6 + part, green)
        store(totals, 12 + part, blue)
