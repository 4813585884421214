"""A chart of one metric: of the selected run, and of those that are marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
from rich.segment import Segment
from textual import events
from textual.strip import Strip

from racetui import words
from racetui.chart import Curve, Drawing, PlotOptions, draw, x_end
from racetui.chart.axes import nice_step, time_step
from racetui.chart.decimate import Floats
from racetui.chart.smooth import smoothed
from racetui.chart.view import ChartView, limits, nearest, pointed
from racetui.keys import Place
from racetui.runs.model import EvaluationRow, RunState
from racetui.runs.positions import Axis
from racetui.tui.desk import desk
from racetui.tui.frame import Box, framed
from racetui.tui.lines import Piece, cells
from racetui.tui.look import Look
from racetui.tui.pane import Cells
from racetui.tui.presses import Presses, bindings
from racetui.tui.traces import Trace, selected_trace, traces

FROM_ZERO = frozenset({"frames_per_second", "episodes_per_second", "missed_tiles"})
"""Metrics whose axis begins at 0: of what there is more or less, not better or worse than nothing."""
Marks: TypeAlias = tuple[tuple[float, float, float], ...]
"""(frames, time, mean) of evaluations."""
Placed: TypeAlias = tuple[Trace, Floats, Floats]
"""A trace with its x and y as drawn."""


class Chart(Presses, Cells, can_focus=True):
    """A metric over frames or time; drawn again only when it gained a point, or its place or look changed."""

    PLACES = (Place.CHART,)
    BINDINGS = bindings(Place.CHART)
    HELP = (
        "A metric over frames, steps, time or episodes (X). Gaps, and a mark on the axis, are where training gave no "
        "number (NaN). Marked runs have curves of their own, with the letter and the colour of the run list. "
        "In the chart of returns each diamond is an evaluation. All charts show the same part of the axis, and the "
        "same cursor; values at the cursor, else the latest, are in the upper edge."
    )

    def __init__(self, id: str, title: str, metric: str, role: str, evaluations: bool = False) -> None:
        super().__init__(id=id)
        self.title, self.metric, self.role = title, metric, role
        self.evaluations = evaluations
        """Mark the mean of each evaluation."""
        self.whole = 0.0
        """Where the axis ends when everything is shown; 0 where nothing is."""
        self._painted: tuple[object, ...] = ()
        self._traces: Sequence[Trace] = ()
        self._placed: Sequence[Placed] = ()
        self._drawing = Drawing([])
        self._body: list[Strip] = []

    def traces(self) -> Sequence[Trace]:
        """What to draw, the last in front."""
        app = desk(self)
        return traces(app.picture, app.selected_run, app.marks, self.metric, self.role)

    def paint(self, width: int, height: int, look: Look) -> Sequence[Strip]:
        """The box with the curves in it, and values in its edge."""
        app = desk(self)
        shown, detail, view = self.traces(), app.picture.detail, app.charts
        marks = _marks(detail.evaluations) if detail and self.evaluations else ()
        painted = (tuple(trace.key for trace in shown), marks, view, self.metric, width, height, look)
        if painted != self._painted:
            self._traces = shown  # kept, so that no other trace gets its key
            self._draw(marks, width - 2, height - 2)
            self._painted = painted
        title = self.title + describe(view, self.metric, look.glyphs.dot)
        facts = self._facts(look, width - len(title) - 7)
        return framed(self._body, width, height, Box(title, facts, self.has_focus), look)

    def _draw(self, marks: Marks, width: int, height: int) -> None:
        look, view = self.look, desk(self).charts
        self._placed = [placed for trace in self._traces if (placed := _place(trace, view)) is not None]
        curves = [Curve(x, trace.series.values, "raw") for trace, x, _ in self._placed if view.smoothing]
        curves += [Curve(x, y, trace.role, tag=trace.tag) for trace, x, y in self._placed]
        self.whole = x_end(curves) if any(len(curve.x) for curve in curves) else 0.0
        own = selected_trace(desk(self).picture, desk(self).selected_run, self.metric, self.role)
        if marks and self.whole > 0 and own is not None:
            curves += _evaluations(own, marks, view.axis, look)
            self.whole = x_end(curves)
        self._drawing = draw(curves, width, height, self._options(look, view))
        rows = self._drawing.rows
        if self._traces and not self._placed:
            note = f"no run here kept count of its {view.axis}"[:width].center(width)
            rows = [[(note if row == height // 2 else " " * width, "label")] for row in range(height)]
        self._body = [Strip([Segment(text, look.series[part]) for text, part in row], width) for row in rows]

    def _options(self, look: Look, view: ChartView) -> PlotOptions:
        glyphs = look.glyphs
        left, right = limits(view, self.whole or 1.0)
        timed = view.axis.timed
        return PlotOptions(
            ascii=glyphs.ascii,
            from_zero=self.metric in FROM_ZERO,
            log=self.metric in view.log,
            left=left,
            right=right,
            cursor=view.cursor,
            corner=glyphs.axis_corner,
            horizontal=glyphs.horizontal,
            tick=glyphs.tick,
            vertical=glyphs.vertical,
            point=glyphs.point,
            nan=glyphs.nan,
            format_x=_duration if timed else words.trimmed,
            step_x=time_step if timed else nice_step,
        )

    def _facts(self, look: Look, room: int) -> list[Piece]:
        """Values at the cursor, else the latest; as many runs as there is room for."""
        view = desk(self).charts
        facts: list[Piece] = []
        if view.cursor is not None and self._placed:
            facts.append((f"at {written(view.cursor, view.axis)}", look.muted))
        read = partial(nearest, to=view.cursor) if view.cursor is not None else _last
        for trace, x, y in reversed(self._placed):
            found = read(x, y)
            value = words.UNKNOWN if found is None else "NaN" if np.isnan(found[1]) else words.short(found[1])
            text = f"{trace.tag} {value}" if trace.tag else value
            piece = (f"{'  ' if facts else ''}{text}", look.series[trace.role] + look.strong)
            if cells([*facts, piece]) > room and facts:
                break
            facts.append(piece)
        return facts or [(words.UNKNOWN, look.series[self.role] + look.strong)]

    def do_cursor_left(self) -> None:
        """A cell further left."""
        self._point(lambda at, cell, _: at - cell)

    def do_cursor_right(self) -> None:
        """A cell further right."""
        self._point(lambda at, cell, _: at + cell)

    def do_cursor_first(self) -> None:
        """To the first values."""
        self._point(lambda _at, _cell, ends: ends[0])

    def do_cursor_last(self) -> None:
        """To the newest values."""
        self._point(lambda _at, _cell, ends: ends[1])

    def _point(self, move: Callable[[float, float, tuple[float, float]], float]) -> None:
        """Move the cursor from where it is, else from the newest point; between the ends of all curves."""
        app, drawing = desk(self), self._drawing
        points = [x for _, x, _ in self._placed if len(x)]
        if not drawing.columns or not points:
            return
        ends = min(float(x[0]) for x in points), max(float(x[-1]) for x in points)
        at = app.charts.cursor if app.charts.cursor is not None else ends[1]
        to = move(at, (drawing.right - drawing.left) / drawing.columns, ends)
        app.show_charts(pointed(app.charts, self.whole, min(max(to, ends[0]), ends[1])))

    def on_click(self, event: events.Click) -> None:
        """Read off values where it was clicked."""
        at = self._drawing.at(event.x - 1)
        if at is not None:
            app = desk(self)
            app.show_charts(pointed(app.charts, self.whole, at))


def describe(view: ChartView, metric: str, dot: str) -> str:
    """What is not usual about how a metric is shown, for the chart's title; ``dot`` stands between facts."""
    facts = ["log"] if metric in view.log else []
    facts += [f"mean of {view.smoothing}"] if view.smoothing else []
    facts += [view.axis.value] if view.axis is not Axis.FRAMES else []
    return "".join(f" {dot} {fact}" for fact in facts)


