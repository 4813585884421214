"""The watched car on the whole screen."""

from __future__ import annotations

from textual.app import ComposeResult

from racetui.keys import Place
from racetui.tui.presses import bindings
from racetui.tui.view import View
from racetui.tui.widgets.car import Car
from racetui.tui.widgets.footer import Footer
from racetui.tui.widgets.header import Header


class CarView(View):
    """The car from edge to edge, with what it does and the track beside it."""

    PLACES = (Place.CAR, Place.READING, Place.VIEW)
    BINDINGS = bindings(Place.CAR, Place.READING, Place.VIEW)
    AUTO_FOCUS = "Car"

    def compose(self) -> ComposeResult:
        """Header, car, footer."""
        yield Header()
        yield Car("whole-car", on=True)
        yield Footer(*self.PLACES)

    def do_back(self) -> None:
        """Back to where one came from."""
        self.dismiss()

    def do_other_car(self) -> None:
        """Training or the best checkpoint."""
        self.query_one(Car).do_other_car()

    def do_record(self) -> None:
        """Into a video, or finish it."""
        self.query_one(Car).do_record()

    def do_record_gif(self) -> None:
        """Into a GIF, or finish it."""
        self.query_one(Car).do_record_gif()
