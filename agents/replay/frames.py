"""Where a replay keeps its observations: one large array, in memory or in a file, copied only where it must be."""

from __future__ import annotations

import mmap
import tempfile
import threading
from math import prod
from pathlib import Path
from weakref import ReferenceType, ref

import numpy as np

from agents.api import Chunk
from agents.replay.sizes import CHUNK_BYTES
from carracing.task import Array, TaskSpec


class ReplayFileError(RuntimeError):
    """The file that a replay is to be kept in cannot be made or grow; says where and why."""


class FrameStore:
    """``cells`` observations, each flattened to one row; memory is taken as rows are first written.

    ``freeze`` gives the content of a moment without copying it: a chunk of rows is copied when a row of it is
    about to be overwritten while somebody still holds the frozen chunk. One thread writes; any may read frozen
    chunks.
    """

    def __init__(self, cells: int, task: TaskSpec, directory: str = "") -> None:
        self.rows_per_chunk = max(1, CHUNK_BYTES // task.observation_bytes)
        self._shape = task.observation_shape
        self._file = _GrowingFile(Path(directory).expanduser(), cells * task.observation_bytes) if directory else None
        size = (cells, prod(task.observation_shape))
        if self._file is None:
            self.rows: Array = np.empty(size, task.observation_dtype)
        else:
            self.rows = np.frombuffer(self._file.memory, task.observation_dtype).reshape(size)
        self._lock = threading.Lock()
        self._frozen: dict[int, list[ReferenceType[_FrozenRows]]] = {}

    def write(self, slots: Array, observations: Array) -> None:
        """Put observations into rows; of equal slots the last counts. Raises ReplayFileError."""
        if self._file is not None:
            self._file.grow((int(slots.max()) + 1) * self.rows.itemsize * self.rows.shape[1])
        with self._lock:
            for chunk in np.unique(slots // self.rows_per_chunk).tolist() if self._frozen else ():
                for reference in self._frozen.pop(chunk, ()):
                    if (frozen := reference()) is not None:
                        frozen.keep()
            self.rows[slots] = observations.reshape(len(slots), -1)

    def freeze(self, used: int, first: int) -> dict[int, Chunk]:
        """The first ``used`` rows as they are now: chunk number -> chunk, beginning with the one of row ``first``."""
        with self._lock:
            self._forget()
            count = -(-used // self.rows_per_chunk)
            return {
                chunk: self._freeze(chunk, used)
                for chunk in sorted(range(count), key=lambda chunk: chunk < first // self.rows_per_chunk)
            }

    def chunk_shapes(self, used: int) -> dict[int, tuple[int, ...]]:
        """What ``freeze`` gives for so many rows: chunk number -> shape."""
        starts = range(0, used, self.rows_per_chunk)
        return {number: (min(self.rows_per_chunk, used - start), *self._shape) for number, start in enumerate(starts)}

    def _freeze(self, chunk: int, used: int) -> Chunk:
        start = chunk * self.rows_per_chunk
        rows = self.rows[start : min(start + self.rows_per_chunk, used)]
        frozen = _FrozenRows(rows.reshape(len(rows), *self._shape), self._lock)
        self._frozen.setdefault(chunk, []).append(ref(frozen))
        return Chunk((len(rows), *self._shape), rows.dtype.name, frozen.read)

    def _forget(self) -> None:
        """Drop frozen chunks that nobody holds any more."""
        for chunk, references in list(self._frozen.items()):
            self._frozen[chunk] = [reference for reference in references if reference() is not None]
            if not self._frozen[chunk]:
                del self._frozen[chunk]


class _FrozenRows:
    """Rows as they were, shared with the store until ``keep``."""

    def __init__(self, rows: Array, lock: threading.Lock) -> None:
        self._rows = rows
        self._lock = lock
        self._shared = True

    def keep(self) -> None:
        """Copy them, since they are about to change; the caller holds the lock."""
        self._rows, self._shared = self._rows.copy(), False

    def read(self) -> Array:
        """The rows, as a copy while they are shared."""
        with self._lock:
            return self._rows.copy() if self._shared else self._rows


class _GrowingFile:
    """A file without a name, mapped whole; space on the disk is taken before it is written, so none runs out amid."""

    def __init__(self, directory: Path, size: int) -> None:
        self._directory, self._taken = directory, 0
        try:
            self._file = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115  (lives as long as the mapping)
            self._file.truncate(size)
            self.memory = mmap.mmap(self._file.fileno(), size)
        except OSError as error:
            raise ReplayFileError(f"no replay can be kept in {directory}: {error.strerror or error}") from error

    def grow(self, size: int) -> None:
        """Make sure that the first ``size`` bytes are on the disk. Raises ReplayFileError."""
        try:
            while self._taken < size:
                self._file.seek(self._taken)
                count = min(CHUNK_BYTES, len(self.memory) - self._taken)
                self._file.write(bytes(count))
                self._file.flush()
                self._taken += count
        except OSError as error:
            raise ReplayFileError(
                f"the replay's file in {self._directory} cannot grow beyond {self._taken:,} bytes: "
                f"{error.strerror or error}; free some space, or make replay smaller"
            ) from error
