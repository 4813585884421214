"""The bar below the picture: score, speed, wheel speeds, steering and gyroscope (``_render_indicators``)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from carracing.simulator.compiled import inner
from carracing.simulator.lanes import LANES, ints, lane_numbers, load, select, store
from carracing.simulator.layout import ANGLE, BODY_ROWS, OMEGA, SPIN, VX, VY
from carracing.simulator.plain_polygons import paint_plain
from carracing.simulator.rules import WINDOW_HEIGHT, WINDOW_WIDTH

_TABLE = np.load(Path(__file__).with_name("digits.npz"))
_GLYPHS = _TABLE["glyphs"]
"""(11, rows, columns) uint8: 0 to 9 and the minus sign, as pygame's default font draws them at size 42."""
_ADVANCES = _TABLE["advances"]
"""(11, 11) int32: from one glyph's left edge to the next one's, in 64ths of a pixel, by (glyph, next glyph)."""
_FIRST_ROW = int(_TABLE["first_row"])
"""Empty rows above the glyphs."""
_TEXT_HEIGHT = int(_TABLE["height"])
_GLYPH_WIDTH = 23
_MINUS = 10
_TEXT_X = 60
_TEXT_Y = WINDOW_HEIGHT - WINDOW_HEIGHT * 2.5 / 40.0
"""Centre of the score."""
_S = WINDOW_WIDTH / 40.0
_H = WINDOW_HEIGHT / 40.0
BAR_TOP = int(WINDOW_HEIGHT - 5 * _H)
"""First row of the bar."""
_LEAST = 1e-4
"""Values nearer to zero are not drawn."""
_WHITE, _RED, _GREEN, _BLUE, _VIOLET = 0xFFFFFF, 0xFF0000, 0x00FF00, 0x0000FF, 0x3300FF
INDICATORS = 7


@inner
def _quad(corners, x1, y1, x2, y2):
    """Corners of a rectangle, cut to whole pixels."""
    corners[0] = (int(x1), int(y1))
    corners[1] = (int(x2), int(y1))
    corners[2] = (int(x2), int(y2))
    corners[3] = (int(x1), int(y2))


@inner
def _vertical(corners, place, value):
    _quad(corners, place * _S, WINDOW_HEIGHT - (_H + _H * value), (place + 1) * _S, WINDOW_HEIGHT - _H)


@inner
def _horizontal(corners, place, value):
    _quad(corners, place * _S, WINDOW_HEIGHT - 4 * _H, (place + value) * _S, WINDOW_HEIGHT - 2 * _H)


@inner
def prepare_indicators(f, d, lane, corners, colours):
    """Shapes and colours of a car's indicators to ``corners`` (7, 4, 2) and ``colours`` (7,); how many are drawn."""
    n = 0
    vx, vy = np.float64(f[VX, lane]), np.float64(f[VY, lane])
    speed = np.sqrt(vx * vx + vy * vy)
    if speed > _LEAST:
        _vertical(corners[n], 5, 0.02 * speed)
        colours[n] = _WHITE
        n += 1
    for wheel in range(4):
        omega = d[OMEGA + wheel, lane]
        if abs(omega) > _LEAST:
            _vertical(corners[n], 7 + wheel, 0.01 * omega)
            colours[n] = _BLUE if wheel < 2 else _VIOLET
            n += 1
    steering = np.float64(f[BODY_ROWS + ANGLE, lane] - f[ANGLE, lane])
    if abs(steering) > _LEAST:
        _horizontal(corners[n], 20, -10.0 * steering)
        colours[n] = _GREEN
        n += 1
    spin = np.float64(f[SPIN, lane])
    if abs(spin) > _LEAST:
        _horizontal(corners[n], 30, -0.8 * spin)
        colours[n] = _RED
        n += 1
    return n


@inner
def _spell(score, glyphs):
    """Glyph numbers of a score as ``f"{score:04.0f}"`` writes it; how many."""
    value = int(abs(np.rint(score)))
    negative = np.copysign(1.0, score) < 0
    digits = 0
    rest = value
    while rest > 0 or digits < (3 if negative else 4):
        digits += 1
        rest //= 10
    length = digits + (1 if negative else 0)
    for i in range(digits):
        glyphs[length - 1 - i] = value % 10
        value //= 10
    if negative:
        glyphs[0] = _MINUS
    return length


@inner
def _place(score, glyphs, pens):
    """Glyph numbers and left edges (64ths of a pixel) of a score; (how many, first column, first row, width)."""
    length = _spell(score, glyphs)
    pens[0] = 0
    for i in range(1, length):
        pens[i] = pens[i - 1] + _ADVANCES[glyphs[i - 1], glyphs[i]]
    width = (pens[length - 1] >> 6) + _GLYPH_WIDTH
    return length, _TEXT_X - width // 2, int(_TEXT_Y) - _TEXT_HEIGHT // 2, width


@inner
def write_samples(samples, first_row, score, per_column, per_row, fine, text):
    """Write the score into a strip of samples, so many per pixel, in steps of ``fine`` (see ``sketch``)."""
    glyphs, pens, rows = text[0], text[1], text[2]
    length, left, top, width = _place(score, glyphs, pens)
    for lane in range(LANES):
        rows[lane] = int((first_row + lane + 0.5) / per_row) - top - _FIRST_ROW
    if rows[LANES - 1] < 0 or rows[0] >= _GLYPHS.shape[1]:
        return
    for column in range(max(int(left * per_column), 0), int((left + width) * per_column) + 1):
        x = int((column + 0.5) / per_column) - left
        for i in range(length):
            within = x - (pens[i] >> 6)
            if within < 0 or within >= _GLYPH_WIDTH:
                continue
            for lane in range(LANES):
                if 0 <= rows[lane] < _GLYPHS.shape[1]:
                    shade = np.int32(_GLYPHS[glyphs[i], rows[lane], within]) * fine
                    samples[column, lane] = max(samples[column, lane], shade)


@inner
def _write(canvas, top, score, text):
    """Write the score into a strip."""
    glyphs, pens = text[0], text[1]
    length, left, text_top, width = _place(score, glyphs, pens)
    for lane in range(LANES):
        row = top + lane - text_top
        if row < 0 or row >= _TEXT_HEIGHT:
            continue
        for x in range(max(left, 0), left + width):
            canvas[x, lane] = 0
        row -= _FIRST_ROW
        if row < 0 or row >= _GLYPHS.shape[1]:
            continue
        for i in range(length):
            for column in range(_GLYPH_WIDTH):
                x = left + (pens[i] >> 6) + column
                shade = np.int64(_GLYPHS[glyphs[i], row, column])
                if x >= 0 and shade > canvas[x, lane] & 255:
                    canvas[x, lane] = shade * 0x010101


@inner
def paint_bar(canvas, top, count, score):
    """Paint the bar where it reaches into the strip whose first row is ``top``."""
    pixels = canvas.pixels
    black = ints(0)
    inside = (ints(top) + lane_numbers()) >= ints(BAR_TOP)
    for x in range(WINDOW_WIDTH):
        store(pixels, x, select(inside, black, load(pixels, x)))
    for i in range(count):
        paint_plain(pixels, canvas.bar_corners[i], 4, top, 1, canvas.bar_colours[i], canvas.spans, canvas.found)
    _write(pixels, top, score, canvas.text)
