"""A directory of checkpoints: its names, its pointers, what may be deleted, and what a crash left behind."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Literal, TypeAlias

from agents.errors import CheckpointNotFoundError, EditedCheckpointError, UnwritableCheckpointError

Pointer: TypeAlias = Literal["LATEST", "BEST"]

SAVING = ".saving-"
"""Begins the name of a checkpoint that is being written."""
REPLACED = ".replaced-"
"""Begins the name of one that a new one of the same frames is about to take the place of."""
_DELETED = ".deleted-"
_POINTER = ".pointer-"
_NAME = re.compile(r"0|[1-9][0-9]{0,15}")


def list_checkpoints(root: Path) -> list[Path]:
    """The checkpoints in ``root``, by frames; empty where there is no such directory."""
    if not root.is_dir():
        return []
    found = [path for path in root.iterdir() if _NAME.fullmatch(path.name) and _is_real_directory(path)]
    return sorted(found, key=lambda path: int(path.name))


def resolve(root: Path, which: str) -> Path:
    """The checkpoint called "latest", "best" or by its frames. Raises CheckpointNotFoundError.

    Without a pointer, as after a crash before the first was set, the latest is the one with most frames.
    """
    name: str | None = which
    if which in ("latest", "best"):
        name = read_pointer(root, "LATEST" if which == "latest" else "BEST")
    if name is None and which == "latest":
        name = max((path.name for path in list_checkpoints(root)), key=int, default=None)
    if name is not None and _NAME.fullmatch(name):
        for path in (root / name, root / f"{REPLACED}{name}"):
            if _is_real_directory(path):
                return path
    there = ", ".join(path.name for path in list_checkpoints(root)) or "none"
    raise CheckpointNotFoundError(f"no checkpoint {which!r} in {root}: there are {there}")


def read_pointer(root: Path, pointer: Pointer) -> str | None:
    """Name of the checkpoint pointed at, None where nothing is. Raises EditedCheckpointError for other content."""
    path = root / pointer
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            text = file.read(64).decode("ascii", errors="replace").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EditedCheckpointError(f"{path} is not a readable file: {error.strerror}") from error
    if not _NAME.fullmatch(text):
        raise EditedCheckpointError(f"{path} does not name a checkpoint; delete it, or write the name of one into it")
    return text


def set_pointer(root: Path, pointer: Pointer, name: str) -> None:
    """Point at the checkpoint ``name``, at one stroke. Raises CheckpointNotFoundError, UnwritableCheckpointError."""
    resolve(root, name)
    unfinished = root / f"{_POINTER}{pointer}"
    try:
        with unfinished.open("w", encoding="ascii") as file:
            file.write(f"{name}\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(root / pointer)
        sync_directory(root)
    except OSError as error:
        raise UnwritableCheckpointError(
            f"cannot point {pointer} at checkpoint {name}: {error.strerror or error}; it points where it did"
        ) from error


def clear_pointer(root: Path, pointer: Pointer) -> None:
    """Point at nothing. Raises UnwritableCheckpointError."""
    try:
        (root / pointer).unlink(missing_ok=True)
        sync_directory(root)
    except OSError as error:
        raise UnwritableCheckpointError(f"cannot take {pointer} away: {error.strerror or error}") from error


def prune(root: Path, keep: set[str]) -> None:
    """Delete all checkpoints but those named in ``keep`` and those pointed at. Raises UnwritableCheckpointError."""
    kept = keep | {read_pointer(root, "LATEST"), read_pointer(root, "BEST")}
    for path in list_checkpoints(root):
        if path.name not in kept:
            delete(path)


def delete(path: Path) -> None:
    """Delete the checkpoint in directory ``path``, at one stroke for readers; pointers are the caller's.

    Raises UnwritableCheckpointError.
    """
    doomed = path.with_name(f"{_DELETED}{path.name}")
    shutil.rmtree(doomed, ignore_errors=True)
    try:
        path.rename(doomed)
        shutil.rmtree(doomed)
    except OSError as error:
        raise UnwritableCheckpointError(f"cannot delete checkpoint {path}: {error.strerror}") from error


def clean(root: Path) -> None:
    """Remove what an interrupted save or prune left, and put back what was about to be replaced."""
    for path in root.iterdir():
        if path.name.startswith(REPLACED):
            original = path.with_name(path.name.removeprefix(REPLACED))
            if not original.exists():
                path.rename(original)
                continue
        if path.name.startswith((SAVING, REPLACED, _DELETED)):
            shutil.rmtree(path, ignore_errors=True)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_real_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
