"""Pictures as text: two pixels to a cell in a small fixed palette, with runs of equal cells merged to save bytes.

A picture of a car that drives changes everywhere, so nearly all that a panel costs with it is its cells. They go
out in two ways. As strips Textual draws them like everything else; as one sequence straight to the terminal, where
nothing lies before them, they are made without an object for each run of cells, and without its style twice.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from racetui.tui.look import Look

Pixels = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.int64]
"""(rows, columns) cells: the upper pixel's place in the palette times its length, and the lower one's."""

PALETTE = (
    ("#66cc66", 77, "."),  # grass
    ("#66e666", 114, ","),
    ("#666666", 241, " "),  # road
    ("#ff0000", 196, "="),  # its border, and the bar that shows turning
    ("#ffffff", 231, "-"),
    ("#cc0000", 160, "#"),  # the car
    ("#000000", 16, "@"),  # wheels, bar
    ("#333333", 236, "%"),
    ("#999999", 246, ":"),
    ("#cccccc", 252, "'"),
    ("#0000ff", 21, "|"),  # wheels' speeds
    ("#3300ff", 57, "|"),
    ("#00ff00", 46, "~"),  # steering
    ("#b36666", 131, "*"),  # what tracks in random colours have, and mixtures
    ("#6666b3", 61, "+"),
    ("#b3b366", 143, ";"),
)
"""Colours as stock draws them; those of the 256 of a terminal that are shown for them, which take half the bytes of
24 bits (the nearest, but for the lighter grass, which would glare); and characters for where there are none."""


def _nearest() -> Pixels:
    """(4096,) index of the palette's colour nearest to each colour of 4 bits a channel."""
    colours = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour, _, _ in PALETTE])
    levels = np.arange(16) * 16 + 8
    red, green, blue = np.meshgrid(levels, levels, levels, indexing="ij")
    every = np.stack([red, green, blue], axis=-1).reshape(-1, 1, 3)
    nearest: Pixels = np.argmin(((every - colours) ** 2).sum(axis=2), axis=1).astype(np.uint8)
    return nearest


_NEAREST = _nearest()


def cells(picture: Pixels, columns: int, rows: int, look: Look) -> Codes:
    """A (height, width, 3) picture as ``rows`` of ``columns`` cells; of one pixel each where there are no blocks."""
    if look.glyphs.ascii or not look.colours:
        whole = indices(resized(picture, rows, columns)).astype(np.int64)
        return whole * len(PALETTE) + whole
    halves = indices(resized(picture, 2 * rows, columns)).astype(np.int64)
    both: Codes = halves[::2] * len(PALETTE) + halves[1::2]
    return both


def strip(codes: npt.NDArray[np.int64], look: Look) -> Strip:
    """A row of cells for Textual."""
    if not look.colours:
        text = "".join(PALETTE[code // len(PALETTE)][2] for code in codes.tolist())
        return Strip([Segment(text, look.text)], len(codes))
    segments = []
    for code, length in _runs(codes):
        text, style = _styled(code)
        segments.append(Segment(text * length, style))
    return Strip(segments, len(codes))


def sequence(codes: Codes, place: Region) -> str:
    """All cells for a terminal that has 256 colours, at their place on the screen; the cursor stays behind them."""
    out: list[str] = []
    fore = back = -1
    for y, row in enumerate(codes, place.y + 1):
        out.append(f"\x1b[{y};{place.x + 1}H")
        for code, length in _runs(row):
            styled, glyph, fore, back = _changed(fore, back, code)
            out += styled, glyph * length
    out.append("\x1b[0m")
    return "".join(out)


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


def _runs(codes: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Equal neighbours, and how many."""
    starts = np.append(0, np.flatnonzero(codes[1:] != codes[:-1]) + 1)
    lengths = np.append(starts[1:], len(codes)) - starts
    return list(zip(codes[starts].tolist(), lengths.tolist(), strict=True))


@lru_cache(maxsize=len(PALETTE) ** 2)
def _styled(code: int) -> tuple[str, Style]:
    """A cell of two pixels. (In 24 bits of the very colours: Textual makes that of others, by a theme of its own.)"""
    upper, lower = (
        Color.from_triplet(Color.from_ansi(PALETTE[index][1]).get_truecolor()) for index in divmod(code, len(PALETTE))
    )
    if upper == lower:
        return " ", Style.from_color(bgcolor=upper)
    return "▀", Style.from_color(upper, lower)


@lru_cache(maxsize=1 << 17)
def _changed(fore: int, back: int, code: int) -> tuple[str, str, int, int]:
    """The shortest way to cells of two pixels from colours that are set: a style, the cell, the colours after it.

    Full blocks would often be shorter than spaces, but many fonts leave a slit between two of them.
    """
    upper, lower = divmod(code, len(PALETTE))
    ways = [(" ", fore, upper)] if upper == lower else [("▀", upper, lower), ("▄", lower, upper)]
    styled = [(_style(fore, back, to_fore, to_back), glyph, to_fore, to_back) for glyph, to_fore, to_back in ways]
    return min(styled, key=lambda way: len(way[0]))


def _style(fore: int, back: int, new_fore: int, new_back: int) -> str:
    codes = []
    if new_fore != fore:
        codes.append(f"38;5;{PALETTE[new_fore][1]}")
    if new_back != back:
        codes.append(f"48;5;{PALETTE[new_back][1]}")
    return f"\x1b[{';'.join(codes)}m" if codes else ""
