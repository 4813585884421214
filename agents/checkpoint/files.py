"""Reading files that anyone may have touched, as bytes."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from agents.checkpoint.content import FileEntry
from agents.errors import CheckpointError, EditedCheckpointError, TornCheckpointError


def read_file(path: Path, limit: int) -> bytes:
    """The bytes of a plain file, never through a link, a pipe or a device. Raises CheckpointError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise TornCheckpointError(f"{path} is missing: use another checkpoint") from None
    except OSError as error:
        if path.is_symlink():
            raise EditedCheckpointError(f"{path} is a link, and a checkpoint has none") from error
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise EditedCheckpointError(f"{path} is not a plain file")
        if status.st_size > limit:
            raise EditedCheckpointError(f"{path} has {status.st_size:,} bytes, and {limit:,} is the most")
        return file.read(limit + 1)


def read_checked(path: Path, entry: FileEntry, limit: int) -> bytes:
    """The bytes of a file that must be as ``entry`` says, of at most ``limit``. Raises CheckpointError."""
    data = read_file(path, limit)
    if len(data) < entry.bytes:
        raise TornCheckpointError(f"{path} has {len(data):,} of {entry.bytes:,} bytes: use another checkpoint")
    if len(data) > entry.bytes or hashlib.sha256(data).hexdigest() != entry.sha256:
        raise EditedCheckpointError(f"{path} is not as it was written: its checksum differs")
    return data
