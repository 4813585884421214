"""One trainer per run: a lock that dies with its holder."""

from __future__ import annotations

import fcntl
import os
import time
from types import TracebackType
from typing import Self

from racetui.runs.errors import NotWritable, RunBusy
from racetui.runs.paths import RunPaths

PATIENCE = 5.0
"""Seconds to try again: who launches a trainer holds the lock until the trainer is on record."""


class Claim:
    """The right to train a run, until released or the process dies."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Let another trainer have the run; may be called twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def claim(paths: RunPaths) -> Claim:
    """Become the run's only trainer. Raises RunBusy if there is one, NotWritable."""
    descriptor = _open(paths)
    deadline = time.monotonic() + PATIENCE
    while not _try(descriptor):
        if time.monotonic() >= deadline:
            os.close(descriptor)
            raise RunBusy(f"run {paths.id} is already being trained by another process")
        time.sleep(0.02)
    return Claim(descriptor)


def _open(paths: RunPaths) -> int:
    try:
        return os.open(paths.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise NotWritable(f"cannot write to {paths.lock}: {error.strerror}") from error


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
