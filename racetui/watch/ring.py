"""The ring of frames between the process that drives and those that watch: one writes, nobody waits for anybody.

The file is a header and a fixed number of slots. A slot has the number of its frame and a checksum over both; a
reader copies it and checks, so a frame that is being overwritten is never shown, on any processor. The writer holds a
lock on the file for as long as it lives: that, and not a sign of life, tells readers whether there is one.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import zlib
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from carracing.task import Array
from racetui.watch.shot import RECORD, Shot

SLOTS = 100
"""Two seconds of driving: what a reader that looks now and then has time to fetch."""
MAGIC = b"racetui\x01"
_NOTE_BYTES = 300
_HEADER = np.dtype([("magic", "S8"), ("newest", "<u8"), ("checksum", "<u4"), ("note", "u1", (_NOTE_BYTES,))])
_SLOT = np.dtype([("number", "<u8"), ("checksum", "<u4"), ("shot", RECORD)])
_START = 4096
_BYTES = _START + SLOTS * _SLOT.itemsize


class RingWriter:
    """Writes frames into a new file at ``path``, replacing one that another writer may have left. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._closed = False
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        self._descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._descriptor, _BYTES)
            self._map = mmap.mmap(self._descriptor, _BYTES)
            self._header, self._slots = _views(self._map)
            self._header["magic"] = MAGIC
            self._inode = os.fstat(self._descriptor).st_ino
            unfinished.replace(path)
        except BaseException:
            os.close(self._descriptor)
            unfinished.unlink(missing_ok=True)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def replaced(self) -> bool:
        """Another writer has taken the place, or the file was deleted: nobody sees these frames any more."""
        try:
            return self._path.stat().st_ino != self._inode
        except OSError:
            return True

    def write(self, shot: Shot) -> None:
        """Add a frame."""
        number = int(self._header["newest"]) + 1
        slot = self._slots[number % SLOTS : number % SLOTS + 1]
        record = shot.pack()
        slot["number"] = 0  # what was there is gone from here on
        slot["shot"] = record
        slot["checksum"] = _checksum(number, record.tobytes())
        slot["number"] = number
        self._header["newest"] = number

    def note(self, text: str) -> None:
        """Say in words what is being driven, or why nothing is; long text is cut."""
        data = text.encode()[:_NOTE_BYTES].ljust(_NOTE_BYTES, b"\0")
        self._header["note"] = np.frombuffer(data, np.uint8)
        self._header["checksum"] = zlib.crc32(data)

    def close(self) -> None:
        """Delete the file, unless it is another writer's, and let go of it; may be called twice."""
        if self._closed:
            return
        self._closed = True
        if not self.replaced:
            with contextlib.suppress(OSError):
                self._path.unlink()
        os.close(self._descriptor)


class RingReader:
    """Reads the frames of the writer at ``path`` as it was when this was made. Raises OSError, ValueError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            stat = os.fstat(self._descriptor)
            if stat.st_size != _BYTES:
                raise ValueError(f"{path} is not a ring of frames of this version")
            self._inode = stat.st_ino
            self._map = mmap.mmap(self._descriptor, _BYTES, access=mmap.ACCESS_READ)
            self._header, self._slots = _views(self._map)
            if self._header["magic"].tobytes() != MAGIC:
                raise ValueError(f"{path} is not a ring of frames of this version")
        except BaseException:
            os.close(self._descriptor)
            raise
        self._note = ""

    @property
    def current(self) -> bool:
        """The writer lives, and no other one has taken its place."""
        try:
            if self._path.stat().st_ino != self._inode:
                return False
        except OSError:
            return False
        return not _lockable(self._descriptor)

    @property
    def newest(self) -> int:
        """Number of the newest frame, counted from 1; 0 before there is any."""
        return int(self._header["newest"])

    @property
    def note(self) -> str:
        """What the writer says; the text before it while that is being replaced."""
        data = self._header["note"].tobytes()
        if zlib.crc32(data) == int(self._header["checksum"]):
            self._note = data.rstrip(b"\0").decode(errors="ignore")
        return self._note

    def read(self, number: int) -> Shot | None:
        """That frame; None if it was overwritten, is being written, or is not there yet."""
        if number < 1:
            return None
        slot = self._slots[number % SLOTS].copy()
        if int(slot["number"]) != number:
            return None
        if _checksum(number, slot["shot"].tobytes()) != int(slot["checksum"]):
            return None
        return Shot.unpack(slot["shot"])

    def close(self) -> None:
        """Let go of the lock's file, not of the frames: a thread that still has this may go on reading them."""
        os.close(self._descriptor)


def _views(memory: mmap.mmap) -> tuple[Array, Array]:
    header = np.frombuffer(memory, _HEADER, 1)
    return header.reshape(()), np.frombuffer(memory, _SLOT, SLOTS, _START)


def _checksum(number: int, data: bytes) -> int:
    return zlib.crc32(data, number & 0xFFFFFFFF)


def _lockable(descriptor: int) -> bool:
    """Nobody holds the lock; asking leaves none behind."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return True
