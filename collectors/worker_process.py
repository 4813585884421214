"""A worker of lanes as its parent sees it: asked, and waited for."""

from __future__ import annotations

import contextlib
import select
from collections.abc import Sequence
from multiprocessing.heap import Arena
from time import monotonic

from agents.api import StateError
from collectors.api import WorkerError
from collectors.child_process import ChildProcess, WorkerLostError
from collectors.worker import DONE, HEADER, READY, UNFIT, WorkerPlan, work


class WorkerProcess(ChildProcess):
    """One worker process that steps lanes, and the replacements that follow it."""

    def __init__(self, plan: WorkerPlan, memory: Arena, preload: Sequence[str]) -> None:
        super().__init__(plan.index, work, (memory, plan), preload)
        self._plan = plan
        self._number = READY
        self._poll = select.poll()

    @property
    def rows(self) -> slice:
        """The lanes it drives."""
        return self._plan.rows

    def start(self) -> None:
        """Start a process; ``wait(START_SECONDS)`` for it before asking anything."""
        super().start()
        self._number = READY
        self._poll = select.poll()
        self._poll.register(self.link, select.POLLIN)

    def ask(self, order: bytes, content: bytes = b"") -> None:
        """Send an order; ``wait`` for its answer."""
        self._number += 1
        link = self.link
        with contextlib.suppress(OSError):  # dead: wait() will find out how
            link.send_bytes(HEADER.pack(order, self._number) + content)

    def wait(self, seconds: float, since: float | None = None) -> bytes:
        """Wait for the answer to the last order, at most ``seconds`` from now or from ``since`` (monotonic).

        Returns what came with it. Raises WorkerLostError, WorkerError with the words of a failure, and StateError
        with those about copies that do not fit.
        """
        deadline = (monotonic() if since is None else since) + seconds
        link = self.link
        while True:
            if not self._poll.poll(max(0.0, deadline - monotonic()) * 1000):
                raise WorkerLostError(f"{self.name} gave no answer for {seconds:g} s")
            try:
                answer = link.recv_bytes()
            except (EOFError, OSError):
                raise self.died() from None
            outcome, number = HEADER.unpack_from(answer)
            if number != self._number:  # the late answer to an order that an exception cut short
                continue
            content = answer[HEADER.size :]
            if outcome == UNFIT:
                raise StateError(content.decode())
            if outcome != DONE:
                raise WorkerError(f"{self.name}: {content.decode()}")
            return content
