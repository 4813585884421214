"""Bars and strips of one row."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rich.style import Style

from racetui.tui.lines import Piece
from racetui.tui.look import Look


def bar(share: float, width: int, look: Look, style: Style) -> list[Piece]:
    """A bar filled to ``share`` of 1."""
    full = max(0, min(width, round(share * width))) if math.isfinite(share) else 0
    return [(look.glyphs.bar_full * full, style), (look.glyphs.bar_empty * (width - full), look.faint)]


def load_style(share: float, look: Look) -> Style:
    """The colour of a processor used to ``share`` of 1: all of it is what training is for, so never alarming."""
    return look.warn if share >= 0.9 else look.good


def fill_style(share: float, look: Look) -> Style:
    """The colour of memory used to ``share`` of 1: all of it is the end."""
    return look.bad if share >= 0.9 else look.warn if share >= 0.75 else look.good


def levels(shares: Sequence[float], look: Look) -> list[Piece]:
    """One cell per value, as high and as warm as the share of 1 it stands for; the lowest for nothing, too."""
    steps = look.glyphs.levels[1:]
    top = len(steps) - 1
    return [
        (steps[max(0, min(top, round(share * top)))], load_style(share, look) if share >= 0.01 else look.faint)
        for share in shares
    ]


def stacked(shares: Sequence[tuple[float, Style]], width: int, look: Look) -> list[Piece]:
    """One bar of several parts that fill it together when their shares add up to 1."""
    pieces: list[Piece] = []
    done, ends = 0, 0.0
    marks = "#=+-" if look.glyphs.ascii else "█▓▒░"
    for number, (share, style) in enumerate(shares):
        ends += share
        end = max(done, min(width, round(ends * width)))
        pieces.append((marks[number % len(marks)] * (end - done), style))
        done = end
    return [*pieces, (" " * (width - done), look.text)]


def sparkline(values: Sequence[float] | npt.NDArray[np.float64], width: int, look: Look) -> str:
    """The course of ``values`` in one row: the last value of each of ``width`` equal parts."""
    if not len(values):
        return " " * width
    picked = [float(values[math.ceil((column + 1) * len(values) / width) - 1]) for column in range(width)]
    finite = [value for value in picked if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    steps = look.glyphs.levels[1:]
    scale = (len(steps) - 1) / (high - low) if high > low else 0.0
    return "".join(steps[round((value - low) * scale)] if math.isfinite(value) else " " for value in picked)