def written(x: float, axis: Axis) -> str:
    """A place on the axis, as its labels are written."""
    return words.duration(x) if axis.timed else words.short(x)


def _duration(seconds: float, _digits: int) -> str:
    return words.duration(seconds)


def _last(x: Floats, y: Floats) -> tuple[float, float] | None:
    return (float(x[-1]), float(y[-1])) if len(x) else None


def _place(trace: Trace, view: ChartView) -> Placed | None:
    """Where a trace is drawn; None where its run kept no count of the axis."""
    x = trace.x(view.axis)
    return None if x is None else (trace, x, smoothed(trace.series.values, view.smoothing))


def _evaluations(trace: Trace, marks: Marks, axis: Axis, look: Look) -> list[Curve]:
    """A mark at each of the selected run's evaluations."""
    points = sorted((x, mean) for frames, when, mean in marks if (x := trace.at(frames, when, axis)) is not None)
    if not points:
        return []
    x, y = np.array(points).T
    return [Curve(x, y, "evaluation", look.glyphs.states[RunState.EVALUATING])]


def _marks(evaluations: Sequence[EvaluationRow]) -> Marks:
    """Frames, time and mean of each evaluation that has one."""
    return tuple(
        (float(row.frames), row.started, float(row.results["mean"]))
        for row in evaluations
        if row.results.get("mean") is not None
    )
