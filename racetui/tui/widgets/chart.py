"""A chart of one metric of the selected run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.segment import Segment
from textual.strip import Strip

from racetui.runs.model import Series
from racetui.tui import words
from racetui.tui.chart import Curve, PlotOptions, plot
from racetui.tui.desk import desk
from racetui.tui.frame import Box, framed
from racetui.tui.look import Look
from racetui.tui.pane import Cells


class Chart(Cells, can_focus=True):
    """A metric over frames; painted again only when it gained a point, or its place or look changed."""

    HELP = "A metric over frames. Gaps, and a mark on the axis, are where training gave no number (NaN)."

    def __init__(self, id: str, title: str, metric: str, role: str, from_zero: bool) -> None:
        super().__init__(id=id)
        self.title, self.metric, self.role, self.from_zero = title, metric, role, from_zero
        self._painted: tuple[Series | None, int, int, Look] | None = None
        self._body: list[Strip] = []

    def paint(self, width: int, height: int, look: Look) -> Sequence[Strip]:
        """The box with the curve in it, and the latest value in its edge."""
        detail = desk(self).picture.detail
        series = detail.series.get(self.metric) if detail else None
        if self._painted is None or self._painted[0] is not series or self._painted[1:] != (width, height, look):
            self._body = _body(series, width - 2, height - 2, self._options(look), self.role, look)
            self._painted = (series, width, height, look)
        latest = words.short(float(series.values[-1])) if series is not None and len(series.values) else words.UNKNOWN
        facts = [(latest, look.series[self.role] + look.strong)]
        return framed(self._body, width, height, Box(self.title, facts, self.has_focus), look)

    def _options(self, look: Look) -> PlotOptions:
        glyphs = look.glyphs
        return PlotOptions(
            ascii=glyphs.ascii,
            from_zero=self.from_zero,
            corner=glyphs.axis_corner,
            horizontal=glyphs.horizontal,
            tick=glyphs.tick,
            vertical=glyphs.vertical,
            nan=glyphs.nan,
        )


def _body(series: Series | None, width: int, height: int, options: PlotOptions, role: str, look: Look) -> list[Strip]:
    if series is None:
        x = y = np.empty(0)
    else:
        x, y = series.frames.astype(np.float64), series.values
    rows = plot([Curve(x, y, role)], width, height, options)
    return [Strip([Segment(text, look.series[part]) for text, part in row], width) for row in rows]
