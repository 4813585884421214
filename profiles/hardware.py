"""What this machine has and what of it this process may use."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

import psutil

from profiles.cgroup import read_limits

CGROUP_ROOT = Path("/sys/fs/cgroup")
CGROUP_MEMBERSHIP = Path("/proc/self/cgroup")


@dataclass(frozen=True, slots=True)
class Hardware:
    """Cores and memory; sizes in bytes."""

    logical_cores: int
    physical_cores: int | None
    """None where the system does not tell."""
    usable_cores: int
    """Logical cores this process may keep busy: its affinity or its container's quota rounded up, if lower."""
    memory_total: int
    memory_limit: int | None
    """The container's limit where it is below the machine's memory."""
    memory_free: int
    """What can still be taken, of the machine's memory and of the limit."""


def detect(root: Path = CGROUP_ROOT, membership: Path = CGROUP_MEMBERSHIP) -> Hardware:
    """Look at this machine; the two paths are where Linux shows control groups, absent on other systems."""
    limits = read_limits(root, membership)
    memory = psutil.virtual_memory()
    logical = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else logical
    if limits.cores is not None:
        usable = min(usable, math.ceil(limits.cores))
    limited = limits.memory is not None and limits.memory < memory.total
    return Hardware(
        logical_cores=logical,
        physical_cores=psutil.cpu_count(logical=False),
        usable_cores=max(usable, 1),
        memory_total=memory.total,
        memory_limit=limits.memory if limited else None,
        memory_free=memory.available if limits.memory_left is None else min(memory.available, limits.memory_left),
    )
