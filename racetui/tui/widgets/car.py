"""The watched car: a picture as often as the link takes one, and nothing at all while nobody looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

from textual.geometry import Region
from textual.strip import Strip
from textual.timer import Timer

from racetui import words
from racetui.keys import Place
from racetui.runs.errors import ControlError
from racetui.tui.desk import desk
from racetui.tui.frame import Box, framed
from racetui.tui.lines import Piece, line, wrapped
from racetui.tui.look import Look
from racetui.tui.pace import ASK
from racetui.tui.pictured import Pictured, Sight
from racetui.tui.presses import Presses, bindings
from racetui.tui.widgets.car_rows import car_rows, layout, road
from racetui.video.writers import usual_suffix
from racetui.watch.recording import Recording
from racetui.watch.shot import Shot
from racetui.watch.watcher import View

IDLE_SECONDS = 0.5
"""Between two looks at whether anybody can see the pane."""
NEWS_SECONDS = 0.03
"""Between two looks for a new frame, or for an answer of the terminal."""
FACTS_SECONDS = 0.5
"""Between two times that what is beside the picture changes: as often as a number can be read."""


class Car(Presses, Pictured, can_focus=True):
    """A car of the selected run as it drives now."""

    PLACES = (Place.CAR,)
    BINDINGS = bindings(Place.CAR)
    HELP = (
        "A car that drives now, with the weights that training has just learned on a track that it drives now, or "
        "with the best checkpoint on a test track. A process of low priority drives it for as long as you "
        "look. The upper edge tells the frames a second that your link takes, and how long one needs there and back; "
        "a picture is sent when the last one has arrived."
    )

    def __init__(self, id: str, on: bool = False) -> None:
        super().__init__(id=id)
        self.on = on
        self._shot: Shot | None = None
        self._note = ""
        """What was driven in the frame in sight."""
        self._number = 0
        self._view: View | None = None
        self._timer: Timer | None = None
        """Of the next look; None where nobody ever looked."""
        self._facts_due = 0.0
        """When the words beside the picture may change next, by the monotonic clock."""

    def on_mount(self) -> None:
        """Begin to look."""
        self.switch(self.on)

    def switch(self, on: bool) -> None:
        """Show the car, or do not."""
        self.on, self._shot, self._view = on, None, None
        self.take_away()
        if self._timer is not None:
            self._timer.stop()
        if on:
            self._tick()

    def paint(self, width: int, height: int, look: Look) -> Sequence[Strip]:
        """The box with the newest frame, or why there is none."""
        self._facts_due = monotonic() + FACTS_SECONDS
        app = desk(self)
        run = app.selected_run
        title = f"Car of {run.id} {run.name}" if run is not None else "Car"
        shot, note = self._shot, app.watching.watcher.note
        if app.frozen:  # nobody asks for a driver then, and none is on its way
            note = self._note if shot is not None else "frozen: nothing is driven"
        if app.watching.view(run) is None:
            shot, note = None, "this run has no weights to drive with: it has ended without a checkpoint"
        if shot is None:
            text = [line([(" " + row, look.muted)], width - 2, look) for row in wrapped(note, width - 4, look)]
            rows = [*[line([], width - 2, look)] * max(0, (height - 2 - len(text)) // 2), *text]
        else:
            rows = car_rows(shot, note, width - 2, height - 2, look)
        return framed(rows, width, height, Box(title, self._facts(look), self.has_focus), look)

    def picture_place(self, width: int, height: int) -> Region:
        """Within the box."""
        place = layout(width - 2, height - 2)
        return Region(1 + place.left, 1, place.columns, place.rows)

    def do_other_car(self) -> None:
        """Training or the best checkpoint."""
        app = desk(self)
        if app.selected_run is None or not app.watching.choose_other(app.selected_run):
            app.tell("there is no other one to show", "warning")

    def do_record(self) -> None:
        """Into a video, or finish it."""
        self._record(usual_suffix())

    def do_record_gif(self) -> None:
        """Into a GIF, or finish it."""
        self._record(".gif")

    def _record(self, suffix: str) -> None:
        app = desk(self)
        watching, view = app.watching, app.watching.view(app.selected_run)
        if watching.recording is not None:
            watching.recording.stop()
            return
        if view is None or not self.on:
            app.tell("there is nothing to record: nothing is watched", "warning")
            return
        recording = watching.begin_recording(view, suffix)

        def done(trouble: str) -> None:
            watching.end_recording()
            if trouble:
                app.tell(f"no recording: {trouble}", "error")
            else:
                gone = f", {recording.missed} left out" if recording.missed else ""
                app.tell(f"recorded {recording.frames} frames{gone}: {recording.path}")

        app.in_background(lambda: _recorded(app.services.record, recording), done)
        app.tell(f"recording to {recording.path.name}; the same key ends it")

    def _tick(self) -> None:
        """Show the next frame if it is time to, and come again."""
        self._timer = self.set_timer(self._work(), self._tick)

    def _work(self) -> float:
        """Seconds until there may be more to do."""
        app = desk(self)
        view = app.watching.view(app.selected_run)
        if view is None or not self.in_sight:
            self.covered()
            return IDLE_SECONDS
        self.lay_again()
        if app.frozen:
            return IDLE_SECONDS
        watching = app.watching
        watching.watcher.keep(view)
        if view != self._view:
            self._view, self._shot, self._number = view, None, 0
            self.take_away()
        if not watching.pace.ready():
            return NEWS_SECONDS
        number = watching.watcher.newest
        if number == self._number:
            return NEWS_SECONDS
        shot = watching.watcher.read(number)
        if shot is None:
            return NEWS_SECONDS
        first, self._shot, self._number = self._shot is None, shot, number
        self._note = watching.watcher.note
        watching.pace.sent()
        sight = Sight(shot.picture, road(shot))
        if first:  # all rows are new, there was a message instead
            self.hold(sight)
            self.repaint()
            self.call_after_refresh(app.write, ASK)
        else:
            watching.pace.weighed(self.lay(sight))
            app.write(ASK)
            self._show_facts()
        return watching.pace.rest

    def _show_facts(self) -> None:
        """Now and then, what is beside the picture."""
        if monotonic() >= self._facts_due:
            self.repaint()

    def _facts(self, look: Look) -> Sequence[Piece]:
        """Recording, frames a second and the link."""
        watching = desk(self).watching
        pace, seconds = watching.pace, watching.recorded_seconds
        facts: list[Piece] = []
        if seconds is not None:
            facts.append((f"{'*' if look.glyphs.ascii else '●'} REC {seconds:.0f} s  ", look.bad + look.strong))
        if desk(self).frozen:
            return [*facts, ("frozen", look.warn)]
        link = f"{1000 * pace.seconds:.0f} ms" if pace.seconds is not None else words.UNKNOWN
        return [*facts, (f"{pace.rate:.0f} fps {look.glyphs.dot} link {link}", look.muted)]


def _recorded(record: Callable[[Recording], str], recording: Recording) -> str:
    """Record; returns what went wrong, in words."""
    try:
        return record(recording)
    except ControlError as error:
        return str(error)
