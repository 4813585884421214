"""From stock's 96x96 colour picture to what a policy sees: integer arithmetic only, so any simulator can match it.

Luminance of a pixel (Rec. 601 weights, rounded half up)::

    y = (299 R + 587 G + 114 B + 500) // 1000

grey shrinks 96 to 84 pixels by area: 8 pixels become 7, so output j of each group of 8 covers input j with
weight (7 - j) / 8 and input j + 1 with weight (j + 1) / 8. Rows and columns alike, one rounding at the end::

    grey = (sum of row weight * column weight * y, weights in eighths, + 32) >> 6

Every sum stays below 2**16 (255 * 64 + 32), which is why 16 bits suffice after the luminance.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from carracing.task import Array, TaskConfig

PICTURE = (96, 96, 3)
"""Shape of stock's picture: rows, columns, red-green-blue."""
INDICATOR_ROWS = 12
"""Rows of the indicator bar at the bottom of the picture (5 of 40 parts of its height)."""

_RED, _GREEN, _BLUE = np.uint32(299), np.uint32(587), np.uint32(114)
_IN_GROUP = np.arange(7, dtype=np.uint16)
_ROW_WEIGHTS = (7 - _IN_GROUP)[:, None], (_IN_GROUP + 1)[:, None]
_COLUMN_WEIGHTS = np.tile(7 - _IN_GROUP, 12), np.tile(_IN_GROUP + 1, 12)
_COLUMNS = (np.arange(12)[:, None] * 8 + np.arange(7)).ravel()


def luminance(picture: Array) -> Array:
    """Brightness of each pixel of a (96, 96, 3) uint8 picture: (96, 96) uint16, 0 to 255."""
    total = np.multiply(picture[..., 0], _RED, dtype=np.uint32)
    total += np.multiply(picture[..., 1], _GREEN, dtype=np.uint32)
    total += np.multiply(picture[..., 2], _BLUE, dtype=np.uint32)
    total += np.uint32(500)
    total //= np.uint32(1000)
    return total.astype(np.uint16)


def grey(picture: Array) -> Array:
    """Luminance of the whole picture, shrunk by area: (84, 84) uint8."""
    groups = luminance(picture).reshape(12, 8, 96)
    rows = (groups[:, :7] * _ROW_WEIGHTS[0] + groups[:, 1:] * _ROW_WEIGHTS[1]).reshape(84, 96)
    total = rows.take(_COLUMNS, axis=1) * _COLUMN_WEIGHTS[0]
    total += rows.take(_COLUMNS + 1, axis=1) * _COLUMN_WEIGHTS[1]
    total += np.uint16(32)
    return np.right_shift(total, 6, out=total).astype(np.uint8)


def grey_without_indicators(picture: Array) -> Array:
    """Luminance of rows 0 to 83 and columns 6 to 89, not resampled: (84, 84) uint8."""
    return luminance(picture[:-INDICATOR_ROWS, 6:-6]).astype(np.uint8)


def rgb(picture: Array) -> Array:
    """The picture with its channels first: (3, 96, 96) uint8, contiguous."""
    return np.ascontiguousarray(picture.transpose(2, 0, 1))


def observer(config: TaskConfig) -> Callable[[Array], Array]:
    """The function that makes one single observation of a picture under these rules."""
    if config.observation == "rgb":
        return rgb
    return grey_without_indicators if config.crop_indicators else grey
