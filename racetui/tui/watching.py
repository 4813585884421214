"""What the panel knows about the car it shows: which one, how fast the link takes pictures, and what is recorded."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from racetui.runs.model import RunSummary
from racetui.runs.paths import RunPaths
from racetui.tui.pace import Pace
from racetui.tui.services import Services
from racetui.watch.lease import Source, sources
from racetui.watch.recording import Recording
from racetui.watch.watcher import View, Watcher

GOODBYE_SECONDS = 2.0
"""How long leaving the panel waits for a recording to be finished."""


class Watching:
    """Shared by all panes that show the car; no more than one of them is in sight."""

    def __init__(self, services: Callable[[], Services], graphics: bool) -> None:
        self._able = graphics
        self.graphics = graphics
        """The terminal takes pictures as pixels, and the person wants them."""
        self.watcher = Watcher(
            lambda paths: services().drive(paths), lambda paths, lease: services().watch(paths, lease)
        )
        self.pace = Pace(os.environ)
        self.recording: Recording | None = None
        self._recorded: tuple[View, float] | None = None
        self._chosen: Source | None = None

    def allow_pixels(self, wanted: bool) -> None:
        """Show the car in pixels from now on, where the terminal can; or never."""
        self.graphics = self._able and wanted

    def view(self, run: RunSummary | None) -> View | None:
        """What is to be seen now; None where a run has nothing to show. A recording stays with what it records."""
        if self._recorded is not None:
            return self._recorded[0]
        there = sources(run) if run is not None else ()
        if run is None or not there:
            return None
        return View(RunPaths(run.path), self._chosen if self._chosen in there else there[0])

    def choose_other(self, run: RunSummary) -> bool:
        """Show the next of the run's sources; whether there is another one."""
        there, now = sources(run), self.view(run)
        if now is None or len(there) < 2 or self._recorded is not None:
            return False
        index = there.index(now.source) if now.source in there else -1
        self._chosen = there[(index + 1) % len(there)]
        return True

    @property
    def recorded_seconds(self) -> float | None:
        """How long the recording has been going on; None where there is none."""
        return time.monotonic() - self._recorded[1] if self._recorded is not None else None

    def begin_recording(self, view: View, suffix: str) -> Recording:
        """Record this; the caller runs it in a thread and calls ``end_recording`` after it."""
        self.recording = Recording(self.watcher, view, suffix)
        self._recorded = (view, time.monotonic())
        return self.recording

    def end_recording(self) -> None:
        """It is finished."""
        self.recording = self._recorded = None

    def close(self) -> None:
        """Finish a recording and watch nothing more."""
        recording = self.recording
        if recording is not None:
            recording.stop()
            recording.wait(GOODBYE_SECONDS)
        self.watcher.stop()
