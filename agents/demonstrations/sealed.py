"""JSON files that carry their own checksum: written whole, read with suspicion."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from agents.checkpoint.content import seal
from agents.demonstrations.errors import DemonstrationsError, EditedDemonstrationsError, TornDemonstrationsError

T = TypeVar("T", bound=msgspec.Struct)

LIMIT = 64 * 2**20
"""Bytes of a JSON file; a block of 1,000 episodes has 300 kB."""


def encode(content: msgspec.Struct) -> bytes:
    """The file's bytes."""
    plain = msgspec.to_builtins(content)
    return json.dumps({**plain, "sha256": seal(plain)}, indent=1, allow_nan=False).encode()


def checksum(content: msgspec.Struct) -> str:
    """What ``encode`` seals the content with."""
    return seal(msgspec.to_builtins(content))


def decode(path: Path, kind: type[T]) -> T:
    """Read and check a file that ``encode`` made.

    Raises TornDemonstrationsError if it is cut short or missing, EditedDemonstrationsError if it is another.
    """
    data = read_bytes(path)
    try:
        content: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise TornDemonstrationsError(f"{path} is not whole JSON: {error}") from None
    if not isinstance(content, dict):
        raise EditedDemonstrationsError(f"{path} is not as it was written: it is no JSON object")
    sealed = content.pop("sha256", None)
    try:
        decoded = msgspec.convert(content, kind, strict=True)
        same = sealed == seal(content)
    except (msgspec.ValidationError, ValueError, RecursionError) as error:
        raise EditedDemonstrationsError(f"{path} is not as it was written: {error}") from None
    if not same:
        raise EditedDemonstrationsError(f"{path} is not as it was written: its checksum differs")
    return decoded


def read_bytes(path: Path) -> bytes:
    """The bytes of a plain, small file."""
    check_plain(path)
    with path.open("rb") as file:
        data = file.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise EditedDemonstrationsError(f"{path} has more than {LIMIT:,} bytes, the most there can be")
    return data


def check_plain(path: Path) -> int:
    """The size in bytes of a plain file, which no link, pipe or device is. Raises DemonstrationsError."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        raise TornDemonstrationsError(f"{path} is missing") from None
    except OSError as error:
        raise DemonstrationsError(f"cannot read {path}: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        raise EditedDemonstrationsError(f"{path} is not a plain file")
    return status.st_size
