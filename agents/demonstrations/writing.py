"""Writing a set block by block: a block is there whole or not at all, so an interrupted recording just goes on."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from agents.checkpoint.directory import sync_directory
from agents.demonstrations.content import (
    ARRAYS,
    BLOCK,
    BLOCKS,
    HEADER,
    WRITING,
    Block,
    BlockHeader,
    FileEntry,
    SetHeader,
    block_name,
    blocks_of,
)
from agents.demonstrations.errors import (
    BusyDemonstrationsError,
    DemonstrationsError,
    ForeignDemonstrationsError,
    UnfitDemonstrationsError,
)
from agents.demonstrations.reading import read_header
from agents.demonstrations.sealed import checksum, encode
from carracing.task import Array

_LOCK = ".lock"


@contextlib.contextmanager
def recording_into(directory: Path, header: SetHeader) -> Iterator[list[int]]:
    """Begin a set, or go on with one of the same header; yields the numbers of the blocks that are still missing.

    Raises UnfitDemonstrationsError where another set is there, ForeignDemonstrationsError where something else is,
    BusyDemonstrationsError while somebody else records.
    """
    if directory.is_dir() and not (directory / HEADER).exists():
        strangers = {path.name for path in directory.iterdir()} - {BLOCKS, _LOCK, f"{WRITING}{HEADER}"}
        if strangers:
            raise ForeignDemonstrationsError(f"{directory} has other things in it, {min(strangers)}: choose another")
    with _writable(directory):
        (directory / BLOCKS).mkdir(parents=True, exist_ok=True)
        lock = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BusyDemonstrationsError(f"another process is recording into {directory}") from None
        with _writable(directory):
            _put_header(directory, header)
            for left in (directory / BLOCKS).glob(f"{WRITING}*"):
                shutil.rmtree(left, ignore_errors=True)
        yield [number for number in blocks_of(header) if not (directory / BLOCKS / block_name(number)).exists()]
    finally:
        os.close(lock)


def write_block(directory: Path, header: SetHeader, block: Block) -> None:
    """Add a block to a set that ``recording_into`` began; from any process. Raises DemonstrationsError."""
    blocks, name = directory / BLOCKS, block_name(block.number)
    unfinished = blocks / f"{WRITING}{name}"
    shutil.rmtree(unfinished, ignore_errors=True)
    with _writable(directory):
        unfinished.mkdir()
        files = {f"{array}.npy": _write_array(unfinished / f"{array}.npy", getattr(block, array)) for array in ARRAYS}
        described = BlockHeader(set=checksum(header), number=block.number, episodes=list(block.episodes), files=files)
        _write(unfinished / BLOCK, encode(described))
        sync_directory(unfinished)
        unfinished.rename(blocks / name)
        sync_directory(blocks)


def _put_header(directory: Path, header: SetHeader) -> None:
    if not (directory / HEADER).exists():
        temporary = directory / f"{WRITING}{HEADER}"
        temporary.unlink(missing_ok=True)
        _write(temporary, encode(header))
        temporary.rename(directory / HEADER)
        sync_directory(directory)
        return
    there, wanted = msgspec.to_builtins(read_header(directory)), msgspec.to_builtins(header)
    for key in wanted:
        if there[key] != wanted[key]:
            raise UnfitDemonstrationsError(
                f"{directory} is a set with {key} {there[key]}, not {wanted[key]}: "
                "record into another directory, or as it was begun"
            )


def _write_array(path: Path, array: Array) -> FileEntry:
    with path.open("x+b") as file:
        np.lib.format.write_array(file, np.ascontiguousarray(array), allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileEntry(file.tell(), digest)


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def _writable(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DemonstrationsError(
            f"cannot write demonstrations to {directory}: {error.strerror or error}; what was complete stays so"
        ) from error
