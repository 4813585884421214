"""Orders to a running trainer: read from the run store, obeyed between steps, acknowledged with their outcome."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from types import FrameType

from racetui.runs.model import CommandRow, RunState
from racetui.runs.writer import RunWriter

POLL_SECONDS = 0.1
"""How often orders are looked for; one indexed SELECT, some 20 microseconds."""
BEAT_SECONDS = 1.0
"""How often the store hears that the run is alive."""


class Stop(IntEnum):
    """How soon a run is to stop; a higher rung overrules a lower one."""

    NOT = 0
    AFTER_ROUND = 1
    NOW = 2


class Interrupted(Exception):  # noqa: N818  (not an error: the round in progress is given up by order)
    """Stop now: the round in progress is given up, the run goes back to its last completed one."""


class Orders:
    """Obeys pause, resume and stop by itself; hands checkpoint and evaluate to those who know how.

    ``pulse`` is called by the collector between steps and by the agent between minibatches. It blocks while the
    run is paused and raises Interrupted for a stop at once, but only while collecting: an update under way is
    always finished, since half of one is no state to keep.
    """

    def __init__(self, writer: RunWriter) -> None:
        self._writer = writer
        self._beat: Callable[[], None] = writer.show_life
        self._handlers: dict[str, Callable[[CommandRow], None]] = {}
        self._next_poll = 0.0
        self._next_beat = 0.0
        self._signalled = False
        self._pauses: list[CommandRow] = []
        self._stops: list[CommandRow] = []
        self.pausing = False
        self.stop = Stop.NOT
        self.stopped_by = ""
        self.reason = ""
        """Why the run ends where nobody ordered it."""
        self.over = False
        """Training has ended; only evaluations go on."""
        self.paused_seconds = 0.0
        self._collecting = False
        self._learning = False

    def on_beat(self, beat: Callable[[], None]) -> None:
        """Call ``beat`` once a second, whatever the run is doing; until then there is only a sign of life."""
        self._beat = beat

    def handle(self, name: str, handler: Callable[[CommandRow], None]) -> None:
        """Call ``handler`` for orders of this name, never amid learning; it acknowledges them itself."""
        self._handlers[name] = handler

    @contextmanager
    def while_collecting(self) -> Iterator[None]:
        """Within this, a pulse may block or raise Interrupted."""
        self._collecting = True
        try:
            yield
        finally:
            self._collecting = False

    @contextmanager
    def while_learning(self) -> Iterator[None]:
        """Within this, orders about the agent's state wait: half an update is no state to save."""
        self._learning = True
        try:
            yield
        finally:
            self._learning = False

    def listen_to_signals(self) -> None:
        """SIGTERM and SIGINT stop with a checkpoint; SIGHUP (the terminal went away) is no reason to stop."""
        signal.signal(signal.SIGTERM, self._signal)
        signal.signal(signal.SIGINT, self._signal)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def interrupt(self) -> None:
        """Stop with a checkpoint, as at a signal."""
        self._signalled = True  # only a flag: the store is written between steps, never inside a signal handler
        self._next_poll = 0.0

    def pulse(self) -> None:
        """Look for orders and show life; may block (paused) or raise Interrupted (stop now)."""
        now = time.monotonic()
        if now >= self._next_poll:
            self.poll(now)
        if self._collecting:  # also between two polls: a collector may be quicker than one lasts
            if self.pausing:
                self._stay_paused()
            if self.stop is Stop.NOW:
                raise Interrupted

    def poll(self, now: float | None = None) -> None:
        """Take every waiting order, and beat when due; never blocks."""
        now = time.monotonic() if now is None else now
        self._next_poll = now + POLL_SECONDS
        if now >= self._next_beat:
            self._next_beat = now + BEAT_SECONDS
            self._beat()
        if self._signalled:
            self._signalled = False
            self._raise_stop(Stop.NOW, "a signal")
        for command in self._writer.pending_commands():
            if not (self._learning and command.name in self._handlers):
                self._obey(command)

    def end(self, reason: str) -> None:
        """Stop now, of the run's own accord."""
        self.reason = reason
        self._raise_stop(Stop.NOW, "the run itself")

    def acknowledge_stops(self, outcome: str) -> None:
        """Tell whoever ordered the stop how it went, once the last checkpoint is safe."""
        self._answer(self._pauses, "the run ended before it paused")
        self._answer(self._stops, outcome)

    def _obey(self, command: CommandRow) -> None:
        self._writer.take(command.id)
        match command.name:
            case "pause":
                self._pause(command)
            case "resume":
                self._resume(command)
            case "stop":
                rung = Stop.NOW if command.args.get("after") == "now" else Stop.AFTER_ROUND
                self._stops.append(command)
                self._raise_stop(rung, command.source)
            case name if name in self._handlers:
                self._handlers[name](command)
            case name:
                self._writer.done(command.id, f"this run does not know the order {name!r}")

    def _pause(self, command: CommandRow) -> None:
        if self.over or self.stop is not Stop.NOT:
            self._writer.done(
                command.id, "too late: training is over" if self.over else "too late: the run is stopping"
            )
            return
        self._pauses.append(command)
        if not self.pausing:
            self.pausing = True
            self._writer.set_state(RunState.PAUSING)

    def _resume(self, command: CommandRow) -> None:
        self._answer(self._pauses, "resumed before it paused")
        if self.pausing:
            self.pausing = False
            self._writer.set_state(RunState.RUNNING)
        self._writer.done(command.id, "ok")

    def _raise_stop(self, rung: Stop, source: str) -> None:
        if rung > self.stop:
            self.stop, self.stopped_by, self.pausing = rung, source, False
            self._writer.set_state(RunState.STOPPING, f"by {source}")

    def _stay_paused(self) -> None:
        started = time.monotonic()
        self._writer.set_state(RunState.PAUSED)
        self._answer(self._pauses, "ok")
        while self.pausing:
            time.sleep(POLL_SECONDS)
            self.poll()
        self.paused_seconds += time.monotonic() - started

    def _answer(self, commands: list[CommandRow], outcome: str) -> None:
        for command in commands:
            self._writer.done(command.id, outcome)
        commands.clear()

    def _signal(self, _number: int, _frame: FrameType | None) -> None:
        self.interrupt()
