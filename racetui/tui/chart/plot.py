"""From curves to rows of cells, axes included."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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
    """0 or more; must not decrease."""
    y: Floats
    """NaN and infinite values are gaps."""
    role: str
    """Decides the colour."""
    mark: str = ""
    """A character to set at each point, instead of a line through them."""


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
    point: str = "•"
    """For a curve that has only one."""
    nan: str = "\N{MULTIPLICATION SIGN}"
    format: Callable[[float], str] = trimmed


Run = tuple[str, str]
"""(text, role): neighbouring cells of one role."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """The axes' limits and the place left for dots."""

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
    curves = [_visible(curve, options) for curve in curves]
    lines = [curve for curve in curves if not curve.mark]
    fields = [decimate(curve.x, curve.y, 0.0, frame.right, frame.columns * dots.across) for curve in lines]
    body = _body(
        [_stroke(field, frame, dots) for field in fields], [curve.role for curve in lines] or [LABEL], dots, frame
    )
    for curve in curves:
        if curve.mark:
            _set_marks(body, curve, frame)
    rows = [[*label, *_runs(cells)] for label, cells in zip(_y_labels(frame, options), body, strict=True)]
    gone = [field.missing for field in fields] or [np.zeros(frame.columns * dots.across, dtype=np.bool_)]
    missing = np.any(gone, axis=0).reshape(-1, dots.across).any(axis=1)
    return [*rows, _x_axis(frame, missing.tolist(), options), _x_labels(frame, width, options)]


def _visible(curve: Curve, options: PlotOptions) -> Curve:
    """A curve of a single point as a mark: one dot is easily overlooked."""
    lone = not curve.mark and np.isfinite(curve.y).sum() == 1
    return replace(curve, mark=options.point) if lone else curve


def _frame(curves: Sequence[Curve], width: int, height: int, options: PlotOptions) -> _Frame | None:
    lines = [curve.y for curve in curves if not curve.mark and np.isfinite(curve.y).any()]
    if not lines:
        return None
    finite = np.concatenate([curve.y[np.isfinite(curve.y)] for curve in curves])
    rows = height - 2
    low, high = float(finite.min()), float(finite.max())
    if options.from_zero and low >= 0:
        low = 0.0
    low, high, step = nice_range(low, high, max(2, rows // 2))
    gutter = 1 + max(len(options.format(value)) for value in ticks(low, high, step))
    right = nice_end(max(float(curve.x[-1]) for curve in curves if len(curve.x)))
    return _Frame(right, low, high, step, gutter, width - gutter - 1, rows)


def _stroke(field: Columns, frame: _Frame, dots: DotStyle) -> np.ndarray:
    height = frame.rows * dots.down
    scale = (height - 1) / (frame.high - frame.low)
    return stroke((field.low - frame.low) * scale, (field.high - frame.low) * scale, height)


def _body(
    grids: Sequence[np.ndarray], roles: Sequence[str], dots: DotStyle, frame: _Frame
) -> list[list[tuple[str, str]]]:
    """(character, role) of every cell; one that several curves touch has the role of the last."""
    rows, columns = frame.rows, frame.columns
    blank = np.zeros((rows * dots.down, columns * dots.across), dtype=np.bool_)
    together = np.logical_or.reduce([blank, *grids])
    owner = np.zeros((rows, columns), dtype=np.int64)
    for number, grid in enumerate(grids):
        owner[grid.reshape(rows, dots.down, columns, dots.across).any(axis=(1, 3))] = number
    return [
        [(character, roles[number]) for character, number in zip(text, owners, strict=True)]
        for text, owners in zip(pack(together, dots), owner.tolist(), strict=True)
    ]


def _set_marks(body: list[list[tuple[str, str]]], curve: Curve, frame: _Frame) -> None:
    """Put a curve's mark into the cell of each of its points."""
    for x, y in zip(curve.x.tolist(), curve.y.tolist(), strict=True):
        if not (math.isfinite(y) and 0 <= x <= frame.right):
            continue
        column = min(frame.columns - 1, int(x / frame.right * frame.columns))
        row = round((1 - (y - frame.low) / (frame.high - frame.low)) * (frame.rows - 1))
        body[row][column] = (curve.mark, curve.role)


def _runs(cells: Sequence[tuple[str, str]]) -> list[Run]:
    """Merge neighbouring cells of one role; blanks join whatever is beside them."""
    runs: list[Run] = []
    text, role = "", cells[0][1] if cells else ""
    for character, its in cells:
        if character != " " and its != role:
            runs.append((text, role))
            text, role = "", its
        text += character
    runs.append((text, role))
    return [run for run in runs if run[0]]


def _y_labels(frame: _Frame, options: PlotOptions) -> list[list[Run]]:
    rows: list[list[Run]] = [[(" " * frame.gutter, LABEL), (options.vertical, AXIS)] for _ in range(frame.rows)]
    for value in ticks(frame.low, frame.high, frame.step):
        share = (value - frame.low) / (frame.high - frame.low)
        row = min(frame.rows - 1, max(0, round((1 - share) * (frame.rows - 1))))
        rows[row] = [(f"{options.format(value):>{frame.gutter}}", LABEL), (options.tick, AXIS)]
    return rows


def _x_axis(frame: _Frame, missing: Sequence[bool], options: PlotOptions) -> list[Run]:
    line = [(options.nan, NAN) if gone else (options.horizontal, AXIS) for gone in missing]
    return [(" " * frame.gutter, LABEL), (options.corner, AXIS), *_runs(line)]


def _x_labels(frame: _Frame, width: int, options: PlotOptions) -> list[Run]:
    """Labels under round places; the last is always shown."""
    inner = frame.columns
    cells = [" "] * inner
    last = options.format(frame.right)
    cells[inner - len(last) :] = last
    free = inner - len(last) - 1
    _, _, step = nice_range(0.0, frame.right, max(1, inner // 14))
    for value in ticks(0.0, frame.right, step):
        text = options.format(value)
        start = round(value / frame.right * inner)
        start = 0 if value == 0 else start - len(text) // 2
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
