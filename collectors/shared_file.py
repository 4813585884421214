"""Memory that processes share through a descriptor: nameless, so nothing is left behind, not even by kill -9."""

from __future__ import annotations

import os
import tempfile
from multiprocessing import reduction
from typing import Any

import numpy as np

from carracing.task import Array


class SharedFile:
    """A file in memory, as large as what was written; pickled, as an argument of a new process, it is shared.

    Reading and writing copy straight between arrays and the kernel's pages: nothing is mapped, nothing needs a size
    beforehand, and where memory runs out there is an OSError instead of a dead process. Unwritten parts take no
    memory.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = _nameless() if descriptor is None else descriptor

    @property
    def descriptor(self) -> int:
        """To be sent to a process that already runs."""
        return self._descriptor

    def write(self, data: Array, offset: int) -> None:
        """Copy a C-contiguous array to ``offset``, in bytes. Raises OSError where memory is short."""
        source = _plain(data)
        while len(source):
            written = os.pwrite(self._descriptor, source, offset)
            source, offset = source[written:], offset + written

    def reserve(self, size: int) -> None:
        """Make it at least so many bytes long; what was not written reads as zeros."""
        if os.fstat(self._descriptor).st_size < size:
            os.ftruncate(self._descriptor, size)

    def read_into(self, data: Array, offset: int) -> None:
        """Fill a C-contiguous array from ``offset``. Raises EOFError beyond its end."""
        target = _plain(data)
        while len(target):
            count = os.preadv(self._descriptor, [target], offset)
            if not count:
                raise EOFError(f"there are no {len(target)} bytes at {offset}")
            target, offset = target[count:], offset + count

    def close(self) -> None:
        """Free the memory, if nobody else has it; may be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (reduction.DupFd(self._descriptor),)


def _received(duplicate: Any) -> SharedFile:
    return SharedFile(duplicate.detach())


def _nameless() -> int:
    if hasattr(os, "memfd_create"):  # needs no /dev/shm, which containers keep small
        return os.memfd_create("racetui")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _plain(data: Array) -> memoryview:
    if not data.flags.c_contiguous:
        raise ValueError("only arrays in one piece can be shared")
    return data.reshape(-1).view(np.uint8).data
