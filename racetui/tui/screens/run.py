"""Everything about the selected run: evaluations, checkpoints, and what it was asked to be."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from textual.app import ComposeResult
from textual.strip import Strip

from racetui.keys import Place
from racetui.runs.model import CheckpointRow, EvaluationRow, RunSummary
from racetui.runs.paths import RunPaths
from racetui.tui import words
from racetui.tui.desk import desk
from racetui.tui.frame import Box, framed
from racetui.tui.lines import Piece, line
from racetui.tui.look import Look
from racetui.tui.picture import Detail, Picture
from racetui.tui.presses import bindings
from racetui.tui.scrolled import Scrolled
from racetui.tui.view import View
from racetui.tui.widgets.facts import Subject, describe
from racetui.tui.widgets.footer import Footer
from racetui.tui.widgets.header import Header

_ALL = 100
"""Rows: more than a run has facts."""


class RunView(View):
    """One scrolling text."""

    PLACES = (Place.READING, Place.VIEW)
    BINDINGS = bindings(Place.READING, Place.VIEW)
    AUTO_FOCUS = "RunText"

    def compose(self) -> ComposeResult:
        """Header, text, footer."""
        yield Header()
        yield RunText("run-text")
        yield Footer(*self.PLACES)

    def do_back(self) -> None:
        """Back to the dashboard."""
        self.dismiss()


class RunText(Scrolled):
    """The text, written anew with every picture."""

    HELP = (
        "All facts of the selected run, its evaluations and checkpoints, and the specification it was started with."
    )

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._rows_of_text: list[Strip] = []
        self._spec: tuple[Path, list[str]] | None = None

    def count(self) -> int:
        """How many rows there are."""
        return len(self._rows_of_text)

    def entry(self, index: int, _width: int, _look: Look) -> Sequence[Strip]:
        """One row."""
        return self._rows_of_text[index : index + 1]

    def paint(self, width: int, height: int, look: Look) -> Sequence[Strip]:
        """The box with what is in sight."""
        app = desk(self)
        run = app.selected_run
        if run is None:
            return framed([], width, height, Box("Run", (), self.has_focus), look)
        self._rows_of_text = run_text(run, app.picture, self._spec_lines(run), width - 2, look)
        rows = self.window(width - 2, height - 2, look)
        box = Box(f"Run {run.id} {run.name}", [(self.place, look.muted)], self.has_focus)
        return framed(rows, width, height, box, look)

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


def run_text(run: RunSummary, picture: Picture, spec: Sequence[str], width: int, look: Look) -> list[Strip]:
    """The rows, section by section."""
    detail = picture.detail if picture.detail is not None and picture.detail.run_id == run.id else Detail(run.id)
    blank = line([], width, look)
    rows = [*describe(Subject(run, detail, picture.time, charted=False), width, _ALL, look)]
    rows.append(line([(f" {'files':<8}", look.muted), (str(run.path), look.text)], width, look))
    sections = (
        ("Evaluations", [_evaluation(row, look) for row in detail.evaluations]),
        ("Checkpoints", [_checkpoint(row, look) for row in detail.checkpoints]),
        ("Specification", [[(text, look.text)] for text in spec]),
    )
    for title, entries in sections:
        rows += [blank, line([(f" {title}", look.title)], width, look)]
        shown = entries or [[("none", look.muted)]]
        rows += [line([("   ", look.text), *entry], width, look) for entry in shown]
    return rows


def _evaluation(row: EvaluationRow, look: Look) -> list[Piece]:
    head: list[Piece] = [
        (f"{_when(row.started)}  ", look.faint),
        (f"at {words.count(row.frames):>6}  ", look.text),
        (f"{row.purpose:<9} {row.episodes:>4} tracks  ", look.muted),
    ]
    if row.state != "finished":
        return [*head, (row.state, look.info if row.state == "running" else look.bad), (f" {row.detail}", look.muted)]
    results = row.results
    scores = f"{words.score(results.get('mean'))} {look.glyphs.plus_minus} {words.score(results.get('std'))}"
    rest = f"  min {words.score(results.get('min'))}  finished {words.percent(results.get('finish_rate'))}"
    return [*head, (scores, look.strong), (rest, look.muted)]


def _checkpoint(row: CheckpointRow, look: Look) -> list[Piece]:
    return [
        (f"{_when(row.time)}  ", look.faint),
        (f"at {words.count(row.frames):>6}  ", look.text),
        (f"{words.size(row.bytes):>6}  {row.reason:<9} ", look.muted),
        (" ".join(row.tags), look.good),
    ]


def _when(moment: float) -> str:
    return time.strftime("%d %b %H:%M", time.localtime(moment))
