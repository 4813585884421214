"""Everything about the selected run: facts, stages, evaluations, checkpoints, metrics, events, what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual.app import ComposeResult
from textual.strip import Strip

from racetui.keys import Place
from racetui.runs.model import RunSummary
from racetui.runs.paths import RunPaths
from racetui.tui.desk import desk
from racetui.tui.frame import Box, framed
from racetui.tui.look import Look
from racetui.tui.presses import bindings
from racetui.tui.scrolled import Scrolled
from racetui.tui.view import View
from racetui.tui.widgets.footer import Footer
from racetui.tui.widgets.header import Header
from racetui.tui.widgets.sections import RunText, run_text


class RunView(View):
    """One scrolling text of sections."""

    PLACES = (Place.RUN, Place.READING, Place.VIEW)
    BINDINGS = bindings(Place.RUN, Place.READING, Place.VIEW)
    AUTO_FOCUS = "RunPane"

    def compose(self) -> ComposeResult:
        """Header, text, footer."""
        yield Header()
        yield RunPane("run-text")
        yield Footer(*self.PLACES)

    def on_mount(self) -> None:
        """Have every metric read, and the events."""
        desk(self).look_closely(True)

    def on_unmount(self) -> None:
        """That was all."""
        desk(self).look_closely(False)

    def do_back(self) -> None:
        """Back to where one came from."""
        self.dismiss()

    def do_next_section(self) -> None:
        """To the next heading."""
        self.query_one(RunPane).turn(1)

    def do_previous_section(self) -> None:
        """To the heading before."""
        self.query_one(RunPane).turn(-1)


class RunPane(Scrolled):
    """The text, written anew with every picture."""

    HELP = (
        "All about the selected run: facts, its stages, evaluations, checkpoints with what they scored, every metric "
        "with its last value and the course of the last 200 rounds, events, and the specification it was started "
        "with. Tab goes from section to section."
    )

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._text = RunText([], ())
        self._spec: tuple[Path, list[str]] | None = None

    def count(self) -> int:
        """How many rows there are."""
        return len(self._text.rows)

    def entry(self, index: int, _width: int, _look: Look) -> Sequence[Strip]:
        """One row."""
        return self._text.rows[index : index + 1]

    def turn(self, sections: int) -> None:
        """Go some sections on; after the last comes the first."""
        firsts = [first for _, first in self._text.sections]
        if firsts:
            here = max((index for index, first in enumerate(firsts) if first <= self.top), default=0)
            at_end = sections > 0 and self.top >= self.last_top
            index = 0 if at_end else (here + sections) % len(firsts)
            self.top = firsts[index]
            self.repaint()

    def paint(self, width: int, height: int, look: Look) -> Sequence[Strip]:
        """The box with what is in sight."""
        app = desk(self)
        run = app.selected_run
        if run is None:
            return framed([], width, height, Box("Run", (), self.has_focus), look)
        self._text = run_text(run, app.picture, self._spec_lines(run), width - 2, look, app.services.demo)
        rows = self.window(width - 2, height - 2, look)
        facts = [(f"{self._text.section_at(self.top)} ", look.text), (self.place, look.muted)]
        return framed(rows, width, height, Box(f"Run {run.id} {run.name}", facts, self.has_focus), look)

    def _spec_lines(self, run: RunSummary) -> list[str]:
        """The specification, read once: it seldom changes."""
        path = RunPaths(run.path).spec
        if self._spec is None or self._spec[0] != path:
            try:
                text = path.read_text(encoding="utf-8", errors="replace")
            except OSError as error:
                text = f"cannot be read: {error.strerror}"
            self._spec = (path, text.splitlines())
        return self._spec[1]
