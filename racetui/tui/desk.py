"""What the panel's application offers to its screens and widgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar, cast

from textual.dom import DOMNode

from racetui.chart.view import ChartView
from racetui.keys import Key
from racetui.preferences import Loaded
from racetui.runs.filtering import Filter
from racetui.runs.logbook import LogLine
from racetui.runs.model import RunSummary
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
    filter: Filter
    """Which runs the list shows."""
    watching: Watching
    """The car in view."""
    loaded: Loaded
    """What the person wants of the panel."""
    link: Link
    """What is between the panel and its terminal."""

    @property
    def selected_run(self) -> RunSummary | None:
        """The run that orders go to."""

    @property
    def marked_runs(self) -> Sequence[RunSummary]:
        """The runs that orders go to instead, where any is marked and the screen is about all runs."""

    @property
    def rate(self) -> float:
        """Pictures per second."""

    @property
    def frozen(self) -> bool:
        """No new pictures now."""

    @property
    def keys(self) -> tuple[Key, ...]:
        """The key table, with the person's own keys."""

    @property
    def readonly(self) -> str:
        """Why nothing can be started, ordered or written; empty where it can."""

    def set(self, key: str, value: Any) -> None:
        """Change a setting from now on, and in ``config.toml``."""

    def change_keys(self, action: str, names: Sequence[str]) -> None:
        """Other keys for an action, the usual ones where there are none. Raises ValueError that says why not."""

    def select(self, run_id: str) -> None:
        """Show this run from now on."""

    def show_charts(self, view: ChartView) -> None:
        """Show all charts like this from now on."""

    def mark(self, run_id: str) -> None:
        """Mark a run, or no more."""

    def unmark(self) -> None:
        """Mark no run any more."""

    def compare_by(self, metric: str) -> None:
        """Read this curve, too, of the marked runs."""

    def look_closely(self, wanted: bool) -> None:
        """Read all metrics and events of the selected run, or no more."""

    @property
    def shown_runs(self) -> Sequence[RunSummary]:
        """Those that the list shows, newest first."""

    def show_runs(self, chosen: Filter) -> None:
        """Let the list show these runs only."""

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
