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

from racetui.chart.view import ChartView
from racetui.colours import COLOURS
from racetui.keys import Key, shown
from racetui.preferences import Loaded
from racetui.preferences.reading import Origin
from racetui.preferences.saver import Saver
from racetui.runs.filtering import Filter
from racetui.runs.logbook import LogLine, merged
from racetui.runs.model import RunSummary
from racetui.tui import tailor
from racetui.tui.announcing import Announcer, sequences
from racetui.tui.clockwork import Clockwork, Pictures
from racetui.tui.glyphs import Glyphs
from racetui.tui.lines import clean
from racetui.tui.link import Link, metered
from racetui.tui.look import Look, coloured, colourless
from racetui.tui.marks import TAGS, Marks
from racetui.tui.news import Finished, NewPicture, ReaderFailed
from racetui.tui.orders import Answer, Orders
from racetui.tui.pace import ASK
from racetui.tui.pane import Cells
from racetui.tui.picture import Compared, Picture
from racetui.tui.presses import Presses
from racetui.tui.screens.dashboard import Dashboard
from racetui.tui.services import Services, refusing
from racetui.tui.themes import make_themes
from racetui.tui.thrift import sparing
from racetui.tui.view import View
from racetui.tui.watching import Watching

KEPT_NOTES = 200
"""Answers to orders that the log goes on showing."""
_SEVERITY = {"info": "information"}
"""Levels that Textual calls otherwise."""
_BY = {
    Origin.OPTION: "--readonly",
    Origin.ENVIRONMENT: "RACETUI_READONLY",
    Origin.FILE: "config.toml",
    Origin.PANEL: "its own setting",
}
STYLES = Path(__file__).parent / "styles"


