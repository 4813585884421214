"""Pictures as agents see them, compiled: the arithmetic of ``carracing.observation`` and nothing more."""

from __future__ import annotations

import numpy as np

from carracing.observation import INDICATOR_ROWS
from carracing.simulator.compiled import compiled, inlined, inner
from carracing.simulator.drawing import draw_picture
from carracing.simulator.rules import STATE_SIZE

PIXELS, CHANNELS_FIRST, GREY, GREY_CROPPED = 0, 1, 2, 3
"""Kinds of observation: (96, 96, 3), (3, 96, 96), (84, 84) and (84, 84) without the bar."""
GREY_SIZE = 84


@inlined
def _luminance(red, green, blue):
    return (299 * np.int32(red) + 587 * np.int32(green) + 114 * np.int32(blue) + 500) // 1000


@inner
def _shrink_rows(shrunk, out):
    """From (96, 84) eighths to ``out`` (84, 84)."""
    for group in range(STATE_SIZE // 8):
        for j in range(7):
            above, below = shrunk[8 * group + j], shrunk[8 * group + j + 1]
            for column in range(GREY_SIZE):
                out[7 * group + j, column] = ((7 - j) * above[column] + (j + 1) * below[column] + 32) >> 6


@inner
def shrink_luminance(luminance, shrunk, out):
    """Shrink (96, 96) int32 luminance by area to ``out`` (84, 84); ``shrunk`` (96, 84) int32 is scratch."""
    for row in range(STATE_SIZE):
        for group in range(STATE_SIZE // 8):
            for j in range(7):
                x = 8 * group + j
                shrunk[row, 7 * group + j] = (7 - j) * luminance[row, x] + (j + 1) * luminance[row, x + 1]
    _shrink_rows(shrunk, out)


@inner
def grey(picture, shrunk, out):
    """Luminance of a (96, 96, 3) picture by area to ``out`` (84, 84); ``shrunk`` (96, 84) int32 is scratch."""
    for row in range(STATE_SIZE):
        for group in range(STATE_SIZE // 8):
            before = _luminance(picture[row, 8 * group, 0], picture[row, 8 * group, 1], picture[row, 8 * group, 2])
            for j in range(7):
                x = 8 * group + j + 1
                after = _luminance(picture[row, x, 0], picture[row, x, 1], picture[row, x, 2])
                shrunk[row, 7 * group + j] = (7 - j) * before + (j + 1) * after
                before = after
    _shrink_rows(shrunk, out)


@inner
def grey_cropped(picture, out):
    """Luminance of the middle columns above the bar to ``out`` (84, 84)."""
    for row in range(STATE_SIZE - INDICATOR_ROWS):
        for column in range(GREY_SIZE):
            x = column + (STATE_SIZE - GREY_SIZE) // 2
            out[row, column] = _luminance(picture[row, x, 0], picture[row, x, 1], picture[row, x, 2])


@compiled
def observe_cars(cars, tracks, mask, canvas, picture, shrunk, kind, out, first, last):
    """Draw the cars of ``mask`` (N,) among ``first`` to ``last`` into their rows of ``out`` (N, ...) uint8.

    ``picture`` (96, 96, 3) and ``shrunk`` (96, 84) int32 are room to work in.
    """
    flat = out.reshape((len(out), -1))
    for car in range(first, last):
        if not mask[car]:
            continue
        if kind == PIXELS:
            draw_picture(cars, tracks, car, canvas, flat[car].reshape((STATE_SIZE, STATE_SIZE, 3)))
            continue
        draw_picture(cars, tracks, car, canvas, picture)
        if kind == CHANNELS_FIRST:
            planes = flat[car].reshape((3, STATE_SIZE, STATE_SIZE))
            for channel in range(3):
                planes[channel] = picture[:, :, channel]
        elif kind == GREY:
            grey(picture, shrunk, flat[car].reshape((GREY_SIZE, GREY_SIZE)))
        else:
            grey_cropped(picture, flat[car].reshape((GREY_SIZE, GREY_SIZE)))
