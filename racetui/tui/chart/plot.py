"""From curves to rows of cells, axes included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from racetui.tui.chart.axes import nice_end, nice_range, ticks
from racetui.tui.chart.canvas import ASCII_DOTS, BRAILLE_DOTS, DotStyle, pack, stroke
from racetui.tui.chart.decimate import Columns, Floats, decimate
from racetui.tui.words import trimmed

AXIS, LABEL, NAN = "axis", "label", "nan"
"""Roles of cells beside the curves, whose role is their own."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A line to draw."""

    x: Floats
    """Must not decrease."""
    y: Floats
    """NaN and infinite values are gaps."""
    role: str
    """Decides the colour."""


@dataclass(frozen=True, slots=True)
class PlotOptions:
    """What a chart looks like apart from its curves."""

    ascii: bool = False
    from_zero: bool = False
    """The y-axis begins at 0 where no value is below (speeds)."""
    corner: str = "╰"
    horizontal: str = "─"
    tick: str = "┤"
    vertical: str = "│"
    nan: str = "\N{MULTIPLICATION SIGN}"
    format: Callable[[float], str] = trimmed


Run = tuple[str, str]
"""(text, role): neighbouring cells of one role."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """The axes' limits and the place left for dots."""

    left: float
    right: float
    low: float
    high: float
    step: float
    gutter: int
    columns: int
    rows: int


def plot(curves: Sequence[Curve], width: int, height: int, options: PlotOptions = PlotOptions()) -> list[list[Run]]:
    """``height`` rows of ``width`` cells: y-labels, dots, and an x-axis with its range. Empty rows if too small."""
    if height < 3 or width < 12:
        return [[(" " * width, LABEL)] for _ in range(height)]
    dots = ASCII_DOTS if options.ascii else BRAILLE_DOTS
    frame = _frame(curves, width, height, options)
    if frame is None:
        return _nothing_yet(width, height)
    fields = [decimate(curve.x, curve.y, frame.left, frame.right, frame.columns * dots.across) for curve in curves]
    body = _body([_stroke(field, frame, dots) for field in fields], [curve.role for curve in curves], dots)
    rows = [[*label, *cells] for label, cells in zip(_y_labels(frame, options), body, strict=True)]
    missing = np.any([field.missing for field in fields], axis=0).reshape(frame.columns, dots.across).any(axis=1)
    return [*rows, _x_axis(frame, missing.tolist(), options), _x_labels(frame, width, options)]


def _frame(curves: Sequence[Curve], width: int, height: int, options: PlotOptions) -> _Frame | None:
    values = [curve.y[np.isfinite(curve.y)] for curve in curves]
    finite = np.concatenate(values) if values else np.empty(0)
    if not len(finite):
        return None
    rows = height - 2
    low, high = float(finite.min()), float(finite.max())
    if options.from_zero and low >= 0:
        low = 0.0
    low, high, step = nice_range(low, high, max(2, rows // 3))
    gutter = 1 + max(len(options.format(value)) for value in ticks(low, high, step))
    left = min(float(curve.x[0]) for curve in curves if len(curve.x))
    right = nice_end(max(float(curve.x[-1]) for curve in curves if len(curve.x)))
    left = 0.0 if left < right / 4 or left >= right else left
    return _Frame(left, right, low, high, step, gutter, width - gutter - 1, rows)


def _stroke(field: Columns, frame: _Frame, dots: DotStyle) -> np.ndarray:
    height = frame.rows * dots.down
    scale = (height - 1) / (frame.high - frame.low)
    return stroke((field.low - frame.low) * scale, (field.high - frame.low) * scale, height)


def _body(grids: Sequence[np.ndarray], roles: Sequence[str], dots: DotStyle) -> list[list[Run]]:
    """Dots of all curves in one grid; a cell has the role of the last curve that touches it."""
    together = np.logical_or.reduce(grids)
    height, width = together.shape
    rows, columns = height // dots.down, width // dots.across
    owner = np.zeros((rows, columns), dtype=np.int64)
    for number, grid in enumerate(grids):
        owner[grid.reshape(rows, dots.down, columns, dots.across).any(axis=(1, 3))] = number
    return [
        _runs(text, [roles[number] for number in owners])
        for text, owners in zip(pack(together, dots), owner.tolist(), strict=True)
    ]


def _runs(text: str, roles: Sequence[str]) -> list[Run]:
    """Merge neighbouring cells of one role; blanks join whatever is beside them."""
    runs: list[Run] = []
    start = 0
    role = roles[0]
    for index, character in enumerate(text):
        if character != " " and roles[index] != role:
            runs.append((text[start:index], role))
            start, role = index, roles[index]
    runs.append((text[start:], role))
    return [run for run in runs if run[0]]


def _y_labels(frame: _Frame, options: PlotOptions) -> list[list[Run]]:
    rows: list[list[Run]] = [[(" " * frame.gutter, LABEL), (options.vertical, AXIS)] for _ in range(frame.rows)]
    for value in ticks(frame.low, frame.high, frame.step):
        share = (value - frame.low) / (frame.high - frame.low)
        row = min(frame.rows - 1, max(0, round((1 - share) * (frame.rows - 1))))
        rows[row] = [(f"{options.format(value):>{frame.gutter}}", LABEL), (options.tick, AXIS)]
    return rows


def _x_axis(frame: _Frame, missing: Sequence[bool], options: PlotOptions) -> list[Run]:
    line = "".join(options.nan if gone else options.horizontal for gone in missing)
    roles = [NAN if gone else AXIS for gone in missing]
    return [(" " * frame.gutter, LABEL), (options.corner, AXIS), *_runs(line, roles)]


def _x_labels(frame: _Frame, width: int, options: PlotOptions) -> list[Run]:
    """Labels under round places; the last is always shown."""
    inner = frame.columns
    cells = [" "] * inner
    last = options.format(frame.right)
    cells[inner - len(last) :] = last
    free = inner - len(last) - 1
    low, _, step = nice_range(frame.left, frame.right, max(1, inner // 14))
    for value in [frame.left, *ticks(low, frame.right, step)]:
        text = options.format(value)
        start = round((value - frame.left) / (frame.right - frame.left) * inner)
        start = 0 if value == frame.left else start - len(text) // 2
        if (
            start >= 0
            and start + len(text) <= free
            and not "".join(cells[max(0, start - 1) : start + len(text) + 1]).strip()
        ):
            cells[start : start + len(text)] = text
    line = " " * (frame.gutter + 1) + "".join(cells)
    return [(f"{line:<{width}}"[:width], LABEL)]


def _nothing_yet(width: int, height: int) -> list[list[Run]]:
    text = "nothing yet"
    return [[(text.center(width) if row == height // 2 else " " * width, LABEL)] for row in range(height)]
