"""What a container or service manager allows this process: Linux control groups, versions 1 and 2.

Limits apply at every level from the process's own group up, so all of them are read and the tightest counts.
File names and formats: https://docs.kernel.org/admin-guide/cgroup-v2.html and .../cgroup-v1/memory.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Limits:
    """The tightest limits found; None where there is none."""

    cores: float | None = None
    """Processor time per second, in cores."""
    memory: int | None = None
    """Bytes."""
    memory_left: int | None = None
    """Bytes until a limit is met; cached files count as free, since they are dropped first."""


def read_limits(root: Path, membership: Path) -> Limits:
    """Read the limits of the groups listed in ``membership`` (/proc/self/cgroup) below ``root`` (/sys/fs/cgroup)."""
    cores: list[float] = []
    memory: list[tuple[int, int]] = []
    for level in _levels(root, membership):
        cores += _cores(level)
        memory += _memory(level)
    return Limits(
        cores=min(cores, default=None),
        memory=min((limit for limit, _ in memory), default=None),
        memory_left=min((max(limit - used, 0) for limit, used in memory), default=None),
    )


def _levels(root: Path, membership: Path) -> Iterator[Path]:
    """Every directory that may hold limits: per line ``id:controllers:/path`` the group and all above it."""
    for line in _read(membership).splitlines():
        _, controllers, path = line.split(":", 2)
        mounts = (
            [root] if not controllers else [root / controllers, *(root / name for name in controllers.split(","))]
        )
        mount = next((mount for mount in mounts if mount.is_dir()), None)
        if mount is None:
            continue
        # Within a container the path may be the host's; what is mounted is then the container's own group.
        group = mount / path.lstrip("/")
        while group != mount and mount in group.parents and ".." not in path:
            yield group
            group = group.parent
        yield mount


def _cores(level: Path) -> list[float]:
    quota, period = ([*_read(level / "cpu.max").split(), "", ""])[:2]
    if not quota:
        quota, period = _read(level / "cpu.cfs_quota_us").strip(), _read(level / "cpu.cfs_period_us").strip()
    # "max" in version 2 and -1 in version 1 mean no limit.
    return [int(quota) / int(period)] if quota.isdigit() and period.isdigit() and int(period) else []


def _memory(level: Path) -> list[tuple[int, int]]:
    for limit_file, used_file, cached_keys in (
        ("memory.max", "memory.current", ("inactive_file", "active_file")),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", ("total_inactive_file", "total_active_file")),
    ):
        limit, used = _read(level / limit_file).strip(), _read(level / used_file).strip()
        if limit.isdigit() and used.isdigit():
            pairs = (line.split() for line in _read(level / "memory.stat").splitlines())
            cached = sum(int(pair[1]) for pair in pairs if pair[0] in cached_keys)
            return [(int(limit), int(used) - cached)]
    return []


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
