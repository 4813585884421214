"""Pictures as agents see them, compiled: the arithmetic of ``carracing.observation`` and nothing more."""

from __future__ import annotations

import numpy as np

from carracing.observation import INDICATOR_ROWS
from carracing.simulator.compiled import inlined, inner, uncounted
from carracing.simulator.drawing import draw_picture
from carracing.simulator.rules import STATE_SIZE
from carracing.simulator.sharing import begin, finish, take

PIXELS, CHANNELS_FIRST, GREY, GREY_CROPPED = 0, 1, 2, 3
"""Kinds of observation: (96, 96, 3), (3, 96, 96), (84, 84) and (84, 84) without the bar."""
GREY_SIZE = 84


@inlined
def _luminance(red, green, blue):
    return (299 * np.int32(red) + 587 * np.int32(green) + 114 * np.int32(blue) + 500) // 1000


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
def grey(picture, shrunk, out, car):
    """Luminance of a (96, 96, 3) picture by area to row ``car`` of ``out`` (N, 84 * 84)."""
    for row in range(STATE_SIZE):
        for group in range(STATE_SIZE // 8):
            before = _luminance(picture[row, 8 * group, 0], picture[row, 8 * group, 1], picture[row, 8 * group, 2])
            for j in range(7):
                x = 8 * group + j + 1
                after = _luminance(picture[row, x, 0], picture[row, x, 1], picture[row, x, 2])
                shrunk[row, 7 * group + j] = (7 - j) * before + (j + 1) * after
                before = after
    _shrink_rows(shrunk, out, car)


@inner
def grey_cropped(picture, out, car):
    """Luminance of the middle columns above the bar to row ``car`` of ``out`` (N, 84 * 84)."""
    for row in range(STATE_SIZE - INDICATOR_ROWS):
        for column in range(GREY_SIZE):
            x = column + (STATE_SIZE - GREY_SIZE) // 2
            out[car, row * GREY_SIZE + column] = _luminance(
                picture[row, x, 0], picture[row, x, 1], picture[row, x, 2]
            )


@uncounted
def observe_cars(cars, tracks, mask, canvas, picture, shrunk, kind, out, share):
    """Draw the cars of ``mask`` (N,) into their rows of ``out`` (N, numbers) uint8; each is an item to share.

    ``picture`` (96, 96, 3) and ``shrunk`` (96, 84) int32 are room to work in.
    """
    count, done = len(mask), 0
    begin(share, count)
    car = take(share, count)
    while car >= 0:
        if mask[car]:
            draw_picture(cars, tracks, car, canvas, picture)
            if kind == GREY:
                grey(picture, shrunk, out, car)
            elif kind == GREY_CROPPED:
                grey_cropped(picture, out, car)
            else:
                _copy_picture(picture, kind == CHANNELS_FIRST, out, car)
        done += 1
        car = take(share, count)
    finish(share, count, done)


@inner
def _copy_picture(picture, channels_first, out, car):
    """Copy a picture to row ``car`` of ``out``, pixel by pixel or plane by plane."""
    area = STATE_SIZE * STATE_SIZE
    for row in range(STATE_SIZE):
        for column in range(STATE_SIZE):
            pixel = row * STATE_SIZE + column
            for channel in range(3):
                out[car, channel * area + pixel if channels_first else 3 * pixel + channel] = picture[
                    row, column, channel
                ]
