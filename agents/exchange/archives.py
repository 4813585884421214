"""Reading entries of a zip archive that anyone may have made: none is unpacked to disk, and none without limit."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from agents.errors import ForeignFileError

MOST_ENTRIES = 10_000
"""In one archive; a network of ours has 20 tensors."""
_MOST_DIRECTORY = 4 * 2**20
"""Bytes of the list of entries, which is read whole."""
_TAIL = 22 + 2**16
"""Longest end of an archive: its last record and a comment."""
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError)
"""What zipfile raises for archives that are not as they should be."""


def open_archive(file: BinaryIO, path: Path) -> zipfile.ZipFile:
    """The archive in ``file``, which is ``path``. Raises ForeignFileError."""
    entries, size = _directory(file)
    if entries > MOST_ENTRIES or size > _MOST_DIRECTORY:
        raise ForeignFileError(f"{path} lists {entries:,} entries, and {MOST_ENTRIES:,} is the most")
    try:
        archive = zipfile.ZipFile(file)
    except _UNREADABLE as error:
        raise ForeignFileError(f"{path} is not a whole zip archive: {error}") from error
    names = archive.namelist()
    if len(set(names)) != len(names) or len(names) > MOST_ENTRIES:
        raise ForeignFileError(f"{path} has entries of the same name, or more than {MOST_ENTRIES:,}")
    return archive


def read_entry(archive: zipfile.ZipFile, name: str, limit: int, path: Path) -> bytes:
    """One entry's bytes, at most ``limit``. Raises ForeignFileError."""
    if name not in archive.namelist():
        raise ForeignFileError(f"{path} has no entry {name!r}: it is not a model that stable-baselines3 saved")
    try:
        with archive.open(name) as entry:
            data = entry.read(limit + 1)
    except _UNREADABLE as error:
        raise ForeignFileError(f"{path}: entry {name!r} cannot be read: {error}") from error
    if len(data) > limit:
        raise ForeignFileError(f"{path}: entry {name!r} unpacks to more than {limit:,} bytes")
    return data


def check_stored(archive: zipfile.ZipFile, size: int, path: Path) -> None:
    """Raise ForeignFileError unless no entry is compressed, and all together are no larger than the file.

    So is every archive that torch.save writes, and none of those that unpack to more than they seem.
    """
    entries = archive.infolist()
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise ForeignFileError(f"{path} has compressed tensors, which torch.save does not write")
    if sum(entry.file_size for entry in entries) > size:
        raise ForeignFileError(f"{path} claims tensors larger than itself")


def _directory(file: BinaryIO) -> tuple[int, int]:
    """Entries and bytes of the list of entries, as the archive's end tells; zeros where there is no such end."""
    size = file.seek(0, 2)
    start = max(0, size - _TAIL)
    file.seek(start)
    tail = file.read(_TAIL)
    end = tail.rfind(b"PK\5\6")
    if end < 0 or len(tail) < end + 22:
        return 0, 0
    entries, length = struct.unpack("<HL", tail[end + 10 : end + 16])
    if tail[max(0, end - 20) : end - 16] == b"PK\6\7":
        (offset,) = struct.unpack("<Q", tail[end - 12 : end - 4])
        file.seek(min(offset, size))
        record = file.read(56)
        if len(record) == 56 and record.startswith(b"PK\6\6"):
            entries, length = struct.unpack("<QQ", record[32:48])
    return entries, length