class Core(App[None], inherit_bindings=False):
    """Shows pictures of a store, and reports what becomes of orders. What keys do is up to ``Panel``."""

    TITLE = "racetui"
    CSS_PATH = STYLES / "panel.tcss"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False

    def __init__(
        self,
        source: Callable[[], Pictures],
        services: Services | None = None,
        graphics: bool = False,
        loaded: Loaded | None = None,
    ) -> None:
        no_color = "NO_COLOR" in os.environ
        # Without colours Textual would turn them into greys, unless it believes them to be the terminal's own.
        super().__init__(ansi_color=True if no_color else None)
        self.animation_level = "none"
        self.loaded = loaded or Loaded()
        wanted = self.loaded.preferences.panel
        self.glyphs = tailor.chosen_glyphs(wanted.ascii, os.environ)
        for theme in make_themes():
            self.register_theme(theme)
        self.theme = tailor.chosen_theme(wanted.theme, os.environ, self.console.color_system)
        self.look: Look = self._make_look()
        self.picture = Picture()
        self._services = services or Services()
        self._saver = Saver(self.loaded.path) if self.loaded.path is not None else None
        self.charts = ChartView()
        self.marks = Marks()
        self._metric = Compared().metric
        self._closely = False
        self.filter = Filter()
        self.watching = Watching(lambda: self.services, graphics)
        self.link = Link(self.watching.pace, os.environ)
        self.driver_class = sparing(metered(self.driver_class, self.link))  # what is counted is what is sent
        self.orders = Orders(self.in_background, self._report, self.wake, lambda: self.services)
        self.announcer = Announcer(self.loaded.preferences.notifications)
        self.orders.given = self.announcer.expect
        self._told = 0
        """Serial number of the last news told."""
        self.clockwork = Clockwork(source, self._deliver, self._fail)
        self._selected_id: str | None = None
        self._warm = False
        self._notes: deque[tuple[str, LogLine]] = deque(maxlen=KEPT_NOTES)

    def get_default_screen(self) -> Dashboard:
        """The dashboard."""
        return Dashboard(id="_default")

    def on_mount(self) -> None:
        """Begin to look."""
        tailor.apply(self)
        self.theme_changed_signal.subscribe(self, lambda _theme: self._restyle())
        self.clockwork.start()
        for problem in self.loaded.problems:
            self.tell(problem, "warning")

    async def on_event(self, event: events.Event) -> None:
        """A key that a screen waits for is for that screen, whatever else it means; but ctrl+c leaves."""
        take = getattr(next(iter(self.screen_stack[-1:]), None), "take_key", None)
        if isinstance(event, events.Key) and take is not None and event.key not in self._bindings.key_to_bindings:
            take(event.key)
        else:
            await super().on_event(event)

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
        if self._saver is not None:
            self._saver.flush()
        self.clockwork.stop()
        self.watching.close()

    # What screens and widgets ask for (see desk.Desk)

    @property
    def selected_run(self) -> RunSummary | None:
        """The run chosen by its id, else the newest."""
        return self.picture.run(self._selected_id) or (self.picture.runs[0] if self.picture.runs else None)

    @property
    def marked_runs(self) -> Sequence[RunSummary]:
        """Those that are marked, where the view in front, or beneath a form, is about all runs."""
        view = next((screen for screen in reversed(self.screen_stack) if isinstance(screen, View)), None)
        if view is None or not view.ABOUT_ALL:
            return ()
        return [run for run_id in self.marks.ids if (run := self.picture.run(run_id)) is not None]

    @property
    def rate(self) -> float:
        """Pictures per second."""
        return self.clockwork.rate

    @property
    def frozen(self) -> bool:
        """No new pictures now."""
        return self.clockwork.frozen

    @property
    def keys(self) -> tuple[Key, ...]:
        """The key table, with the person's own keys."""
        return self.loaded.keys

    @property
    def services(self) -> Services:
        """What the panel has done by others; in a read-only one they refuse."""
        return refusing(self._services, self.readonly) if self.readonly else self._services

    @property
    def readonly(self) -> str:
        """Why nothing can be started, ordered or written; empty where it can."""
        if not self.loaded.preferences.panel.readonly:
            return ""
        return f"this panel is read-only, by {_BY[self.loaded.origin('panel.readonly')]}"

    def set(self, key: str, value: Any) -> None:
        """Change a setting from now on, and in ``config.toml``; a read-only panel changes it until it is left."""
        keep = self._saver is not None and (key == "panel.readonly" or not self.readonly)
        self.loaded = self.loaded.changed(key, value, keep)
        tailor.apply(self, key)
        self.repaint()
        if keep:
            self._keep(key, value)

    def change_keys(self, action: str, names: Sequence[str]) -> None:
        """Other keys for an action from now on, kept as settings are; none are the usual ones. Raises ValueError."""
        self.loaded = self.loaded.rekeyed(action, names)
        for screen in self.screen_stack:
            for node in screen.walk_children(with_self=True):
                if isinstance(node, Presses):
                    node.rebind()
                if isinstance(node, Cells):
                    node.repaint()
        if not self.readonly:
            written = tuple(map(shown, names))
            self._keep(f"keys.{action}", (written if len(written) > 1 else written[0]) if written else None)

    def _keep(self, key: str, value: Any) -> None:
        """Write a setting into the person's file, if there is one."""
        if self._saver is not None:
            self._saver.add(key, value)
            self.in_background(self._saver.flush, self._saved)

    def _saved(self, trouble: str) -> None:
        if trouble:
            self.tell(trouble, "error")

    def show_glyphs(self, glyphs: Glyphs) -> None:
        """Draw with these symbols from now on."""
        self.set_class(glyphs.ascii, "-ascii")
        if glyphs is not self.glyphs:
            self.glyphs = glyphs
            self._restyle()

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

    def unmark(self) -> None:
        """Mark no run any more."""
        self.marks.clear()
        self.compare_by(self._metric)
        self.repaint()

    def compare_by(self, metric: str) -> None:
        """Read this curve, too, of the marked runs."""
        self._metric = metric
        self.clockwork.compare(Compared(self.marks.ids, metric, self._closely))

    def look_closely(self, wanted: bool) -> None:
        """Read all metrics and events of the selected run, or no more."""
        self._closely = wanted
        self.compare_by(self._metric)

    @property
    def shown_runs(self) -> Sequence[RunSummary]:
        """Those that the list shows, newest first."""
        return self.filter.chosen(self.picture.runs)

    def show_runs(self, chosen: Filter) -> None:
        """Let the list show these runs only; one of them is selected, if there is one."""
        self.filter = chosen
        shown = self.shown_runs
        if shown and self.selected_run not in shown:
            self.select(shown[0].id)
        self.repaint()

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
        """The terminal has got the car's last picture, or was asked how far away it is."""
        self.link.answered()

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
            self.clockwork.stay(self._selected_id)  # looked at already, and still when others are newer
        self._announce()
        self.repaint()
        if self.link.due() and not self.frozen and not self.is_headless:
            self.link.asked()
            self.call_after_refresh(self.write, ASK)

    def _announce(self) -> None:
        """Tell of what happened since the last picture."""
        fresh = [news for news in self.picture.news if news.serial > self._told]
        self._told = max([self._told, *(news.serial for news in fresh)])
        for news in fresh:
            if not news.recorded:
                self._notes.append((news.run_id, LogLine(news.time, news.level, f"panel: {news.text}")))
        announcement = self.announcer.announce(fresh)
        for message in announcement.messages:
            self.tell(message.text, _SEVERITY.get(message.level, message.level))
        if announcement.loud:
            self.write(sequences(self.announcer.settings, announcement.loud, os.environ))

    def on_finished(self, message: Finished) -> None:
        """Go on where the work was asked for."""
        message.done(message.result)

    def on_reader_failed(self, message: ReaderFailed) -> None:
        """Nothing shown could be trusted any more: leave with the error."""
        raise message.error

    def _report(self, answer: Answer) -> None:
        self._notes.append((answer.run_id, LogLine(time.time(), answer.level, f"panel: {answer.text}")))
        self.tell(answer.text, _SEVERITY.get(answer.level, answer.level))
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
            for pane in screen.query(Cells):
                pane.restyle()


def _warm_up() -> None:
    """Import, once the first screen stands, what the first key would otherwise wait for."""
    import racetui.launching
    import racetui.runs.control
    import racetui.tui.forms.annotate
    import racetui.tui.forms.checkpoints
    import racetui.tui.forms.evaluate
    import racetui.tui.forms.filter
    import racetui.tui.forms.own_keys
    import racetui.tui.forms.resume
    import racetui.tui.forms.start
    import racetui.tui.forms.stop
    import racetui.tui.palette
    import racetui.tui.screens.car
    import racetui.tui.screens.compare
    import racetui.tui.screens.hardware
    import racetui.tui.screens.help
    import racetui.tui.screens.logs
    import racetui.tui.screens.run
    import racetui.tui.screens.settings  # noqa: F401
    from racetui.tui.forms.options import profiles

    profiles()  # looks for GPUs, once
