"""The panel's application without its keys: what it knows, and how it hears of news."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from textual import events
from textual.app import App

from racetui.runs.logbook import LogLine, merged
from racetui.runs.model import RunSummary
from racetui.tui.chart.view import ChartView
from racetui.tui.clockwork import Clockwork, Pictures
from racetui.tui.glyphs import choose_glyphs
from racetui.tui.lines import clean
from racetui.tui.look import Look, coloured, colourless
from racetui.tui.marks import TAGS, Marks
from racetui.tui.news import Finished, NewPicture, ReaderFailed
from racetui.tui.orders import Answer, Orders
from racetui.tui.picture import Compared, Picture
from racetui.tui.screens.dashboard import Dashboard
from racetui.tui.services import Services
from racetui.tui.themes import COLOURS, make_themes
from racetui.tui.thrift import thrifty_driver
from racetui.tui.view import View
from racetui.tui.watching import Watching

KEPT_NOTES = 200
"""Answers to orders that the log goes on showing."""
STYLES = Path(__file__).parent / "styles"


class Core(App[None], inherit_bindings=False):
    """Shows pictures of a store, and reports what becomes of orders. What keys do is up to ``Panel``."""

    TITLE = "racetui"
    CSS_PATH = STYLES / "panel.tcss"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False

    def __init__(
        self, source: Callable[[], Pictures], services: Services | None = None, graphics: bool = False
    ) -> None:
        no_color = "NO_COLOR" in os.environ
        # Without colours Textual would turn them into greys, unless it believes them to be the terminal's own.
        super().__init__(driver_class=thrifty_driver(), ansi_color=True if no_color else None)
        self.animation_level = "none"
        self.glyphs = choose_glyphs(os.environ)
        for theme in make_themes():
            self.register_theme(theme)
        self.theme = "terminal" if no_color or self.console.color_system == "standard" else "dark"
        self.look: Look = self._make_look()
        self.picture = Picture()
        self.services = services or Services()
        self.charts = ChartView()
        self.marks = Marks()
        self._metric = Compared().metric
        self.watching = Watching(self.services.drive, graphics)
        self.orders = Orders(self.in_background, self._report, self.wake)
        self.clockwork = Clockwork(source, self._deliver, self._fail)
        self._selected_id: str | None = None
        self._warm = False
        self._notes: deque[tuple[str, LogLine]] = deque(maxlen=KEPT_NOTES)

    def get_default_screen(self) -> Dashboard:
        """The dashboard."""
        return Dashboard(id="_default")

    def on_mount(self) -> None:
        """Begin to look."""
        self.set_class(self.glyphs.ascii, "-ascii")
        self.theme_changed_signal.subscribe(self, lambda _theme: self._restyle())
        self.clockwork.start()

    def leave(self) -> None:
        """Leave, from any thread or signal handler."""
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self.exit)

    @property
    def error(self) -> BaseException | None:
        """The error that ended the panel, if one did."""
        return self._exception

    def _fatal_error(self) -> None:
        """Leave without Textual's own report, which shows the values of variables; the session makes a plain one."""
        self._close_messages_no_wait()

    def on_unmount(self) -> None:
        """Stop looking."""
        self.clockwork.stop()
        self.watching.close()

    # What screens and widgets ask for (see desk.Desk)

    @property
    def selected_run(self) -> RunSummary | None:
        """The run chosen by its id, else the newest."""
        return self.picture.run(self._selected_id) or (self.picture.runs[0] if self.picture.runs else None)

    @property
    def rate(self) -> float:
        """Pictures per second."""
        return self.clockwork.rate

    @property
    def frozen(self) -> bool:
        """No new pictures now."""
        return self.clockwork.frozen

    def select(self, run_id: str) -> None:
        """Show this run from now on."""
        if run_id != self._selected_id:
            self._selected_id = run_id
            self.clockwork.select(run_id)
            self.repaint()

    def show_charts(self, view: ChartView) -> None:
        """Show all charts like this from now on."""
        self.charts = view
        self.repaint()

    def mark(self, run_id: str) -> None:
        """Mark a run, or no more."""
        if not self.marks.toggle(run_id):
            self.tell(f"{len(TAGS)} runs are marked already: unmark one first", "warning")
        self.compare_by(self._metric)
        self.repaint()

    def compare_by(self, metric: str) -> None:
        """Read this curve, too, of the marked runs."""
        self._metric = metric
        self.clockwork.compare(Compared(self.marks.ids, metric))

    def log_of(self, run_id: str) -> Sequence[LogLine]:
        """The run's log with the panel's notes on it."""
        detail = self.picture.detail
        lines = detail.log if detail is not None and detail.run_id == run_id else ()
        return merged(lines, [note for noted, note in self._notes if noted == run_id])

    def tell(self, text: str, severity: Any = "information") -> None:
        """Show a short message for some seconds."""
        self.notify(clean(text, self.look), severity=severity, timeout=5, markup=False)

    def in_background(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Do ``work``, which must not raise, in a thread nobody waits for at the end; then ``done``."""
        threading.Thread(target=lambda: self.post_message(Finished(done, work())), daemon=True).start()

    def write(self, sequence: str) -> None:
        """Send something to the terminal behind all that was drawn so far."""
        if self._driver is not None:
            self._driver.write(sequence)

    def on_cursor_position(self, _event: events.CursorPosition) -> None:
        """The terminal has got the car's last picture."""
        self.watching.pace.answered()

    # News

    def _deliver(self, picture: Picture) -> None:
        self.post_message(NewPicture(picture))

    def _fail(self, error: Exception) -> None:
        self.post_message(ReaderFailed(error))

    def wake(self) -> None:
        """Look now, unless frozen."""
        self.clockwork.wake()

    def on_new_picture(self, message: NewPicture) -> None:
        """Show it."""
        if self.picture.time > 0 and not self._warm:
            self._warm = True
            self.in_background(_warm_up, lambda _: None)
        self.picture = message.picture
        if self._selected_id is None and self.picture.runs:
            self._selected_id = self.picture.runs[0].id
        self.repaint()

    def on_finished(self, message: Finished) -> None:
        """Go on where the work was asked for."""
        message.done(message.result)

    def on_reader_failed(self, message: ReaderFailed) -> None:
        """Nothing shown could be trusted any more: leave with the error."""
        raise message.error

    def _report(self, answer: Answer) -> None:
        self._notes.append((answer.run_id, LogLine(time.time(), answer.level, f"panel: {answer.text}")))
        self.tell(answer.text, {"info": "information"}.get(answer.level, answer.level))
        self.wake()
        self.repaint()

    def repaint(self) -> None:
        """Let the screen in front catch up."""
        front = self.screen_stack[-1:]  # empty while the panel is being left
        if front and isinstance(front[0], View):
            front[0].repaint()

    def _make_look(self) -> Look:
        if self.no_color:
            return colourless(self.glyphs)
        return coloured(COLOURS[self.theme], self.glyphs)

    def _restyle(self) -> None:
        self.look = self._make_look()
        for screen in self.screen_stack:
            if isinstance(screen, View):
                screen.restyle()


def _warm_up() -> None:
    """Import, once the first screen stands, what the first key would otherwise wait for."""
    import racetui.launching
    import racetui.runs.control
    import racetui.tui.forms.evaluate
    import racetui.tui.forms.start
    import racetui.tui.forms.stop
    import racetui.tui.palette
    import racetui.tui.screens.car
    import racetui.tui.screens.compare
    import racetui.tui.screens.help
    import racetui.tui.screens.logs
    import racetui.tui.screens.run  # noqa: F401
