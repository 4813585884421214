"""Lends the newest weights to whoever watches the run; of one that nobody watches it asks one question a second."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from agents.api import WeightsSnapshot
from racetui.counters import Counters
from racetui.runs.paths import RunPaths
from racetui.runs.writer import RunWriter
from racetui.watch import lease
from racetui.watch.weights import Lent, lend


class Lender:
    """Writes the weights once after each round, while the lease lasts, and takes them back after it."""

    def __init__(self, paths: RunPaths, writer: RunWriter) -> None:
        self._paths, self._writer = paths, writer
        self._lent: tuple[str, int] | None = None
        """Agent of the weights that are lent, and rounds of training behind them; None while nothing is."""
        self._failed = False

    def poll(self, agent: str, done: Counters, snapshot: Callable[[], WeightsSnapshot]) -> None:
        """Lend what ``snapshot`` of ``agent`` gives, which has ``done`` so much, if a watcher has not got it yet."""
        wanted = lease.current(self._paths)
        if wanted is None or wanted.source != "training":
            self.close()
        elif (agent, done.rounds) != self._lent and not self._failed:
            self._lent = (agent, done.rounds)
            try:
                lend(self._paths.weights, Lent(snapshot(), agent, done.episodes))
            except OSError as error:  # a full disk is no reason to stop training, nor to say so every second
                self._failed = True
                self._writer.event("warning", "watch", f"the car cannot be watched: {error.strerror or error}")

    def close(self) -> None:
        """Take back what was lent."""
        if self._lent is not None:
            self._lent, self._failed = None, False
            with contextlib.suppress(OSError):
                self._paths.weights.unlink()
