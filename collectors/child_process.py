"""The life of a worker process, whatever it does: started cheaply, watched, killed, gone with its parent."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import Pipe, current_process, forkserver, get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import ModuleType
from typing import Any

from collectors.api import CollectorError, WorkerError

START_SECONDS = 120.0
"""A worker may take this long to make its worlds: compiling a simulator takes some 20 s on a loaded machine."""
_EXIT_SECONDS = 2.0
WORKER = "racetui-w"
"""Name of worker processes, before their number."""
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class WorkerLostError(Exception):
    """A worker died or does not answer; a replacement may do better. The message says which and how."""


class ChildProcess:
    """One worker process and the replacements that follow it."""

    def __init__(
        self, index: int, target: Callable[..., None], arguments: tuple[Any, ...], preload: Sequence[str]
    ) -> None:
        """``target`` is called with the process's end of the link, then ``arguments``; ``preload`` names modules."""
        self.index = index
        self._target = target
        self._arguments = arguments
        self._preload = [target.__module__, *preload]
        self._process: ForkServerProcess | None = None
        self._link: Connection | None = None

    @property
    def pid(self) -> int | None:
        """Of the process that works now."""
        return None if self._process is None else self._process.pid

    @property
    def link(self) -> Connection:
        """The parent's end. Raises WorkerError after ``hang_up``."""
        if self._link is None:
            raise WorkerError(f"worker {self.index} is closed")
        return self._link

    @property
    def name(self) -> str:
        """Which worker, and which process, in words."""
        return f"worker {self.index} (pid {self.pid})"

    def start(self) -> None:
        """Start a process; it says by itself when it is ready."""
        context = get_context("forkserver")
        context.set_forkserver_preload(self._preload)
        self._link, inner = Pipe()
        name = f"racetui-worker-{self.index}"
        process = context.Process(target=self._target, args=(inner, *self._arguments), name=name, daemon=True)
        try:
            with _single_threaded(), _no_main_module():
                ensure_fork_server()
                process.start()
        finally:
            inner.close()
        self._process = process

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

    def died(self) -> WorkerLostError:
        """What to say of it once its link is at its end."""
        return WorkerLostError(f"{self.name} died ({self._cause_of_death()})")

    def _cause_of_death(self) -> str:
        if self._process is None:
            return "closed"
        self._process.join(_EXIT_SECONDS)
        code = self._process.exitcode
        if code is None:
            return "link closed"
        return f"signal {-code}" if code < 0 else f"exit code {code}"


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Keep Ctrl-C for the end of the block; processes that start within never hear it, not even while they import."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def ensure_fork_server() -> None:
    """Start the fork server, unless it runs; what it is to import must be said before."""
    resource_tracker.ensure_running()  # which the other wants, and which would let Ctrl-C through again
    with uninterrupted():
        forkserver.ensure_running()


def to_bytes(value: object) -> bytes:
    """What workers are to make their worlds of, pickled. Raises CollectorError if it cannot be."""
    try:
        return pickle.dumps(value)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise CollectorError(f"the world factory cannot be sent to workers, it must be importable: {error}") from None


def begin_as_worker() -> None:
    """Called first within a worker: the interrupt key is not for it, and it ends with its parent.

    On Linux the kernel kills it when the parent is gone, even if it is stopped or its simulator hangs: the read end
    of a pipe that only the parent can write to reports its closing by a signal of choice. A parent-death signal
    would not do: the process that forked this one is the fork server, which lives on while any worker does.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    name_process(WORKER + current_process().name.rpartition("-")[2])
    parent = parent_process()
    if sys.platform == "linux" and parent is not None:
        fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(parent.sentinel, fcntl.F_SETSIG, signal.SIGKILL)
        flags = fcntl.fcntl(parent.sentinel, fcntl.F_GETFL)
        fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)


def name_process(name: str) -> None:
    """Show this process under that name in ``top`` and the like, where the system lets it: Linux, 15 letters."""
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(name[:15])


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
