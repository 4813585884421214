"""Polygons with smooth edges, as SDL_gfx draws them for pygame-ce 2.5.8 (gfxdraw.aapolygon, filled_polygon).

The picture is built in strips of LANES rows kept column by column: ``canvas[x, lane]`` is a pixel 0xRRGGBB, and
lane 0 is the topmost row of the finished picture. SDL draws upside down and flips at the end, so lane k of strip s
is SDL's row ``bottom - k`` with ``bottom = 799 - 16 s``.

The outline comes first: Wu lines (Wu 1991, "An efficient antialiasing technique") with a 16-bit slope and 8-bit
weights, each pixel blended once. The fill covers most of it, and only what the fill leaves is blended here.
"""

from __future__ import annotations

import numpy as np

from carracing.simulator.compiled import inner
from carracing.simulator.lanes import (
    LANES,
    any_lane,
    doubles,
    greatest,
    ints,
    ints_to_doubles,
    lane_numbers,
    least,
    load,
    select,
    store,
    to_ints,
)
from carracing.simulator.rules import WINDOW_HEIGHT, WINDOW_WIDTH

_RIGHT = WINDOW_WIDTH - 1
_BOTTOM = WINDOW_HEIGHT - 1
_FAR = 1 << 28
CORNERS = 4
"""Every smooth polygon of CarRacing has four."""
# fields of a polygon's line, int64
_LX, _LY, _LDX, _LDY, _LXDIR, _LSLOPE, _LFIRST_X, _LFIRST_Y, _LDRAWN = 0, 1, 2, 3, 4, 5, 6, 7, 8
LINE_FIELDS = 9


@inner
def _side(x, y):
    """Cohen-Sutherland code: 1 left, 2 right, 8 above, 4 below."""
    code = 0
    if x < 0:
        code |= 1
    elif x > _RIGHT:
        code |= 2
    if y < 0:
        code |= 8
    elif y > _BOTTOM:
        code |= 4
    return code


@inner
def _short(x):
    """What a C cast to a 16-bit integer leaves."""
    return ((int(x) + 32768) & 65535) - 32768


@inner
def _clip(x1, y1, x2, y2):
    """Cut a line to the picture with a float32 slope, as _clipLine; (whether any is left, the line)."""
    while True:
        code1 = _side(x1, y1)
        code2 = _side(x2, y2)
        if not (code1 | code2):
            return True, x1, y1, x2, y2
        if code1 & code2:
            return False, x1, y1, x2, y2
        if not code1:
            x1, y1, x2, y2 = x2, y2, x1, y1
            code1 = code2
        slope = np.float32(1.0)
        if x2 != x1:
            slope = np.float32(y2 - y1) / np.float32(x2 - x1)
        if code1 & 1:
            y1 = _short(y1 + _short(np.float32(0 - x1) * slope))
            x1 = 0
        elif code1 & 2:
            y1 = _short(y1 + _short(np.float32(_RIGHT - x1) * slope))
            x1 = _RIGHT
        elif code1 & 4:
            if x2 != x1:
                x1 = _short(x1 + _short(np.float32(_BOTTOM - y1) / slope))
            y1 = _BOTTOM
        else:
            if x2 != x1:
                x1 = _short(x1 + _short(np.float32(0 - y1) / slope))
            y1 = 0


@inner
def prepare_lines(corners, lines, p):
    """Clip and describe the four lines of polygon ``p`` of ``corners`` (P, 4, 2) into ``lines``."""
    for i in range(CORNERS):
        j = (i + 1) % CORNERS
        drawn, x1, y1, x2, y2 = _clip(corners[p, i, 0], corners[p, i, 1], corners[p, j, 0], corners[p, j, 1])
        lines[p, i, _LDRAWN] = drawn
        if not drawn:
            continue
        lines[p, i, _LFIRST_X] = x1
        lines[p, i, _LFIRST_Y] = y1
        if y1 > y2:
            x1, y1, x2, y2 = x2, y2, x1, y1
        dx, dy = x2 - x1, y2 - y1
        lines[p, i, _LX] = x1
        lines[p, i, _LY] = y1
        lines[p, i, _LXDIR] = 1 if dx >= 0 else -1
        lines[p, i, _LDX] = abs(dx)
        lines[p, i, _LDY] = dy
        lines[p, i, _LSLOPE] = 0
        if dx != 0 and dy != 0:
            wide, narrow = max(abs(dx), dy), min(abs(dx), dy)
            lines[p, i, _LSLOPE] = int(np.float64(narrow << 16) / np.float64(wide)) << 16


