"""What the panel's application offers to its screens and widgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, cast

from textual.dom import DOMNode

from racetui.runs.logbook import LogLine
from racetui.runs.model import RunSummary
from racetui.tui.chart.view import ChartView
from racetui.tui.link import Link
from racetui.tui.look import Look
from racetui.tui.marks import Marks
from racetui.tui.orders import Orders
from racetui.tui.picture import Picture
from racetui.tui.services import Services
from racetui.tui.watching import Watching

T = TypeVar("T")


class Desk(Protocol):
    """The application as its parts see it."""

    look: Look
    picture: Picture
    """The latest."""
    orders: Orders
    services: Services
    charts: ChartView
    """How all charts are shown."""
    marks: Marks
    """The runs to compare."""
    watching: Watching
    """The car in view."""
    link: Link
    """What is between the panel and its terminal."""

    @property
    def selected_run(self) -> RunSummary | None:
        """The run that orders go to."""

    @property
    def rate(self) -> float:
        """Pictures per second."""

    @property
    def frozen(self) -> bool:
        """No new pictures now."""

    def select(self, run_id: str) -> None:
        """Show this run from now on."""

    def show_charts(self, view: ChartView) -> None:
        """Show all charts like this from now on."""

    def mark(self, run_id: str) -> None:
        """Mark a run, or no more."""

    def compare_by(self, metric: str) -> None:
        """Read this curve, too, of the marked runs."""

    def log_of(self, run_id: str) -> Sequence[LogLine]:
        """The run's log with the panel's notes."""

    def tell(self, text: str, severity: str = "information") -> None:
        """Show a short message."""

    def write(self, sequence: str) -> None:
        """Send something to the terminal behind all that was drawn so far."""

    def in_background(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Do ``work`` in a thread, then ``done`` with its result in the application; ``work`` must not raise."""


def desk(node: DOMNode) -> Desk:
    """The application that a widget or screen belongs to."""
    return cast("Desk", node.app)
