"""The marked runs side by side: one metric of all of them, who is best, and in what they differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from racetui.comparison import Comparison
from racetui.keys import Place
from racetui.runs.errors import ControlError
from racetui.runs.positions import COUNTS
from racetui.tui.charting import Charting
from racetui.tui.desk import desk
from racetui.tui.pane import Cells
from racetui.tui.picture import CURVES, Compared
from racetui.tui.presses import bindings
from racetui.tui.traces import Trace, marked_traces
from racetui.tui.view import View
from racetui.tui.widgets.chart import Chart
from racetui.tui.widgets.footer import Footer
from racetui.tui.widgets.header import Header
from racetui.tui.widgets.standings import Standings

if TYPE_CHECKING:
    from racetui.comparison.export import Shown


class ComparedChart(Chart):
    """One metric of the marked runs and of no others."""

    def __init__(self, id: str) -> None:
        super().__init__(id, CURVES[0], CURVES[0], "return")

    def traces(self) -> Sequence[Trace]:
        """The marked runs."""
        app = desk(self)
        return marked_traces(app.picture, app.marks, self.metric)

    def show(self, metric: str) -> None:
        """Draw this one from now on."""
        self.title = self.metric = metric
        desk(self).compare_by(metric)
        self.repaint()


class CompareView(Charting, View):
    """A chart above, ranking and settings below."""

    PLACES = (Place.COMPARE, Place.CHARTS, Place.READING, Place.VIEW)
    BINDINGS = bindings(Place.COMPARE, Place.CHARTS, Place.READING, Place.VIEW)
    AUTO_FOCUS = "ComparedChart"
    ABOUT_ALL = True

    def compose(self) -> ComposeResult:
        """Header, chart, ranking, footer."""
        yield Header()
        yield ComparedChart("compared")
        yield Standings("standings")
        yield Footer(*self.PLACES)

    def do_back(self) -> None:
        """Back to where one came from."""
        self.dismiss()

    def on_unmount(self) -> None:
        """The usual curves are enough."""
        desk(self).compare_by(Compared().metric)

    def do_other_pane(self) -> None:
        """Focus the chart or the ranking."""
        self.focus_next(Cells)

    def do_next_metric(self) -> None:
        """The next of all metrics that any of the runs has."""
        self._turn(1)

    def do_previous_metric(self) -> None:
        """The one before."""
        self._turn(-1)

    def _turn(self, steps: int) -> None:
        comparison, chart = desk(self).picture.comparison, self.query_one(ComparedChart)
        known = comparison.metrics if comparison is not None else ()
        metrics = [name for name in dict.fromkeys((*CURVES, *known)) if name not in COUNTS.values()]
        chart.show(metrics[(metrics.index(chart.metric) + steps) % len(metrics)])

    def do_export(self) -> None:
        """Write it all into the store, and say where."""
        app, metric = desk(self), self.query_one(ComparedChart).metric
        comparison = app.picture.comparison
        if comparison is None:
            app.tell("nothing to export: no run is marked", "warning")
            return
        from racetui.comparison.export import Shown

        slots = (app.marks.slot(contestant.run.id) for contestant in comparison.contestants)
        shown = Shown(metric, app.charts.axis, metric in app.charts.log, tuple(slot or 0 for slot in slots))
        export = app.services.export
        app.in_background(lambda: _export(export, comparison, shown), lambda done: app.tell(*done))


def _export(
    export: Callable[[Comparison, Shown, Path], Path], comparison: Comparison, shown: Shown
) -> tuple[str, str]:
    """Export; returns what to say of it, and how serious it is."""
    store = comparison.contestants[0].run.path.parent.parent
    try:
        return f"comparison written to {export(comparison, shown, store)}", "information"
    except OSError as error:
        return f"nothing exported to {store}: {error.strerror or error}", "error"
    except ControlError as error:
        return f"nothing exported: {error}", "error"
