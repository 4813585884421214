"""All runs, one row each."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.strip import Strip

from racetui import words
from racetui.runs.filtering import Filter
from racetui.runs.model import RunState, RunSummary
from racetui.tui.desk import desk
from racetui.tui.frame import Box, framed
from racetui.tui.lines import Piece, line, wrapped
from racetui.tui.look import Look
from racetui.tui.marks import TAGS, Marks, role
from racetui.tui.pane import Cells

_NAME_CELLS = 10
"""The least room for a name before a column is given up."""


class RunList(Cells, can_focus=True):
    """The list; the selected run is the one that everything else shows."""

    HELP = (
        "Every run in the store, newest first: its state (of a pipeline with its stage), number, name, mean return "
        "of the last 100 episodes and simulator frames per second. The selected "
        "one is what other panes show and what orders go to. A letter before a run says that it is marked (space); "
        "its curves have that letter and its colour, here and in the comparison (c), and orders go to all marked "
        "runs. Behind a name are its tags."
    )

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._top = 0

    def paint(self, width: int, height: int, look: Look) -> Sequence[Strip]:
        """A heading and the rows around the selected one."""
        app = desk(self)
        runs, known = app.shown_runs, app.picture.runs
        box = Box("Runs", _facts(runs, known, app.filter, look), self.has_focus)
        inner, room = width - 2, max(0, height - 3)
        trouble = [line([(" " + row, look.bad)], inner, look) for row in _trouble(app.picture.problem, inner, look)]
        if not runs and known:
            hint = line([(" No run is like that; esc shows all.", look.muted)], inner, look)
            return framed([*trouble, hint], width, height, box, look)
        if not runs:
            return framed(trouble or _welcome(inner, look), width, height, box, look)
        room = max(0, room - len(trouble))
        selected = app.selected_run
        index = runs.index(selected) if selected in runs else 0
        self._top = max(min(self._top, index, max(0, len(runs) - room)), index - room + 1, 0)
        shown = runs[self._top : self._top + room]
        columns = Columns(shown, inner, app.marks)
        rows = [*trouble, columns.heading(look)]
        rows += [columns.row(run, look, run is selected) for run in shown]
        return framed(rows, width, height, box, look)

    def on_click(self, event: events.Click) -> None:
        """Select the run that was clicked."""
        runs = desk(self).shown_runs
        index = self._top + event.y - 2
        if event.y >= 2 and index < len(runs):
            desk(self).select(runs[index].id)


class Columns:
    """How wide each column is for these runs, and which there is room for."""

    def __init__(self, runs: Sequence[RunSummary], width: int, marks: Marks) -> None:
        self.width = width
        self.id = max((len(run.id) for run in runs), default=1)
        self.marks = marks
        self.marked = 2 if marks.ids else 0
        """Cells for the letter of a marked run, where any is marked."""
        fixed = 3 + self.marked + self.id + 1
        self.state = max((len(_state(run)) for run in runs), default=5)
        self.staged = width - fixed - self.state - 9 - 9 >= _NAME_CELLS
        if not self.staged:
            self.state = max((len(run.state) for run in runs), default=5)
        self.score = width - fixed - self.state - 9 >= _NAME_CELLS
        self.speed = width - fixed - self.state - 9 - 9 >= _NAME_CELLS
        self.done = width - fixed - self.state - 9 - 9 - 6 >= _NAME_CELLS + 4

    def heading(self, look: Look) -> Strip:
        """Names of the columns."""
        right = f"{'state':<{self.state}}"
        right += f"{'return':>8}" if self.score else ""
        right += f"{'frames/s':>9}" if self.speed else ""
        right += f"{'done':>6}" if self.done else ""
        return line(
            [(" " * (4 + self.marked + self.id) + "name", look.faint)], self.width, look, [(right + " ", look.faint)]
        )

    def row(self, run: RunSummary, look: Look, selected: bool) -> Strip:
        """One run."""
        colour = look.state(run.state)
        left: list[Piece] = [
            (look.glyphs.pointer if selected else " ", look.accent),
            *self._mark(run, look),
            (look.glyphs.state(run.state) + " ", colour),
            (f"{run.id:>{self.id}} ", look.muted),
            (run.name or run.path.name, look.text if not run.state.ended or selected else look.muted),
            ("".join(f" {tag}" for tag in run.tags), look.faint),
        ]
        state = _state(run) if self.staged else run.state.value
        right: list[Piece] = [(f"{state:<{self.state}}", colour)]
        if self.score:
            right.append((f"{words.score(run.return_mean):>8}", look.text))
        if self.speed:
            right.append((f"{_speed(run):>9}", look.muted))
        if self.done:
            right.append((f"{words.percent(run.progress):>6}", look.muted))
        strip = line(left, self.width, look, [*right, (" ", look.text)])
        return _highlighted(strip, look) if selected else strip

    def _mark(self, run: RunSummary, look: Look) -> list[Piece]:
        """The letter of a marked run, in its colour."""
        slot = self.marks.slot(run.id)
        if slot is None:
            return [(" " * self.marked, look.text)]
        return [(f"{TAGS[slot]} ", look.series[role(slot)] + look.strong)]


def _highlighted(strip: Strip, look: Look) -> Strip:
    return Strip([Segment(text, (style or look.text) + look.selected) for text, style, _ in strip], strip.cell_length)


def _state(run: RunSummary) -> str:
    """Its state, and the stage of a pipeline that is not over."""
    stage = run.stage
    return run.state.value if run.state.ended or stage is None else f"{run.state} {stage.name}"


def _speed(run: RunSummary) -> str:
    if run.frames_per_second is not None:
        return words.short(run.frames_per_second)
    return words.duration(run.seconds) if run.state.ended or run.state is RunState.PAUSED else words.UNKNOWN


def _facts(shown: Sequence[RunSummary], known: Sequence[RunSummary], chosen: Filter, look: Look) -> list[Piece]:
    """How many there are, and by what they are chosen."""
    if not chosen.tests:
        return [(str(len(known)), look.muted)] if known else []
    return [(f"{chosen.text} ", look.warn), (f"{len(shown)} of {len(known)}", look.muted)]


def _trouble(problem: str, width: int, look: Look) -> list[str]:
    """Why the store cannot be read, in full: the header may have no room for it."""
    return wrapped(problem, width - 2, look) if problem else []


def _welcome(width: int, look: Look) -> list[Strip]:
    key = look.accent + look.strong
    hint: list[Piece] = [
        (" Press ", look.muted),
        ("s", key),
        (", then ", look.muted),
        ("enter", key),
        (", to start one.", look.muted),
    ]
    return [line([], width, look), line([(" No runs yet.", look.text)], width, look), line(hint, width, look)]
