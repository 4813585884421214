"""Waiting for a run's turn: what its process does before it trains. Loads nothing heavy, and sleeps nearly always."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from types import FrameType

from racetui.runs.errors import StoreError
from racetui.runs.model import CommandRow, RunState
from racetui.runs.paths import RunPaths
from racetui.runs.queue import Queue
from racetui.runs.writer import RunWriter

LOOK_SECONDS = 0.5
"""Between looks at orders and at the queue's file."""
SETTLE_SECONDS = 2.0
"""Between looks at whether the processes in the queue still live; one that ends in good order is noticed at once."""
BEAT_SECONDS = 10.0
"""Between signs of life."""
_NOTHING_YET = "nothing is trained yet: the run waits for its turn"


class Turn:
    """A run's place in the queue, while its process has one."""

    def __init__(self, paths: RunPaths, writer: RunWriter) -> None:
        self._id, self._writer, self._queue = paths.id, writer, Queue(paths)
        self._line = self._queue.look()
        self._stamp: object = None
        self._next_settle = self._next_beat = 0.0
        self._told = ""
        self.signalled = False
        """Somebody sent a signal to stop."""
        self._stopped = False

    def wait(self) -> bool:
        """Wait until the run may train, and obey orders meanwhile; False if it is to stop.

        A process that was started by hand, not by ``launch``, has no place and waits for nobody.
        """
        started = time.monotonic()
        self._listen()
        while self._waits and not self._stopped:
            self._obey()
            if not self._stopped:
                time.sleep(LOOK_SECONDS)
                self._look()
        self._obey_signal()
        if self._told and not self._stopped:
            minutes, seconds = divmod(round(time.monotonic() - started), 60)
            self._writer.event("info", "queue", f"its turn after {minutes} min {seconds:02d} s")
        return not self._stopped

    def leave(self) -> None:
        """Let the next ones have the place."""
        with contextlib.suppress(StoreError):  # whoever dies leaves it, too
            self._queue.leave(self._id, os.getpid())

    @property
    def _waits(self) -> bool:
        ticket = self._line.ticket(self._id)
        return ticket is not None and not ticket.going

    def _look(self) -> None:
        """See how the queue is now; says what the run waits for where that is news."""
        now, stamp = time.monotonic(), self._queue.stamp()
        if stamp != self._stamp or now >= self._next_settle:
            line = self._queue.settle()
            self._line = line if line.ticket(self._id) else self._queue.restore(self._line)
            self._stamp, self._next_settle = self._queue.stamp(), now + SETTLE_SECONDS
            self._tell(self._line.reason(self._id))
        if now >= self._next_beat:
            self._next_beat = now + BEAT_SECONDS
            self._writer.show_life()

    def _tell(self, reason: str) -> None:
        if reason and reason != self._told:
            if not self._told:
                self._writer.event("info", "queue", reason)
            self._told = reason
            self._writer.explain(reason)

    def _obey_signal(self) -> None:
        if self.signalled and not self._stopped:
            self._stop("a signal")

    def _obey(self) -> None:
        self._obey_signal()
        for command in self._writer.pending_commands():
            if self._stopped:
                self._writer.done(command.id, "the run was stopped before its turn")
            else:
                self._answer(command)

    def _answer(self, command: CommandRow) -> None:
        match command.name:
            case "stop":
                self._stop(command.source)
            case "pause":
                self._hold(True)
            case "resume":
                self._hold(False)
            case _:
                self._writer.done(command.id, _NOTHING_YET)
                return
        self._writer.done(command.id, "ok")

    def _hold(self, held: bool) -> None:
        """Let others pass, or wait again where it was."""
        self._queue.hold(self._id, held)
        self._told, self._next_settle = "", 0.0
        if held:
            self._writer.set_state(RunState.PAUSED, "before its turn: others pass")
        else:
            self._writer.set_state(RunState.QUEUED)

    def _stop(self, source: str) -> None:
        self._stopped = True
        self.leave()
        self._writer.set_state(RunState.STOPPED, f"by {source}, before its turn")

    def _listen(self) -> None:
        """SIGTERM and SIGINT stop the run; SIGHUP (the terminal went away) is no reason to."""
        signal.signal(signal.SIGTERM, self._signal)
        signal.signal(signal.SIGINT, self._signal)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _signal(self, _number: int, _frame: FrameType | None) -> None:
        self.signalled = True
