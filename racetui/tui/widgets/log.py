"""The log of the selected run."""

from __future__ import annotations

import time
from collections.abc import Sequence

from textual.strip import Strip

from racetui.runs.logbook import LogLine
from racetui.tui.desk import desk
from racetui.tui.frame import Box, framed
from racetui.tui.lines import Piece, cells, line, wrapped
from racetui.tui.look import Look
from racetui.tui.scrolled import Scrolled


class Log(Scrolled):
    """Its newest lines, staying at the end until scrolled up."""

    HELP = (
        "What the selected run's processes printed, the events it recorded and what became of your orders, by time. "
        "It follows the end until you scroll up; End follows again."
    )

    def __init__(self, id: str, wrap: bool = False) -> None:
        super().__init__(id=id, follow=True)
        self.wrap = wrap
        self._lines: Sequence[LogLine] = ()
        self._run_id = ""

    def count(self) -> int:
        """How many lines there are."""
        return len(self._lines)

    def entry(self, index: int, width: int, look: Look) -> Sequence[Strip]:
        """One line of the log; wrapped or cut."""
        return log_rows(self._lines[index], width, self.wrap, look)

    def paint(self, width: int, height: int, look: Look) -> Sequence[Strip]:
        """The box with what is in sight."""
        app = desk(self)
        run = app.selected_run
        if run is not None and run.id != self._run_id:
            self._run_id, self.following = run.id, True
        self._lines = app.log_of(run.id) if run is not None else ()
        rows = self.window(width - 2, height - 2, look)
        title = f"Log of {run.id} {run.name}" if run is not None else "Log"
        style = look.good if self.following else look.warn
        return framed(rows, width, height, Box(title, [(self.place, style)], self.has_focus), look)


def log_rows(entry: LogLine, width: int, wrap: bool, look: Look) -> list[Strip]:
    """The rows of one line: its time, then its text in the colour of its level."""
    when = time.strftime("%H:%M:%S", time.localtime(entry.time)) if entry.time else " " * 8
    style = look.muted if entry.level == "output" else look.level(entry.level)
    head: list[Piece] = [(f" {when} ", look.faint)]
    if not wrap:
        return [line([*head, (entry.text, style)], width, look)]
    texts = wrapped(entry.text, width - cells(head) - 1, look)
    blank: list[Piece] = [(" " * cells(head), look.faint)]
    return [line([*(blank if number else head), (text, style)], width, look) for number, text in enumerate(texts)]
