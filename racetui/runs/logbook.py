"""A run's log as people read it: what its processes printed and the events it recorded, in order of time."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from racetui.runs import log
from racetui.runs.reader import RunReader

KEPT_LINES = 5000
"""Lines held in memory; the file has the rest."""
_STAMPED = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d{3}) ([A-Z]+) (.*)", re.DOTALL)
"""What Python's logging writes before each message."""
_LEVELS = {"WARNING": "warning", "ERROR": "error", "CRITICAL": "error"}


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log."""

    time: float
    """Unix seconds; of the line before where it has none of its own."""
    level: str
    """info, warning, error, or output for what was printed without a level."""
    text: str


class Logbook:
    """Follows one run's log; each ``poll`` reads only what is new. For one thread."""

    def __init__(self, reader: RunReader) -> None:
        self._reader = reader
        self._offset = 0
        self._event = 0
        self._printed_at = 0.0
        self._lines: deque[LogLine] = deque(maxlen=KEPT_LINES)
        self.lines: tuple[LogLine, ...] = ()

    def poll(self) -> tuple[LogLine, ...]:
        """All lines held now; the same object as before if nothing is new. Raises StoreError."""
        fresh = self.fresh()
        if fresh:
            self._lines.extend(fresh)
            self.lines = tuple(self._lines)
        return self.lines

    def fresh(self) -> list[LogLine]:
        """The lines that are new since the last call, in order of time. Raises StoreError."""
        if self._offset:  # what is printed without a time while we look on is of now
            self._printed_at = time.time()
        printed, self._offset = log.since(self._reader.paths.log, self._offset)
        events = self._reader.events(after_id=self._event)
        fresh = [self._read(text) for text in printed]
        fresh += [LogLine(event.time, event.level, event.text) for event in events]
        if events:
            self._event = events[-1].id
        return sorted(fresh, key=lambda line: line.time)

    def _read(self, text: str) -> LogLine:
        stamped = _STAMPED.fullmatch(text)
        if stamped is None:
            return LogLine(self._printed_at, "output", text)
        when, milliseconds, level, message = stamped.groups()
        try:
            seconds = time.mktime(time.strptime(when, "%Y-%m-%d %H:%M:%S"))
        except (ValueError, OverflowError):  # a day that there never was, which anyone can print
            return LogLine(self._printed_at, "output", text)
        self._printed_at = seconds + int(milliseconds) / 1000
        return LogLine(self._printed_at, _LEVELS.get(level, "info"), message)


def merged(lines: tuple[LogLine, ...], notes: Iterable[LogLine]) -> tuple[LogLine, ...]:
    """The log with the panel's own notes put in where they belong."""
    extra = tuple(notes)
    return tuple(sorted((*lines, *extra), key=lambda line: line.time)) if extra else lines