@inner
def _blend(canvas, x, lane, colour, weight):
    """Mix a pixel with ``colour`` by an 8-bit weight, as _putPixelAlpha does with 0xRRGGBB."""
    alpha = (255 * weight) >> 8
    if x < 0 or x > _RIGHT or alpha == 0:
        return
    old = canvas[x, lane]
    if old == colour:
        return
    red = (old >> 16) + ((((colour >> 16) - (old >> 16)) * alpha) >> 8)
    green = ((old >> 8) & 255) + ((((colour >> 8) & 255) - ((old >> 8) & 255)) * alpha >> 8)
    blue = (old & 255) + (((colour & 255) - (old & 255)) * alpha >> 8)
    canvas[x, lane] = ((red & 255) << 16) | ((green & 255) << 8) | (blue & 255)


@inner
def _steep(canvas, lines, p, i, bottom, colour, spans):
    """The pixels of a line that is higher than wide, in the rows of the strip."""
    top = bottom - LANES + 1
    x0, y0, direction, slope = lines[p, i, _LX], lines[p, i, _LY], lines[p, i, _LXDIR], lines[p, i, _LSLOPE]
    for k in range(max(1, top - y0), min(lines[p, i, _LDY] - 1, bottom - y0) + 1):
        total = slope * k
        x = x0 + direction * (total >> 32)
        weight = (total >> 24) & 255
        lane = bottom - y0 - k
        if x < spans[0, lane] or x > spans[1, lane]:
            _blend(canvas, x, lane, colour, 255 - weight)
        x += direction
        if x < spans[0, lane] or x > spans[1, lane]:
            _blend(canvas, x, lane, colour, weight)


