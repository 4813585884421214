"""From curves to rows of cells, axes included."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from racetui.chart.axes import nice_end
from racetui.chart.canvas import ASCII_DOTS, BRAILLE_DOTS, DotStyle, pack, stroke
from racetui.chart.decimate import Columns, Floats, decimate
from racetui.chart.frame import (
    AXIS,
    CURSOR,
    LABEL,
    NAN,
    Frame,
    PlotOptions,
    Run,
    make_frame,
    x_axis,
    x_labels,
    y_labels,
)

__all__ = ["AXIS", "CURSOR", "LABEL", "NAN", "Curve", "Drawing", "PlotOptions", "Run", "draw", "plot", "x_end"]

USUAL = PlotOptions()
_TAG_CELLS = 24
"""From one tag on a curve to the next."""
_Cell: TypeAlias = tuple[str, str]
"""(character, role)."""


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
    tag: str = ""
    """A character to set on the line here and there, so that it is known without its colour."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart, and how its cells are found again."""

    rows: list[list[Run]]
    gutter: int = 0
    """Cells left of the dots, y-axis included."""
    columns: int = 0
    """Cells with dots in a row; 0 where nothing is drawn."""
    left: float = 0.0
    right: float = 0.0
    """x where the first of them begins and where the last one ends."""

    def at(self, cell: int) -> float | None:
        """The x in the middle of a cell, counted from the left edge of the chart; None beside the dots."""
        column = cell - self.gutter
        if not 0 <= column < self.columns:
            return None
        return self.left + (column + 0.5) / self.columns * (self.right - self.left)


def plot(curves: Sequence[Curve], width: int, height: int, options: PlotOptions = USUAL) -> list[list[Run]]:
    """``height`` rows of ``width`` cells: y-labels, dots, and an x-axis with its range. Empty rows if too small."""
    return draw(curves, width, height, options).rows


def draw(curves: Sequence[Curve], width: int, height: int, options: PlotOptions = USUAL) -> Drawing:
    """As ``plot``, with what it takes to find a cell's x again."""
    if height < 3 or width < 12:
        return Drawing([[(" " * width, LABEL)] for _ in range(height)])
    right = x_end(curves) if options.right is None else options.right
    seen = [_within(curve, options.left, right) for curve in curves]
    values = _values(seen)
    frame = make_frame(values, right, width, height, options)
    if frame is None:
        return Drawing(_nothing(_reason(values, options), width, height))
    dots = ASCII_DOTS if options.ascii else BRAILLE_DOTS
    seen = [_visible(curve, options) for curve in seen]
    lines = [curve for curve in seen if not curve.mark]
    fields = [decimate(curve.x, curve.y, frame.left, right, frame.columns * dots.across) for curve in lines]
    body = _body(lines, fields, dots, frame)
    _set_cursor(body, frame, options)
    for curve in seen:
        if curve.mark:
            _set_marks(body, curve, frame)
    rows = [[*label, *_runs(cells)] for label, cells in zip(y_labels(frame, options), body, strict=True)]
    gone = [field.missing for field in fields] or [np.zeros(frame.columns * dots.across, dtype=np.bool_)]
    missing = np.any(gone, axis=0).reshape(-1, dots.across).any(axis=1)
    rows += [x_axis(frame, missing.tolist(), options), x_labels(frame, width, options)]
    return Drawing(rows, frame.gutter + 1, frame.columns, frame.left, right)


def x_end(curves: Sequence[Curve]) -> float:
    """Where an x-axis that shows all of the curves ends: seldom changing while they grow."""
    return nice_end(max((float(curve.x[-1]) for curve in curves if len(curve.x)), default=0.0))


def _within(curve: Curve, left: float, right: float) -> Curve:
    """What is in view; a line that leaves it ends at its edge."""
    first, last = int(np.searchsorted(curve.x, left, "left")), int(np.searchsorted(curve.x, right, "right"))
    x, y = curve.x[first:last], curve.y[first:last]
    if not curve.mark:
        edges = [_crossing(curve, first, left), _crossing(curve, last, right)]
        x = np.concatenate([[left] * len(edges[0]), x, [right] * len(edges[1])])
        y = np.concatenate([edges[0], y, edges[1]])
    return replace(curve, x=x, y=y)


