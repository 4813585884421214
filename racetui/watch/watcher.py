"""Watching from the other side: keeps the lease of the run in view, sees to it that somebody drives, reads frames."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from racetui.runs.paths import RunPaths
from racetui.watch.lease import RENEW_SECONDS, Lease, Source, renew
from racetui.watch.ring import RingReader
from racetui.watch.shot import Shot

KEPT_SECONDS = 2.0
"""How long after it was last asked for a view is kept up."""
RETRY_SECONDS = 3.0
"""Least time between two starts of a process that drives."""
FAILED_SECONDS = 30.0
"""The same after one that failed."""


def start_driving(paths: RunPaths) -> subprocess.Popen[bytes]:
    """Start the process that drives the watched car; what it prints goes to the run's log. Raises OSError."""
    with paths.log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-P", "-u", "-m", "racetui.watch", str(paths.root.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )


@dataclass(frozen=True, slots=True)
class View:
    """Whose car is to be seen."""

    paths: RunPaths
    source: Source


class Watcher:
    """What is asked for by ``keep`` is watched until two seconds after the last time; a thread does all the work.

    It lives only while there is something to do.
    """

    def __init__(
        self,
        start: Callable[[RunPaths], subprocess.Popen[bytes]] = start_driving,
        renew: Callable[[RunPaths, Lease], None] = renew,
    ) -> None:
        self._start = start
        self._renew = renew
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._view: View | None = None
        self._until = 0.0
        self._ring: tuple[View, RingReader] | None = None
        self._process: tuple[View, subprocess.Popen[bytes]] | None = None
        self._not_before = 0.0
        self._trouble = ""

    def keep(self, view: View) -> None:
        """Watch this from now on; costs nothing, and must be repeated."""
        with self._lock:
            if view != self._view:
                self._view, self._trouble, self._not_before = view, "", 0.0
            self._until = time.monotonic() + KEPT_SECONDS
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="racetui-watcher", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Watch nothing more; the lease runs out by itself."""
        with self._lock:
            self._until = 0.0

    @property
    def newest(self) -> int:
        """Number of the newest frame of the view; 0 where there is none."""
        ring = self._ring
        return ring[1].newest if ring is not None and ring[0] == self._view else 0

    def read(self, number: int) -> Shot | None:
        """A frame of the view by its number; None if it is gone, or not there yet."""
        ring = self._ring
        return ring[1].read(number) if ring is not None and ring[0] == self._view else None

    @property
    def note(self) -> str:
        """What is driven, or why nothing is to be seen."""
        ring = self._ring
        if self._trouble:
            return self._trouble
        return ring[1].note if ring is not None and ring[0] == self._view else "starting"

    def _work(self) -> None:
        while True:
            with self._lock:
                view = self._view
                if view is None or time.monotonic() > self._until:
                    self._drop()
                    self._thread = None
                    return
            try:
                self._look_after(view)
            except OSError as error:
                self._trouble = f"cannot be watched: {error.strerror or error}: {error.filename or view.paths.root}"
            except Exception as error:  # whatever it is, it is to be seen where the car is not
                self._trouble = " ".join(str(error).split()) or type(error).__name__
            time.sleep(RENEW_SECONDS if self._ring is not None else RENEW_SECONDS / 4)

    def _look_after(self, view: View) -> None:
        self._renew(view.paths, Lease(view.source))
        reader = self._ring[1] if self._ring is not None and self._ring[0].paths == view.paths else None
        if reader is None or not reader.current:
            self._drop()
            reader = _reader_of(view.paths)
        if reader is None:
            self._see_to_a_driver(view)
        else:
            self._ring, self._trouble = (view, reader), ""

    def _drop(self) -> None:
        ring, self._ring = self._ring, None
        if ring is not None:
            ring[1].close()

    def _see_to_a_driver(self, view: View) -> None:
        """Start one, unless it is still on its way, or has just ended."""
        process = self._process
        if process is not None and process[0].paths == view.paths:
            code = process[1].poll()
            if code is None:
                return
        else:
            code = 0
        if code:
            self._process, self._not_before = None, time.monotonic() + FAILED_SECONDS
            self._trouble = f"what drives it ended with exit code {code}; the run's log says why"
        if time.monotonic() >= self._not_before:
            self._not_before = time.monotonic() + RETRY_SECONDS
            self._process = (view, self._start(view.paths))


def _reader_of(paths: RunPaths) -> RingReader | None:
    """Of the ring that somebody writes now; None where nobody does."""
    try:
        reader = RingReader(paths.frames)
    except FileNotFoundError:
        return None
    if reader.current:
        return reader
    reader.close()
    return None
