"""Following a run from the foreground: a progress bar with the time left; plain lines where there is no terminal."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from racetui.cli.output import number, span
from racetui.runs import control
from racetui.runs.errors import InvalidOrder
from racetui.runs.model import EpisodeRow, RunState, RunSummary
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader

POLL_SECONDS = 0.25
_WAITING = frozenset({RunState.QUEUED, RunState.STARTING})
"""States that say what they wait for."""
LINE_SECONDS = 10.0
"""Between progress lines where there is no terminal to draw a bar on."""


class _View(Protocol):
    def show(self, summary: RunSummary) -> None:
        """Show how far the run is."""

    def say(self, text: str) -> None:
        """Show a line that stays."""


def follow(paths: RunPaths, verbose: bool = False) -> bool:
    """Show a run's progress on stderr until it ends, and every episode if ``verbose``; True if the user interrupted.

    The first Ctrl-C (or SIGTERM) stops the run, with a checkpoint unless it waits; the second leaves it to itself.
    """
    reader = RunReader(paths)
    interrupts = _Interrupts()
    asked = False
    episodes = _Episodes(reader) if verbose else None
    with interrupts.caught(), _view() as view:
        while True:
            summary = reader.summary()
            for line in episodes.news() if episodes else ():
                view.say(line)
            view.show(summary)
            if summary.state.ended:
                return asked
            if interrupts.count > 1:
                print(f"racetui: left run {summary.id} to itself", file=sys.stderr)
                raise KeyboardInterrupt
            if interrupts.count and not asked:
                asked = True
                _stop(paths, summary)
            time.sleep(POLL_SECONDS)


def _stop(paths: RunPaths, run: RunSummary) -> None:
    try:
        control.send(paths, "stop", {"after": "now"}, source="cli")
    except InvalidOrder:
        return  # it ended by itself in the meantime
    print(f"racetui: {_ending(run)}; Ctrl-C again leaves the run to itself", file=sys.stderr)


def _ending(run: RunSummary) -> str:
    """What a stop does to a run, in words."""
    later = f"racetui train --resume {run.id}"
    if run.state is RunState.QUEUED or (run.state is RunState.PAUSED and not run.begun):
        there = "its last checkpoint stays" if run.begun else "nothing has been trained yet"
        return f"taking it out of the queue, {there} ({later} puts it back)"
    if run.stages and not run.begun:
        return f"stopping; what has been recorded stays ({later} goes on)"
    return "stopping with a checkpoint"


class _Episodes:
    """Tells of episodes as they are recorded."""

    def __init__(self, reader: RunReader) -> None:
        self._reader = reader
        self._last = self._newest()

    def news(self) -> list[str]:
        """A line for each episode recorded since the last call."""
        found = self._reader.episodes_after(self._last)
        if found:
            self._last = found[-1].id
        else:
            self._last = min(self._last, self._newest())  # a resumed run goes back before it goes on
        return [_episode_line(row) for row in found]

    def _newest(self) -> int:
        return max((row.id for row in self._reader.episodes(last=1)), default=0)


def _episode_line(row: EpisodeRow) -> str:
    return (
        f"episode {row.episode}  seed {row.seed}  lane {row.lane}  return {row.episode_return:.1f}  "
        f"{row.frames} frames  {row.end.value}"
    )


class _Interrupts:
    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def caught(self) -> Iterator[None]:
        previous = {number: signal.signal(number, self._count) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _count(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1


@contextmanager
def _view() -> Iterator[_View]:
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[facts]}"))
    with Progress(*columns, console=console, auto_refresh=False) as progress:
        yield _Bar(progress)


class _Bar:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=1.0, facts="")

    def say(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False)

    def show(self, summary: RunSummary) -> None:
        self._progress.update(
            self._task, description=_title(summary), completed=summary.progress, facts=_facts(summary), refresh=True
        )


class _Lines:
    def __init__(self) -> None:
        self._next = 0.0
        self._title = ""

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def show(self, summary: RunSummary) -> None:
        now, title = time.monotonic(), _title(summary)
        if now < self._next and title == self._title:
            return
        self._next, self._title = now + LINE_SECONDS, title
        print(f"{title}: {_facts(summary)}", file=sys.stderr, flush=True)


def _title(summary: RunSummary) -> str:
    waits = f" ({summary.detail})" if summary.state in _WAITING and summary.detail else ""
    stage = f", {summary.stage.name}" if summary.stage and not summary.state.ended else ""
    return f"{summary.id} {summary.name} {summary.state.value}{stage}{waits}"


def _facts(summary: RunSummary) -> str:
    return (
        f"{summary.progress:.0%} · {summary.frames:,} frames · {number(summary.frames_per_second, 0)} frames/s · "
        f"return {number(summary.return_mean)} · ETA {span(summary.eta_seconds)}"
    )