@inner
def _shallow(canvas, lines, p, i, bottom, colour, spans):
    """The pixels of a line that is wider than high, in the rows of the strip."""
    top = bottom - LANES + 1
    x0, y0, direction, slope = lines[p, i, _LX], lines[p, i, _LY], lines[p, i, _LXDIR], lines[p, i, _LSLOPE]
    low, high = max(top - 1 - y0, 0), bottom - y0
    first = max(1, -((-(low << 32)) // slope))
    last = min(lines[p, i, _LDX] - 1, -((-((high + 1) << 32)) // slope) - 1)
    for k in range(first, last + 1):
        total = slope * k
        x = x0 + direction * k
        lane = bottom - y0 - (total >> 32)
        weight = (total >> 24) & 255
        if lane < LANES and (x < spans[0, lane] or x > spans[1, lane]):
            _blend(canvas, x, lane, colour, 255 - weight)
        lane -= 1
        if lane >= 0 and (x < spans[0, lane] or x > spans[1, lane]):
            _blend(canvas, x, lane, colour, weight)


@inner
def _outline(canvas, lines, p, bottom, colour, spans):
    """Blend what the fill (``spans`` (2, LANES): first and last column) will leave of a polygon's outline."""
    top = bottom - LANES + 1
    for i in range(CORNERS):
        if not lines[p, i, _LDRAWN] or lines[p, i, _LY] > bottom or lines[p, i, _LY] + lines[p, i, _LDY] < top:
            continue
        if lines[p, i, _LDX] == 0:
            for y in range(max(lines[p, i, _LY], top), min(lines[p, i, _LY] + lines[p, i, _LDY], bottom) + 1):
                canvas[lines[p, i, _LX], bottom - y] = colour
        elif lines[p, i, _LDY] == 0:
            for k in range(lines[p, i, _LDX] + 1):
                canvas[lines[p, i, _LX] + k * lines[p, i, _LXDIR], bottom - lines[p, i, _LY]] = colour
        else:
            if top <= lines[p, i, _LFIRST_Y] <= bottom:
                canvas[lines[p, i, _LFIRST_X], bottom - lines[p, i, _LFIRST_Y]] = colour
            if lines[p, i, _LDY] > lines[p, i, _LDX]:
                _steep(canvas, lines, p, i, bottom, colour, spans)
            else:
                _shallow(canvas, lines, p, i, bottom, colour, spans)


@inner
def _crossings(corners, p, bottom, highest, spans):
    """Leftmost and rightmost crossing of each row into ``spans``; whether a row has more than two.

    Crossings are 16.16 fixed-point, as filledPolygonColorMT computes them; a row without any keeps (far, -far).
    """
    y = ints(bottom) - lane_numbers()
    left, right = ints(_FAR), ints(-_FAR)
    count = ints(0)
    one, none = ints(1), ints(0)
    last_row = y == ints(highest)
    for i in range(CORNERS):
        x1, y1 = corners[p, i - 1, 0], corners[p, i - 1, 1]
        x2, y2 = corners[p, i, 0], corners[p, i, 1]
        if y1 == y2:
            continue
        if y1 > y2:
            x1, y1, x2, y2 = x2, y2, x1, y1
        if y2 < bottom - LANES + 1 or y1 > bottom:
            continue
        crosses = ((y >= ints(y1)) & (y < ints(y2))) | (last_row & (y > ints(y1)) & (y <= ints(y2)))
        quotient = ints_to_doubles(y - ints(y1)) * doubles(65536.0) / doubles(np.float64(y2 - y1))
        x = to_ints(quotient) * ints(x2 - x1) + ints(65536 * x1)
        left = select(crosses & (x < left), x, left)
        right = select(crosses & (x > right), x, right)
        count = count + select(crosses, one, none)
    first = left + one
    first = (first >> ints(16)) + ((first & ints(32768)) >> ints(15))
    last = right - one
    last = (last >> ints(16)) + ((last & ints(32768)) >> ints(15))
    filled = count > none
    swapped = first > last
    store(spans, 0, select(filled, select(swapped, last, first), ints(_FAR)))
    store(spans, 1, select(filled, select(swapped, first, last), ints(-_FAR)))
    return any_lane(count > ints(2))


@inner
def fill(canvas, spans, colour, right):
    """Paint the columns of each row's span; ``right`` is the last column there is."""
    first, last = load(spans, 0), load(spans, 1)
    paint = ints(colour)
    begin, end = max(least(first), 0), min(greatest(last), right)
    solid_begin, solid_end = min(greatest(first), end + 1), min(least(last), right)
    if solid_begin > solid_end:
        solid_begin, solid_end = end + 1, end
    for x in range(begin, min(solid_begin, end + 1)):
        column = ints(x)
        store(canvas, x, select((column >= first) & (column <= last), paint, load(canvas, x)))
    for x in range(max(solid_begin, begin), solid_end + 1):
        store(canvas, x, paint)
    for x in range(max(solid_end + 1, begin), end + 1):
        column = ints(x)
        store(canvas, x, select((column >= first) & (column <= last), paint, load(canvas, x)))


@inner
def sort_few(numbers, count):
    """Sort the first ``count`` of a few numbers in place."""
    for i in range(1, count):
        number, j = numbers[i], i
        while j > 0 and numbers[j - 1] > number:
            numbers[j] = numbers[j - 1]
            j -= 1
        numbers[j] = number


@inner
def _fill_crossed(canvas, corners, p, bottom, highest, colour, found):
    """Paint a polygon that crosses itself: rows may have two spans."""
    for lane in range(LANES):
        y = bottom - lane
        count = 0
        for i in range(CORNERS):
            x1, y1, x2, y2 = corners[p, i - 1, 0], corners[p, i - 1, 1], corners[p, i, 0], corners[p, i, 1]
            if y1 == y2:
                continue
            if y1 > y2:
                x1, y1, x2, y2 = x2, y2, x1, y1
            if (y1 <= y < y2) or (y == highest and y1 < y <= y2):
                found[count] = ((65536 * (y - y1)) // (y2 - y1)) * (x2 - x1) + 65536 * x1
                count += 1
        sort_few(found, count)
        for i in range(0, count - 1, 2):
            first = (found[i] + 1 + 32768) >> 16
            last = (found[i + 1] - 1 + 32768) >> 16
            for x in range(max(min(first, last), 0), min(max(first, last), _RIGHT) + 1):
                canvas[x, lane] = colour


@inner
def paint_smooth(canvas, corners, lines, p, highest, bottom, colour, spans, found):
    """Draw outline and fill of polygon ``p`` in a strip; ``highest`` is its last SDL row."""
    crossed = _crossings(corners, p, bottom, highest, spans)
    if crossed:
        spans[0] = _FAR
        spans[1] = -_FAR
    _outline(canvas, lines, p, bottom, colour, spans)
    if crossed:
        _fill_crossed(canvas, corners, p, bottom, highest, colour, found)
    else:
        fill(canvas, spans, colour, _RIGHT)
