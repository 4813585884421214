"""A worker as its parent sees it: started, asked, waited for, replaced."""

from __future__ import annotations

import contextlib
import os
import select
import sys
from collections.abc import Iterator, Sequence
from multiprocessing import Pipe, forkserver, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from multiprocessing.heap import Arena
from time import monotonic
from types import ModuleType

from agents.api import StateError
from collectors.api import WorkerError
from collectors.worker import DONE, HEADER, READY, UNFIT, WorkerPlan, work

START_SECONDS = 120.0
"""A worker may take this long to make its worlds: compiling a simulator takes some 20 s on a loaded machine."""
_EXIT_SECONDS = 2.0
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class WorkerLostError(Exception):
    """A worker died or does not answer; a replacement may do better. The message says which and how."""


class WorkerProcess:
    """One worker process and the replacements that follow it."""

    def __init__(self, plan: WorkerPlan, memory: Arena, preload: Sequence[str]) -> None:
        self._plan = plan
        self._memory = memory
        self._preload = ["collectors.worker", *preload]
        self._process: ForkServerProcess | None = None
        self._link: Connection | None = None
        self._number = READY
        self._poll = select.poll()

    @property
    def rows(self) -> slice:
        """The lanes it drives."""
        return self._plan.rows

    @property
    def pid(self) -> int | None:
        """Of the process that works now."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start a process; ``wait(START_SECONDS)`` for it before asking anything."""
        context = get_context("forkserver")
        context.set_forkserver_preload(self._preload)
        self._link, inner = Pipe()
        self._number = READY
        self._poll = select.poll()
        self._poll.register(self._link, select.POLLIN)
        name = f"racetui-worker-{self._plan.index}"
        process = context.Process(target=work, args=(inner, self._memory, self._plan), name=name, daemon=True)
        try:
            with _single_threaded(), _no_main_module():
                forkserver.ensure_running()
                process.start()
        finally:
            inner.close()
        self._process = process

    def ask(self, order: bytes, content: bytes = b"") -> None:
        """Send an order; ``wait`` for its answer."""
        self._number += 1
        with contextlib.suppress(OSError):  # dead: wait() will find out how
            self._open_link.send_bytes(HEADER.pack(order, self._number) + content)

    def wait(self, seconds: float, since: float | None = None) -> bytes:
        """Wait for the answer to the last order, at most ``seconds`` from now or from ``since`` (monotonic).

        Returns what came with it. Raises WorkerLostError, WorkerError with the words of a failure, and StateError
        with those about copies that do not fit.
        """
        deadline = (monotonic() if since is None else since) + seconds
        while True:
            if not self._poll.poll(max(0.0, deadline - monotonic()) * 1000):
                raise WorkerLostError(f"{self._name} gave no answer for {seconds:g} s")
            try:
                answer = self._open_link.recv_bytes()
            except (EOFError, OSError):
                raise WorkerLostError(f"{self._name} died ({self._cause_of_death()})") from None
            outcome, number = HEADER.unpack_from(answer)
            if number != self._number:  # the late answer to an order that an exception cut short
                continue
            content = answer[HEADER.size :]
            if outcome == UNFIT:
                raise StateError(content.decode())
            if outcome != DONE:
                raise WorkerError(f"{self._name}: {content.decode()}")
            return content

    def kill(self) -> None:
        """End the process now and free what it held; may be called twice."""
        if self._process is not None:
            self._process.kill()
        self.hang_up()
        self.join(_EXIT_SECONDS)

    def hang_up(self) -> None:
        """Close the link, which a working process takes as the order to exit."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def join(self, seconds: float) -> None:
        """Wait for the process to exit, kill it if it does not, and forget it."""
        if self._process is None:
            return
        self._process.join(seconds)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()
        self._process = None

    @property
    def _open_link(self) -> Connection:
        if self._link is None:
            raise WorkerError(f"worker {self._plan.index} is closed")
        return self._link

    @property
    def _name(self) -> str:
        return f"worker {self._plan.index} (pid {self.pid})"

    def _cause_of_death(self) -> str:
        if self._process is None:
            return "closed"
        self._process.join(_EXIT_SECONDS)
        code = self._process.exitcode
        if code is None:
            return "link closed"
        return f"signal {-code}" if code < 0 else f"exit code {code}"


@contextlib.contextmanager
def _single_threaded() -> Iterator[None]:
    """The fork server, and all workers after it, take their environment from here when it first starts."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(_ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _no_main_module() -> Iterator[None]:
    """Keep workers from importing the program that starts them, torch and all, as multiprocessing would have it."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
