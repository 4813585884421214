"""A chart of one metric of the selected run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from rich.segment import Segment
from textual.strip import Strip

from racetui.runs.model import EvaluationRow, RunState, Series
from racetui.tui import words
from racetui.tui.chart import Curve, PlotOptions, plot
from racetui.tui.desk import desk
from racetui.tui.frame import Box, framed
from racetui.tui.look import Look
from racetui.tui.pane import Cells

Marks: TypeAlias = tuple[tuple[float, float], ...]
"""(frames, mean) of evaluations."""


class Chart(Cells, can_focus=True):
    """A metric over frames; painted again only when it gained a point, or its place or look changed."""

    HELP = (
        "A metric over frames. Gaps, and a mark on the axis, are where training gave no number (NaN). "
        "In the chart of returns each diamond is an evaluation."
    )

    def __init__(self, id: str, title: str, metric: str, role: str, evaluations: bool = False) -> None:
        super().__init__(id=id)
        self.title, self.metric, self.role = title, metric, role
        self.evaluations = evaluations
        """Mark the mean of each evaluation."""
        self._painted: tuple[Series | None, Marks, int, int, Look] | None = None
        self._body: list[Strip] = []

    def paint(self, width: int, height: int, look: Look) -> Sequence[Strip]:
        """The box with the curve in it, and the latest value in its edge."""
        detail = desk(self).picture.detail
        series = detail.series.get(self.metric) if detail else None
        marks = _marks(detail.evaluations) if detail and self.evaluations else ()
        if (
            self._painted is None
            or self._painted[0] is not series
            or self._painted[1:] != (marks, width, height, look)
        ):
            self._body = self._draw(series, marks, width - 2, height - 2, look)
            self._painted = (series, marks, width, height, look)
        latest = words.short(float(series.values[-1])) if series is not None and len(series.values) else words.UNKNOWN
        facts = [(latest, look.series[self.role] + look.strong)]
        return framed(self._body, width, height, Box(self.title, facts, self.has_focus), look)

    def _draw(self, series: Series | None, marks: Marks, width: int, height: int, look: Look) -> list[Strip]:
        curves = []
        if series is not None:
            curves.append(Curve(series.frames.astype(np.float64), series.values, self.role))
        if marks and series is not None and len(series.values):
            x, y = np.array(sorted(marks)).T
            curves.append(Curve(x, y, "evaluation", look.glyphs.states[RunState.EVALUATING]))
        rows = plot(curves, width, height, self._options(look))
        return [Strip([Segment(text, look.series[part]) for text, part in row], width) for row in rows]

    def _options(self, look: Look) -> PlotOptions:
        glyphs = look.glyphs
        return PlotOptions(
            ascii=glyphs.ascii,
            from_zero=self.metric != "return_mean",
            corner=glyphs.axis_corner,
            horizontal=glyphs.horizontal,
            tick=glyphs.tick,
            vertical=glyphs.vertical,
            point=glyphs.point,
            nan=glyphs.nan,
        )


def _marks(evaluations: Sequence[EvaluationRow]) -> Marks:
    """Frames and mean of each evaluation that has one."""
    return tuple(
        (float(row.frames), float(row.results["mean"])) for row in evaluations if row.results.get("mean") is not None
    )
