"""Pictures as agents see them, compiled: the arithmetic of ``carracing.observation`` and nothing more."""

from __future__ import annotations

import numpy as np

from carracing.observation import INDICATOR_ROWS
from carracing.simulator.compiled import inner, uncounted
from carracing.simulator.drawing import draw_picture
from carracing.simulator.rules import STATE_SIZE
from carracing.simulator.sharing import begin, finish, take

PIXELS, CHANNELS_FIRST, GREY, GREY_CROPPED = 0, 1, 2, 3
"""Kinds of observation: (96, 96, 3), (3, 96, 96), (84, 84) and (84, 84) without the bar."""
GREY_SIZE = 84


@inner
def _luminance(planes, luminance):
    """Brightness of planes (3, 96 * 96) uint8, to (96, 96) int32."""
    for row in range(STATE_SIZE):
        for column in range(STATE_SIZE):
            i = row * STATE_SIZE + column
            red, green, blue = np.uint32(planes[0, i]), np.uint32(planes[1, i]), np.uint32(planes[2, i])
            luminance[row, column] = (299 * red + 587 * green + 114 * blue + 500) // 1000


@inner
def _shrink_rows(shrunk, out, car):
    """From (96, 84) eighths to row ``car`` of ``out`` (N, 84 * 84)."""
    for group in range(STATE_SIZE // 8):
        for j in range(7):
            above, below = shrunk[8 * group + j], shrunk[8 * group + j + 1]
            for column in range(GREY_SIZE):
                out[car, (7 * group + j) * GREY_SIZE + column] = (
                    (7 - j) * above[column] + (j + 1) * below[column] + 32
                ) >> 6


@inner
def shrink_luminance(luminance, shrunk, out, car):
    """Shrink (96, 96) int32 luminance by area to row ``car`` of ``out`` (N, 84 * 84); ``shrunk`` is scratch."""
    for row in range(STATE_SIZE):
        for group in range(STATE_SIZE // 8):
            for j in range(7):
                x = 8 * group + j
                shrunk[row, 7 * group + j] = (7 - j) * luminance[row, x] + (j + 1) * luminance[row, x + 1]
    _shrink_rows(shrunk, out, car)


@inner
def _cropped(luminance, out, car):
    """The middle columns above the bar to row ``car`` of ``out`` (N, 84 * 84)."""
    for row in range(STATE_SIZE - INDICATOR_ROWS):
        for column in range(GREY_SIZE):
            out[car, row * GREY_SIZE + column] = luminance[row, column + (STATE_SIZE - GREY_SIZE) // 2]


@inner
def _copy_picture(planes, channels_first, out, car):
    """Copy a picture to row ``car`` of ``out``, plane by plane or pixel by pixel."""
    area = STATE_SIZE * STATE_SIZE
    if channels_first:
        for channel in range(3):
            for i in range(area):
                out[car, channel * area + i] = planes[channel, i]
    else:
        for i in range(area):
            out[car, 3 * i] = planes[0, i]
            out[car, 3 * i + 1] = planes[1, i]
            out[car, 3 * i + 2] = planes[2, i]


@uncounted
def observe_cars(cars, tracks, mask, canvas, planes, luminance, shrunk, kind, out, share):
    """Draw the cars of ``mask`` (N,) into their rows of ``out`` (N, numbers) uint8; each is an item to share.

    ``planes`` (3, 96 * 96) uint8, ``luminance`` (96, 96) and ``shrunk`` (96, 84) int32 are room to work in.
    """
    count, done = len(mask), 0
    begin(share, count)
    car = take(share, count)
    while car >= 0:
        if mask[car]:
            draw_picture(cars, tracks, car, canvas, planes)
            if kind in (PIXELS, CHANNELS_FIRST):
                _copy_picture(planes, kind == CHANNELS_FIRST, out, car)
            else:
                _luminance(planes, luminance)
                if kind == GREY:
                    shrink_luminance(luminance, shrunk, out, car)
                else:
                    _cropped(luminance, out, car)
        done += 1
        car = take(share, count)
    finish(share, count, done)
