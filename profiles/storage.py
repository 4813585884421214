"""The disk under a directory: its file system, room, and whether it is on another machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

NETWORK_KINDS = frozenset(
    {
        *("9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.ceph", "fuse.gcsfuse", "fuse.glusterfs"),
        *("fuse.rclone", "fuse.s3fs", "fuse.sshfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4"),
        *("orangefs", "smb3", "smbfs", "webdav"),
    }
)
"""File systems whose files are on another machine, by the names that systems mount them under."""


@dataclass(frozen=True, slots=True)
class Storage:
    """Where a directory is, or will be; sizes in bytes."""

    path: Path
    """The directory, or what exists of the way to it."""
    kind: str
    """The file system: ext4, nfs4, ...; empty where the system does not tell."""
    network: bool
    """On another machine: SQLite's write-ahead log, which run stores use, does not work there
    (https://sqlite.org/wal.html)."""
    rotating: bool | None
    """A disk that turns; None where the system does not tell."""
    total: int
    """What is used and what is free to this user; file systems keep a part for themselves."""
    free: int


def look_at(path: Path, mounts: Iterable[tuple[str, str]] | None = None) -> Storage:
    """The disk under ``path``, which need not exist yet; ``mounts`` are (mount point, kind), by default this
    system's."""
    existing = next(parent for parent in (path, *path.parents) if parent.exists()).resolve()
    usage = shutil.disk_usage(existing)
    kind = _kind(existing, _mounts() if mounts is None else mounts)
    return Storage(existing, kind, kind in NETWORK_KINDS, _rotating(existing), usage.used + usage.free, usage.free)


def _mounts() -> list[tuple[str, str]]:
    return [(part.mountpoint, part.fstype) for part in psutil.disk_partitions(all=True)]


def _kind(path: Path, mounts: Iterable[tuple[str, str]]) -> str:
    """Of the deepest mount point above ``path``, the last one where several lie on each other."""
    found, depth = "", 0
    for mount, kind in mounts:
        parts = Path(mount).parts
        if path.parts[: len(parts)] == parts and len(parts) >= depth:
            found, depth = kind, len(parts)
    return found


def _rotating(path: Path, devices: Path = Path("/sys/dev/block")) -> bool | None:
    device = path.stat().st_dev
    entry = (devices / f"{os.major(device)}:{os.minor(device)}").resolve()
    for disk in (entry, entry.parent):  # a partition lies within its disk
        try:
            return (disk / "queue" / "rotational").read_text().strip() == "1"
        except OSError:
            continue
    return None
