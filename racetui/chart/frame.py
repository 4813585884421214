"""The frame of a chart: its axes, their labels, and which cell a point lies in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from racetui.chart.axes import digits, nice_step, ticks
from racetui.chart.decimate import Floats
from racetui.chart.scale import Scale, linear, logarithmic
from racetui.words import trimmed

AXIS, LABEL, NAN, CURSOR = "axis", "label", "nan", "cursor"
"""Roles of cells beside the curves, whose role is their own."""

Run: TypeAlias = tuple[str, str]
"""(text, role): neighbouring cells of one role."""


@dataclass(frozen=True, slots=True)
class PlotOptions:
    """What a chart looks like apart from its curves."""

    ascii: bool = False
    from_zero: bool = False
    """The y-axis begins at 0 where no value is below (speeds)."""
    log: bool = False
    """The y-axis is logarithmic; what is not above 0 lies at its lower end."""
    left: float = 0.0
    right: float | None = None
    """Ends of the x-axis; None is a little beyond the last point."""
    cursor: float | None = None
    """Where a vertical line is drawn behind the curves."""
    corner: str = "╰"
    horizontal: str = "─"
    tick: str = "┤"
    vertical: str = "│"
    point: str = "•"
    """For a curve that has only one."""
    nan: str = "\N{MULTIPLICATION SIGN}"
    format: Callable[[float, int], str] = trimmed
    """A value in so many significant digits."""
    format_x: Callable[[float, int], str] = trimmed
    step_x: Callable[[float, int], float] = nice_step
    """How far apart labels of the x-axis are: of its span and how many there may be."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The axes and the place left for dots."""

    left: float
    right: float
    scale: Scale
    gutter: int
    """Cells left of the y-axis."""
    columns: int
    rows: int

    def row(self, y: float) -> int:
        """The row of cells in which a value lies."""
        share = float(self.scale.share(np.array([y]))[0])
        return min(self.rows - 1, max(0, round((1 - share) * (self.rows - 1))))

    def column(self, x: float) -> int | None:
        """The cell of a row in which ``x`` lies; None where it is out of view."""
        if not self.left <= x <= self.right:
            return None
        return min(self.columns - 1, int((x - self.left) / (self.right - self.left) * self.columns))


def make_frame(values: Floats, right: float, width: int, height: int, options: PlotOptions) -> Frame | None:
    """The frame for these values, all finite; None where none of them can be shown in so little room."""
    rows = height - 2
    if options.log:
        values = values[values > 0]
    if not len(values):
        return None
    low, high, count = float(values.min()), float(values.max()), max(2, rows // 2)
    if options.log:
        scale = logarithmic(low, high, count)
    else:
        scale = linear(0.0 if options.from_zero and low > 0 else low, high, count)
    gutter = 1 + max(map(len, _texts(scale, options)), default=1)
    columns = width - gutter - 1
    return Frame(options.left, right, scale, gutter, columns, rows) if columns > 1 else None


def y_labels(frame: Frame, options: PlotOptions) -> list[list[Run]]:
    """What stands left of the dots, row by row."""
    rows: list[list[Run]] = [[(" " * frame.gutter, LABEL), (options.vertical, AXIS)] for _ in range(frame.rows)]
    for value, text in zip(frame.scale.ticks, _texts(frame.scale, options), strict=True):
        rows[frame.row(value)] = [(f"{text:>{frame.gutter}}", LABEL), (options.tick, AXIS)]
    return rows


def _texts(scale: Scale, options: PlotOptions) -> list[str]:
    count = 3 if scale.log else digits(scale.low, scale.high)
    return [options.format(value, count) for value in scale.ticks]


def x_axis(frame: Frame, missing: Sequence[bool], options: PlotOptions) -> list[Run]:
    """The line below the dots, marked where a value is not a number."""
    runs: list[Run] = [(" " * frame.gutter, LABEL), (options.corner, AXIS)]
    for gone in missing:
        text, role = (options.nan, NAN) if gone else (options.horizontal, AXIS)
        if runs[-1][1] == role:
            runs[-1] = (runs[-1][0] + text, role)
        else:
            runs.append((text, role))
    return runs


def x_labels(frame: Frame, width: int, options: PlotOptions) -> list[Run]:
    """Labels under round places; those of both ends are always shown where there is room for two."""
    inner, left, right = frame.columns, frame.left, frame.right
    count = digits(left, right)
    last = options.format_x(right, count)[:inner]
    cells = [" "] * inner
    cells[inner - len(last) :] = last
    free = inner - len(last) - 1
    first = options.format_x(left, count)
    if len(first) <= free:
        cells[: len(first)] = first
    for value in ticks(left, right, options.step_x(right - left, max(1, inner // 14))):
        text = options.format_x(value, count)
        start = round((value - left) / (right - left) * inner) - len(text) // 2
        beside = cells[max(0, start - 1) : start + len(text) + 1]
        if start >= 0 and start + len(text) <= free and not "".join(beside).strip():
            cells[start : start + len(text)] = text
    line = " " * (frame.gutter + 1) + "".join(cells)
    return [(f"{line:<{width}}"[:width], LABEL)]
