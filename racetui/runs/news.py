"""What happens to all runs from now on: the events they record, and what only a look at them from outside tells."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from racetui.runs.errors import StoreError
from racetui.runs.model import EventRow, RunState, RunSummary
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader

KEPT = 100
"""News that are remembered for whoever looks seldom."""
_ENDS = tuple(state.value for state in (RunState.FINISHED, RunState.STOPPED, RunState.FAILED))
_KINDS = frozenset({"best", "evaluation", "checkpoint", "worker", "nan", "memory", "stage"})
_SILENT = frozenset({RunState.CRASHED, RunState.STALLED})
"""States that no run can record of itself."""


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened to a run."""

    serial: int
    """Counts up from 1."""
    run_id: str
    run_name: str
    time: float
    """Unix seconds."""
    level: str
    """info, warning or error."""
    topic: str
    """One of ``racetui.notifications.TOPICS``."""
    text: str
    recorded: bool = True
    """It is among the run's events; else only whoever looked at it knows."""


@dataclass(slots=True)
class _Followed:
    run: RunSummary
    reader: RunReader | None = None
    event: int | None = None
    """The last one seen; None before the first look."""


class NewsFollower:
    """Follows every run of a store; of those that have ended, and stay as they are, nothing is read."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock, self._since = clock, clock()
        self._runs: dict[str, _Followed] = {}
        self._first = True
        self._serial = 0
        self.news: tuple[News, ...] = ()

    def poll(self, runs: Sequence[RunSummary]) -> tuple[News, ...]:
        """The last news since this was made, oldest first; the same object as before if there are none."""
        found = [news for run in runs for news in self._look(run)]
        for run_id in self._runs.keys() - {run.id for run in runs}:
            self._let_go(self._runs.pop(run_id))
        self._first = False
        if found:
            self.news = (*self.news, *sorted(found, key=lambda news: news.time))[-KEPT:]
        return self.news

    def close(self) -> None:
        """Let go of every file."""
        for followed in self._runs.values():
            self._let_go(followed)

    def _look(self, run: RunSummary) -> Iterator[News]:
        followed = self._runs.get(run.id)
        if followed is None:
            followed = self._runs[run.id] = _Followed(run)
            before = None
        else:
            before, followed.run = followed.run, run
        if run.state.ended and (before is run or (before is None and self._first)):
            return
        yield from self._recorded(followed)
        if before is not None and before.state is not run.state:
            yield from self._seen(run)
        if run.state.ended:
            self._let_go(followed)

    def _recorded(self, followed: _Followed) -> Iterator[News]:
        """What the run recorded itself."""
        run = followed.run
        try:
            followed.reader = followed.reader or RunReader(RunPaths(run.path))
            events = followed.reader.events(followed.event or 0, self._since if followed.event is None else 0.0)
            followed.event = events[-1].id if events else followed.event
            if followed.event is None:
                followed.event = followed.reader.newest_event()
        except StoreError:  # damaged: its summary says so
            return
        for event in events:
            topic = _topic(event)
            if topic:
                yield self._make(run, event.time, event.level, topic, event.text)

    def _seen(self, run: RunSummary) -> Iterator[News]:
        """What it could not."""
        text = f"{run.state}: {run.detail}" if run.detail else run.state.value
        if run.state in _SILENT:
            crashed = run.state is RunState.CRASHED
            level, topic = ("error", "end") if crashed else ("warning", "stalled")
            yield self._make(run, self._clock(), level, topic, text, recorded=False)
        elif run.state is RunState.STOPPED and run.detail == "killed":
            yield self._make(run, self._clock(), "info", "end", text, recorded=False)

    def _make(self, run: RunSummary, moment: float, level: str, topic: str, text: str, recorded: bool = True) -> News:
        self._serial += 1
        return News(self._serial, run.id, run.name, moment, level, topic, text, recorded)

    def _let_go(self, followed: _Followed) -> None:
        if followed.reader is not None:
            followed.reader.close()
            followed.reader = None


def _topic(event: EventRow) -> str:
    """What an event is about; empty if it is no news: whoever paused a run knows."""
    if event.kind in _KINDS:
        return event.kind
    if event.kind == "state" and event.text.startswith(_ENDS):
        return "end"
    return "problem" if event.level != "info" else ""
