"""The machine on the whole screen, and the runs that use it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal

from racetui.inspection import Inspection, Inspector
from racetui.keys import Place
from racetui.runs.model import RunSummary
from racetui.runs.paths import home
from racetui.tui.clockwork import FIRST_WAIT
from racetui.tui.desk import desk
from racetui.tui.presses import bindings
from racetui.tui.scrolled import Scrolled
from racetui.tui.view import View
from racetui.tui.widgets.footer import Footer
from racetui.tui.widgets.header import Header
from racetui.tui.widgets.machine import Machine
from racetui.tui.widgets.users import Users

SIDE_BY_SIDE = 110
"""Least columns for the machine beside its users; fewer put one above the other."""


class HardwareView(View):
    """Looks closely, in a thread, once for every picture and only while it is in front."""

    PLACES = (Place.HARDWARE, Place.READING, Place.VIEW)
    BINDINGS = bindings(Place.HARDWARE, Place.READING, Place.VIEW)
    AUTO_FOCUS = "#machine"

    def __init__(self) -> None:
        super().__init__()
        self._inspector = Inspector()
        self._looking = False
        self._looked = 0.0
        """Time of the picture that was last looked closely at."""
        self._looks = 0
        self._problem = ""

    def compose(self) -> ComposeResult:
        """Header, machine and runs, footer."""
        yield Header()
        with Horizontal(id="halves"):
            yield Machine("machine")
            yield Users("users")
        yield Footer(*self.PLACES)

    def on_resize(self, event: events.Resize) -> None:
        """Choose the layout."""
        self.set_class(event.size.width < SIDE_BY_SIDE, "-stacked")

    def repaint(self) -> None:
        """Catch up, and look closely if the picture is a new one."""
        super().repaint()
        if desk(self).picture.time != self._looked:
            self._look()

    def do_back(self) -> None:
        """Back to where one came from."""
        self.dismiss()

    def do_other_half(self) -> None:
        """The machine, or the runs on it."""
        self.focus_next(Scrolled)

    def _look(self) -> None:
        """Begin, unless the last look still goes on: a slow disk makes it rarer, never busier."""
        app = desk(self)
        if self._looking or app.frozen or self.app.screen is not self:
            return
        self._looking, self._looked = True, app.picture.time
        inspector, runs = self._inspector, app.picture.runs
        store = runs[0].path.parent if runs else home()
        app.in_background(lambda: _looked_at(inspector, store, runs), self._found)

    def _found(self, found: Inspection | str) -> None:
        self._looking = False
        if not self.is_attached:
            return
        if isinstance(found, str):
            if found != self._problem:  # told once, not every second
                desk(self).tell(f"the machine cannot be looked at: {found}", "error")
            self._problem = found
        else:
            for pane in (self.query_one(Machine), self.query_one(Users)):
                pane.inspection = found
                pane.repaint()
            self._looks += 1
            if self._looks == 1:
                self.set_timer(FIRST_WAIT, self._look)  # percentages need a second look


def _looked_at(inspector: Inspector, store: Path, runs: Sequence[RunSummary]) -> Inspection | str:
    """What it found, or why it could not look."""
    try:
        return inspector.look(store, runs)
    except Exception as error:  # of a driver or a system that nobody has seen yet: the panel goes on
        return " ".join(str(error).split()) or type(error).__name__
