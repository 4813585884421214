"""Polygons without smooth edges, as pygame-ce 2.5.8 fills them (pygame.draw.polygon, draw_fillpoly in draw.c)."""

from __future__ import annotations

import math

import numpy as np

from carracing.simulator.compiled import inner
from carracing.simulator.lanes import (
    LANES,
    any_lane,
    ints,
    ints_to_floats,
    lane_numbers,
    round_down,
    round_up,
    select,
    store,
    to_ints,
)
from carracing.simulator.polygons import fill, sort_few
from carracing.simulator.rules import WINDOW_WIDTH

_RIGHT = WINDOW_WIDTH - 1
_FAR = 1 << 28


@inner
def paint_plain(canvas, corners, count, top, upwards, colour, spans, found):
    """Fill a polygon in a strip (see ``polygons``).

    ``top`` is the row of lane 0, ``upwards`` -1 where the picture is still upside down and 1 where it is flipped;
    ``spans`` (2, LANES) and ``found`` (8,) are room to work in.
    """
    lowest = corners[0, 1]
    highest = lowest
    for i in range(1, count):
        lowest = min(lowest, corners[i, 1])
        highest = max(highest, corners[i, 1])
    end = top + upwards * (LANES - 1)
    if highest < min(top, end) or lowest > max(top, end):
        return
    if lowest == highest or _find_spans(corners, count, top, upwards, highest, spans):
        _paint_rows(canvas, corners, count, top, upwards, lowest, highest, colour, found)
        return
    fill(canvas, spans, colour, _RIGHT)
    for i in range(count):
        y = corners[i, 1]
        lane = (y - top) * upwards
        if corners[i - 1 if i else count - 1, 1] == y and lowest < y < highest and 0 <= lane < LANES:
            _paint_row(canvas, lane, corners[i, 0], corners[i - 1 if i else count - 1, 0], colour)


@inner
def _find_spans(corners, count, top, upwards, highest, spans):
    """First and last column of every row; whether some row has more than one span.

    The first crossing found is rounded down, the second up.
    """
    y = ints(top) + ints(upwards) * lane_numbers()
    first, second = ints(_FAR), ints(-_FAR)
    found = ints(0)
    one, none = ints(1), ints(0)
    last_row = y == ints(highest)
    for i in range(count):
        p = i - 1 if i else count - 1
        x1, y1, x2, y2 = corners[p, 0], corners[p, 1], corners[i, 0], corners[i, 1]
        if y1 == y2:
            continue
        if y1 > y2:
            x1, y1, x2, y2 = x2, y2, x1, y1
        crosses = (y >= ints(y1)) & (y < ints(y2))
        if y2 == highest:
            crosses = crosses | last_row
        along = ints_to_floats((y - ints(y1)) * ints(x2 - x1)) / ints_to_floats(ints(y2 - y1))
        down = to_ints(round_down(along)) + ints(x1)
        up = to_ints(round_up(along)) + ints(x1)
        first = select(crosses & (found == none), down, first)
        second = select(crosses & (found == one), up, second)
        found = found + select(crosses, one, none)
    swapped = (first > second) & (found > none)
    store(spans, 0, select(swapped, second, first))
    store(spans, 1, select(swapped, first, second))
    return any_lane((found > ints(2)) | (found == one))


@inner
def _paint_rows(canvas, corners, count, top, upwards, lowest, highest, colour, found):
    """Fill row by row: any polygon, also one that crosses itself."""
    for lane in range(LANES):
        y = top + upwards * lane
        if y < lowest or y > highest:
            continue
        if lowest == highest:
            left, right = corners[0, 0], corners[0, 0]
            for i in range(1, count):
                left, right = min(left, corners[i, 0]), max(right, corners[i, 0])
            _paint_row(canvas, lane, left, right, colour)
            continue
        n = 0
        for i in range(count):
            p = i - 1 if i else count - 1
            x1, y1, x2, y2 = corners[p, 0], corners[p, 1], corners[i, 0], corners[i, 1]
            if y1 == y2:
                continue
            if y1 > y2:
                x1, y1, x2, y2 = x2, y2, x1, y1
            if (y1 <= y < y2) or (y == highest and y2 == highest):
                along = np.float64(np.float32((y - y1) * (x2 - x1)) / np.float32(y2 - y1))
                found[n] = int(math.floor(along) if n % 2 == 0 else math.ceil(along)) + x1
                n += 1
        sort_few(found, n)
        for i in range(0, n - 1, 2):
            _paint_row(canvas, lane, found[i], found[i + 1], colour)
        for i in range(count):
            p = i - 1 if i else count - 1
            if lowest < y < highest and corners[i, 1] == y and corners[p, 1] == y:
                _paint_row(canvas, lane, corners[i, 0], corners[p, 0], colour)


@inner
def _paint_row(canvas, lane, x1, x2, colour):
    for x in range(max(min(x1, x2), 0), min(max(x1, x2), _RIGHT) + 1):
        canvas[x, lane] = colour
