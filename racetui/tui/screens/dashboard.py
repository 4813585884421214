"""The first screen: all runs, and everything important about one of them."""

from __future__ import annotations

from collections.abc import Awaitable

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from carracing.task import OBSERVATIONS
from racetui.keys import Place
from racetui.runs.filtering import Filter
from racetui.tui.charting import Charting
from racetui.tui.desk import desk
from racetui.tui.pane import Cells
from racetui.tui.presses import bindings
from racetui.tui.view import View
from racetui.tui.widgets.car import Car
from racetui.tui.widgets.chart import Chart
from racetui.tui.widgets.footer import Footer
from racetui.tui.widgets.hardware import Hardware
from racetui.tui.widgets.header import Header
from racetui.tui.widgets.log import Log
from racetui.tui.widgets.run_list import RunList
from racetui.tui.widgets.selected import Selected

WIDTHS = ((0, "narrow"), (72, "medium"), (110, "wide"), (170, "huge"))
"""Least columns for each class of layout."""
HEIGHTS = ((0, "short"), (22, "normal"), (34, "tall"), (52, "high"))
"""Least rows for each class of layout."""

ROOM_FOR_CAR = (110, 34)
"""Least columns and rows of a dashboard that shows the car."""


class Dashboard(Charting, View):
    """Panes by size: what there is no room for is left out, never refused."""

    PLACES = (Place.DASHBOARD, Place.CHARTS, Place.VIEW)
    BINDINGS = bindings(Place.DASHBOARD, Place.CHARTS, Place.VIEW)
    AUTO_FOCUS = "#runs"
    ABOUT_ALL = True
    ALLOW_IN_MAXIMIZED_VIEW = "Header, Footer"

    def compose(self) -> ComposeResult:
        """Header, panes, footer."""
        yield Header()
        with Horizontal(id="middle"):
            with Vertical(id="left"):
                yield RunList("runs")
                yield Selected("selected")
            with Vertical(id="right"):
                yield Chart("return", "return, mean of 100", "return_mean", "return", evaluations=True)
                with Horizontal(id="speeds"):
                    yield Chart("frames", "frames/s", "frames_per_second", "frames")
                    yield Chart("episodes", "episodes/s", "episodes_per_second", "episodes")
                with Horizontal(id="below"):
                    yield Chart("missed", "missed tiles", "missed_tiles", "missed")
                    yield Hardware("hardware")
                    yield Car("car")
        yield Log("log")
        yield Footer(*self.PLACES)

    def on_resize(self, event: events.Resize) -> None:
        """Choose the layout."""
        for classes, size in ((WIDTHS, event.size.width), (HEIGHTS, event.size.height)):
            fitting = [name for least, name in classes if size >= least][-1]
            for _, name in classes:
                self.set_class(name == fitting, f"-{name}")
        self.set_class(self.query_one(Car).on and self._roomy, "-watching")
        self.call_after_refresh(self._keep_keys_in_sight)

    def _keep_keys_in_sight(self) -> None:
        """Back to the run list where the pane that has the keys is left out: Textual may have chosen one that is."""
        if isinstance(self.focused, Cells) and self.focused.left_out:
            self.set_focus(self.query_one("#runs"))

    @property
    def _roomy(self) -> bool:
        """There is room for the car."""
        return self.size.width >= ROOM_FOR_CAR[0] and self.size.height >= ROOM_FOR_CAR[1]

    def repaint(self) -> None:
        """Also leave out what the selected run has not: only CarRacing has tiles."""
        run = desk(self).selected_run
        self.set_class(run is not None and run.observation not in OBSERVATIONS, "-elsewhere")
        self._keep_keys_in_sight()
        super().repaint()

    def do_previous_run(self) -> None:
        """Select the run above."""
        self._move(-1)

    def do_next_run(self) -> None:
        """Select the run below."""
        self._move(1)

    def do_first_run(self) -> None:
        """Select the first run."""
        self._move(-len(desk(self).picture.runs))

    def do_last_run(self) -> None:
        """Select the last run."""
        self._move(len(desk(self).picture.runs))

    def _move(self, rows: int) -> None:
        app = desk(self)
        runs, selected = app.shown_runs, app.selected_run
        if selected is not None and runs:
            here = runs.index(selected) if selected in runs else 0
            app.select(runs[max(0, min(len(runs) - 1, here + rows))].id)

    def do_mark(self) -> None:
        """Mark the selected run, or no more."""
        run = desk(self).selected_run
        if run is not None:
            desk(self).mark(run.id)

    def do_unmark(self) -> None:
        """Mark no run any more."""
        desk(self).unmark()

    def do_watch(self) -> Awaitable[object] | None:
        """Show the car beside the charts, or no more; where there is no room, on a screen of its own."""
        car = self.query_one(Car)
        if not car.on and not self._roomy:
            from racetui.tui.screens.car import CarView

            return self.app.push_screen(CarView())
        if self.maximized is not None:
            self.minimize()
        car.switch(not car.on)
        self.set_class(car.on and self._roomy, "-watching")
        self.set_focus(car if car.on else self.query_one("#runs"))
        return None

    def do_next_pane(self) -> None:
        """Focus the next pane."""
        self.focus_next(Cells)

    def do_previous_pane(self) -> None:
        """Focus the pane before."""
        self.focus_previous(Cells)

    def do_maximise(self) -> None:
        """Let the focused pane fill the screen, and back."""
        if self.maximized is not None:
            self.minimize()
        elif self.focused is not None:
            self.maximize(self.focused, container=False)

    def do_restore(self) -> None:
        """Undo maximising, else a filter, else go back to the run list."""
        if self.maximized is not None:
            self.minimize()
        elif desk(self).filter.tests:
            desk(self).show_runs(Filter())
        else:
            self.set_focus(self.query_one("#runs"))
