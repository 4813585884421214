"""The whole log of the selected run."""

from __future__ import annotations

from textual.app import ComposeResult

from racetui.keys import Place
from racetui.tui.presses import bindings
from racetui.tui.view import View
from racetui.tui.widgets.footer import Footer
from racetui.tui.widgets.header import Header
from racetui.tui.widgets.log import Log


class LogView(View):
    """The log from edge to edge, long lines wrapped."""

    PLACES = (Place.READING, Place.VIEW)
    BINDINGS = bindings(Place.READING, Place.VIEW)
    AUTO_FOCUS = "Log"

    def compose(self) -> ComposeResult:
        """Header, log, footer."""
        yield Header()
        yield Log("whole-log", wrap=True)
        yield Footer(*self.PLACES)

    def do_back(self) -> None:
        """Back to the dashboard."""
        self.dismiss()
