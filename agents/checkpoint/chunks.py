"""Bulky arrays of a checkpoint: a file each, written and read one at a time, shared between checkpoints if equal."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np

from agents.api import Chunk
from agents.checkpoint.content import CHUNKS, DTYPES, FileEntry, TensorEntry, chunk_file
from agents.checkpoint.directory import sync_directory
from agents.checkpoint.files import read_checked
from agents.errors import CheckpointError, EditedCheckpointError, PoisonedCheckpointError, TornCheckpointError
from carracing.task import Array

CHUNK_LIMIT = 2**30
"""Bytes of a file; ours have 8 MiB."""
_sound: set[tuple[int, ...]] = set()
"""Files that this process wrote, or read and found as they were written; others are read before they are shared."""


def write_chunks(
    directory: Path, chunks: Mapping[str, Chunk], stored: Mapping[str, Path]
) -> tuple[dict[str, FileEntry], dict[str, TensorEntry]]:
    """Write the chunks into a checkpoint's ``directory``; what the manifest says of their files and contents.

    ``stored`` are files of older checkpoints by checksum: one that is the same is linked, not written; its
    content is read and checked once in each process and whenever it was touched, and a damaged one is written anew.
    Raises OSError, and PoisonedCheckpointError for NaN or infinite numbers.
    """
    files, entries = {}, {}
    (directory / CHUNKS).mkdir()
    for name, chunk in chunks.items():
        content = np.asarray(chunk.read(), order="C")
        content = content.astype(content.dtype.newbyteorder("<"), copy=False)
        if content.dtype.name not in DTYPES:
            raise TypeError(f"chunk {name!r} is {content.dtype}, which a checkpoint cannot hold")
        if content.dtype.kind == "f" and not np.isfinite(content).all():
            raise PoisonedCheckpointError(f"not saved: chunk {name!r} has NaN or infinite numbers")
        file = chunk_file(name)
        files[file] = _write(directory / file, content, stored)
        entries[name] = TensorEntry(content.dtype.name, list(content.shape))
    sync_directory(directory / CHUNKS)
    return files, entries


def stored_chunk(path: Path, file: FileEntry, entry: TensorEntry) -> Chunk:
    """The chunk in a file, which must have the right size now and the right content when it is read.

    Raises TornCheckpointError, EditedCheckpointError.
    """
    if path.is_symlink():
        raise EditedCheckpointError(f"{path} is a link, and a checkpoint has none")
    if not path.exists():
        raise TornCheckpointError(f"{path} is missing: use another checkpoint")
    if (size := path.stat().st_size) < file.bytes:
        raise TornCheckpointError(f"{path} has {size:,} of {file.bytes:,} bytes: use another checkpoint")
    if size > file.bytes or size > CHUNK_LIMIT or entry.dtype not in DTYPES:
        raise EditedCheckpointError(f"{path} is not as it was written: its size or type differs")
    return Chunk(tuple(entry.shape), entry.dtype, lambda: _read(path, file, entry))


def _write(path: Path, content: Array, stored: Mapping[str, Path]) -> FileEntry:
    header, data = _header(content.dtype.name, content.shape), content.reshape(-1).view(np.uint8).data
    checksum = hashlib.sha256(header)
    checksum.update(data)
    entry = FileEntry(len(header) + len(data), checksum.hexdigest())
    if not _link(stored.get(entry.sha256), path, entry):
        with path.open("xb") as file:
            file.write(header)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            _sound.add(_identity(os.fstat(file.fileno())))
    return entry


def _link(older: Path | None, path: Path, entry: FileEntry) -> bool:
    """Give an older file a second name; False where there is no sound one, or the file system has no links."""
    if older is None:
        return False
    with contextlib.suppress(OSError, CheckpointError):
        identity = _identity(older.lstat())
        if identity not in _sound:
            read_checked(older, entry, CHUNK_LIMIT)
            _sound.add(identity)
        path.hardlink_to(older)
        return True
    return False


def _identity(status: os.stat_result) -> tuple[int, ...]:
    """The same for all names of a file, until somebody writes into it."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _read(path: Path, file: FileEntry, entry: TensorEntry) -> Array:
    data, shape = read_checked(path, file, CHUNK_LIMIT), tuple(entry.shape)
    header = _header(entry.dtype, shape)
    expected = len(header) + prod(shape) * np.dtype(entry.dtype).itemsize
    if min(shape, default=0) < 0 or not data.startswith(header) or len(data) != expected:
        raise EditedCheckpointError(f"{path} does not hold {entry.dtype} {entry.shape}, as its manifest says")
    array: Array = np.frombuffer(data, entry.dtype, offset=len(header)).reshape(shape)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise PoisonedCheckpointError(f"{path} has NaN or infinite numbers")
    return array


def _header(dtype: str, shape: tuple[int, ...]) -> bytes:
    """The beginning of a .npy file, format 1.0 (numpy's ``lib.format``): always the same bytes for the same array,
    so that reading compares them and need not parse what somebody else may have written."""
    kind = np.dtype(dtype).newbyteorder("<").str
    text = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
    length = -(-(len(text) + 11) // 64) * 64 - 10
    return b"\x93NUMPY\x01\x00" + length.to_bytes(2, "little") + text.ljust(length - 1).encode() + b"\n"
