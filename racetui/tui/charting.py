"""What the keys of the charts do on a screen that has some."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from textual.screen import Screen

from racetui.chart import view as views
from racetui.chart.view import ChartView
from racetui.tui.desk import desk
from racetui.tui.widgets.chart import Chart


class Charting:
    """Mixed into a screen. What is about x holds for all charts, what is about y for the focused or first one."""

    def do_x_axis(self) -> None:
        """The next axis."""
        self._show(lambda view, _: views.next_axis(view))

    def do_log_scale(self) -> None:
        """Logarithmic or linear."""
        self._show(lambda view, chart: views.log_switched(view, chart.metric))

    def do_smooth(self) -> None:
        """More, or not at all."""
        self._show(lambda view, _: views.next_smoothing(view))

    def do_zoom_in(self) -> None:
        """Closer."""
        self._show(lambda view, chart: views.zoomed(view, chart.whole, views.CLOSER))

    def do_zoom_out(self) -> None:
        """Further."""
        self._show(lambda view, chart: views.zoomed(view, chart.whole, 1 / views.CLOSER))

    def do_pan_left(self) -> None:
        """What was before."""
        self._show(lambda view, chart: views.panned(view, chart.whole, -1))

    def do_pan_right(self) -> None:
        """What was after."""
        self._show(lambda view, chart: views.panned(view, chart.whole, 1))

    def do_everything(self) -> None:
        """All of it."""
        self._show(lambda view, _: views.everything(view))

    def _show(self, change: Callable[[ChartView, Chart], ChartView]) -> None:
        screen = cast("Screen[None]", self)
        focused = screen.focused
        charts = [focused] if isinstance(focused, Chart) else [*screen.query(Chart)]
        chart = next((chart for chart in charts if chart.in_sight), None)
        if chart is None:
            desk(screen).tell("no chart is in sight: there is not room for one", "warning")
        elif chart.whole > 0:
            desk(screen).show_charts(change(desk(screen).charts, chart))
