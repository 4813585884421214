"""Pictures as text: two pixels to a cell in a small fixed palette, with runs of equal cells merged to save bytes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from racetui.tui.look import Look

Pixels = npt.NDArray[np.uint8]

PALETTE = (
    ("#66cc66", "."),  # grass
    ("#66e666", ","),
    ("#666666", " "),  # road
    ("#ff0000", "="),  # its border, and the bar that shows turning
    ("#ffffff", "-"),
    ("#cc0000", "#"),  # the car
    ("#000000", "@"),  # wheels, bar
    ("#333333", "%"),
    ("#999999", ":"),
    ("#cccccc", "'"),
    ("#0000ff", "|"),  # wheels' speeds
    ("#3300ff", "|"),
    ("#00ff00", "~"),  # steering
    ("#b36666", "*"),  # what tracks in random colours have, and mixtures
    ("#6666b3", "+"),
    ("#b3b366", ";"),
)
"""Colours, and characters that stand for them where there are none."""


def _nearest() -> Pixels:
    """(4096,) index of the palette's colour nearest to each colour of 4 bits a channel."""
    colours = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour, _ in PALETTE])
    levels = np.arange(16) * 16 + 8
    red, green, blue = np.meshgrid(levels, levels, levels, indexing="ij")
    every = np.stack([red, green, blue], axis=-1).reshape(-1, 1, 3)
    nearest: Pixels = np.argmin(((every - colours) ** 2).sum(axis=2), axis=1).astype(np.uint8)
    return nearest


_NEAREST = _nearest()


def picture_rows(picture: Pixels, columns: int, rows: int, look: Look) -> list[Strip]:
    """A (height, width, 3) picture in ``rows`` rows of ``columns`` cells."""
    if not look.colours:
        return [
            Strip([Segment("".join(PALETTE[index][1] for index in row), look.text)], columns)
            for row in indices(resized(picture, rows, columns)).tolist()
        ]
    if look.glyphs.ascii:
        cells = indices(resized(picture, rows, columns)).astype(np.int64)
        return [_strip(row, row) for row in cells]
    halves = indices(resized(picture, 2 * rows, columns)).astype(np.int64)
    return [_strip(upper, lower) for upper, lower in zip(halves[::2], halves[1::2], strict=True)]


def indices(picture: Pixels) -> Pixels:
    """Each pixel's place in the palette."""
    bits = (picture >> 4).astype(np.int64)
    found: Pixels = _NEAREST[(bits[..., 0] << 8) | (bits[..., 1] << 4) | bits[..., 2]]
    return found


def resized(picture: Pixels, height: int, width: int) -> Pixels:
    """The picture in another size: means of what falls together, or pixels repeated."""
    return _along(_along(picture, 0, height), 1, width)


def _along(picture: Pixels, axis: int, size: int) -> Pixels:
    there = picture.shape[axis]
    firsts = np.arange(size) * there // size
    if size >= there:
        repeated: Pixels = np.take(picture, firsts, axis=axis)
        return repeated
    sums = np.add.reduceat(picture.astype(np.uint32), firsts, axis=axis)
    counts = np.diff(firsts, append=there).astype(np.uint32)
    shape = [1, 1, 1]
    shape[axis] = size
    means: Pixels = (sums // counts.reshape(shape)).astype(np.uint8)
    return means


def _strip(upper: npt.NDArray[np.int64], lower: npt.NDArray[np.int64]) -> Strip:
    codes = upper * len(PALETTE) + lower
    starts = np.append(0, np.flatnonzero(np.diff(codes)) + 1)
    lengths = np.diff(starts, append=len(codes))
    segments = []
    for code, length in zip(codes[starts].tolist(), lengths.tolist(), strict=True):
        text, style = _cell(code)
        segments.append(Segment(text * length, style))
    return Strip(segments, len(codes))


@lru_cache(maxsize=len(PALETTE) ** 2)
def _cell(code: int) -> tuple[str, Style]:
    """A cell of two pixels."""
    upper, lower = divmod(code, len(PALETTE))
    if upper == lower:
        return " ", Style(bgcolor=PALETTE[upper][0])
    return "▀", Style(color=PALETTE[upper][0], bgcolor=PALETTE[lower][0])