def _crossing(curve: Curve, after: int, at: float) -> list[float]:
    """The value with which a line passes ``at``, between point number ``after`` and the one before; none in a gap."""
    if not 0 < after < len(curve.x) or not np.isfinite(curve.y[after - 1 : after + 1]).all():
        return []
    return [float(np.interp(at, curve.x[after - 1 : after + 1], curve.y[after - 1 : after + 1]))]


def _values(curves: Sequence[Curve]) -> Floats:
    """All finite values; none where only marks have any, which alone are no chart."""
    if not any(np.isfinite(curve.y).any() for curve in curves if not curve.mark):
        return np.empty(0)
    return np.concatenate([curve.y[np.isfinite(curve.y)] for curve in curves])


def _reason(values: Floats, options: PlotOptions) -> str:
    """Why there is nothing to draw."""
    if len(values) and options.log:
        return "nothing above 0"
    return "nothing here" if options.left > 0 else "nothing yet"


def _visible(curve: Curve, options: PlotOptions) -> Curve:
    """A curve of a single point as a mark: one dot is easily overlooked."""
    lone = not curve.mark and np.isfinite(curve.y).sum() == 1
    return replace(curve, mark=curve.tag or options.point) if lone else curve


def _body(lines: Sequence[Curve], fields: Sequence[Columns], dots: DotStyle, frame: Frame) -> list[list[_Cell]]:
    """Every cell; one that several curves touch has the role of the last."""
    rows, columns = frame.rows, frame.columns
    height = rows * dots.down
    roles = [curve.role for curve in lines] or [LABEL]
    levels = [_levels(field, frame, height) for field in fields]
    grids = [stroke(low, high, height) for low, high in levels]
    blank = np.zeros((height, columns * dots.across), dtype=np.bool_)
    together = np.logical_or.reduce([blank, *grids])
    owner = np.zeros((rows, columns), dtype=np.int64)
    for number, grid in enumerate(grids):
        owner[grid.reshape(rows, dots.down, columns, dots.across).any(axis=(1, 3))] = number
    body = [
        [(character, roles[number]) for character, number in zip(text, owners, strict=True)]
        for text, owners in zip(pack(together, dots), owner.tolist(), strict=True)
    ]
    tagged = [(curve, ends) for curve, ends in zip(lines, levels, strict=True) if curve.tag]
    for turn, (curve, (low, high)) in enumerate(tagged):
        _set_tags(body, curve, np.clip((low + high) / 2, 0, height - 1), turn, dots)
    return body


def _levels(field: Columns, frame: Frame, height: int) -> tuple[Floats, Floats]:
    """Lower and upper end of the stroke in each column, in dots from the bottom."""
    low, high = field.low, field.high
    if frame.scale.log:
        hidden = ~(high > 0)
        low, high = np.where(hidden, np.nan, low), np.where(hidden, np.nan, high)
    return frame.scale.share(low) * (height - 1), frame.scale.share(high) * (height - 1)


def _set_tags(body: list[list[_Cell]], curve: Curve, levels: Floats, turn: int, dots: DotStyle) -> None:
    """Put a curve's tag on its last cell and on others, ``turn`` by turn where those of other curves are not."""
    drawn = np.flatnonzero(np.isfinite(levels))
    cells = {int(column) // dots.across: float(levels[column]) for column in drawn}
    last = max(cells, default=0)
    for cell, level in cells.items():
        if cell == last or (last - cell > 2 and (cell - 4 * turn) % _TAG_CELLS == _TAG_CELLS // 4):
            body[len(body) - 1 - round(level) // dots.down][cell] = (curve.tag, curve.role)


def _set_cursor(body: list[list[_Cell]], frame: Frame, options: PlotOptions) -> None:
    """Draw the cursor's line where no curve is."""
    column = None if options.cursor is None else frame.column(options.cursor)
    if column is None:
        return
    for cells in body:
        if cells[column][0] == " ":
            cells[column] = (options.vertical, CURSOR)


def _set_marks(body: list[list[_Cell]], curve: Curve, frame: Frame) -> None:
    """Put a curve's mark into the cell of each of its points."""
    for x, y in zip(curve.x.tolist(), curve.y.tolist(), strict=True):
        column = frame.column(x)
        if column is not None and math.isfinite(y):
            body[frame.row(y)][column] = (curve.mark, curve.role)


def _runs(cells: Sequence[_Cell]) -> list[Run]:
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


def _nothing(text: str, width: int, height: int) -> list[list[Run]]:
    text = text[:width]
    return [[(text.center(width) if row == height // 2 else " " * width, LABEL)] for row in range(height)]
