"""What this machine has and what of it this process may use."""

from __future__ import annotations

import math
import os
import platform
import resource
from dataclasses import dataclass
from pathlib import Path

import psutil

from profiles.cgroup import read_limits
from profiles.gpu import Gpu, find_gpus

CGROUP_ROOT = Path("/sys/fs/cgroup")
CGROUP_MEMBERSHIP = Path("/proc/self/cgroup")
CPU_INFO = Path("/proc/cpuinfo")
_BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_tile"})
"""Names in /proc/cpuinfo of what agents take bfloat16 for."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """Cores, memory, GPUs and limits; sizes in bytes, None where the system does not tell or sets no limit."""

    logical_cores: int
    physical_cores: int | None
    usable_cores: int
    """Logical cores this process may keep busy: its affinity or its container's quota rounded up, if lower."""
    memory_total: int
    memory_limit: int | None
    """The container's limit where it is below the machine's memory."""
    memory_free: int
    """What can still be taken, of the machine's memory and of the limit; no swap, which learning is too slow in."""
    affinity_cores: int | None = None
    """Logical cores this process may run on."""
    quota_cores: float | None = None
    """Processor time per second that the container may use, in cores."""
    swap_total: int = 0
    swap_free: int = 0
    bfloat16: bool | None = None
    """The processor multiplies bfloat16 numbers itself."""
    file_limit: int | None = None
    """File descriptors that a process may have open; ``ulimit -n`` changes it, up to the next."""
    file_limit_hard: int | None = None
    gpus: tuple[Gpu, ...] = ()


def detect(root: Path = CGROUP_ROOT, membership: Path = CGROUP_MEMBERSHIP) -> Hardware:
    """Look at this machine; the two paths are where Linux shows control groups, absent on other systems."""
    limits = read_limits(root, membership)
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    logical = os.cpu_count() or 1
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    usable = min(affinity or logical, math.ceil(limits.cores) if limits.cores is not None else logical)
    limited = limits.memory is not None and limits.memory < memory.total
    soft, hard = map(_limit, resource.getrlimit(resource.RLIMIT_NOFILE))
    return Hardware(
        logical_cores=logical,
        physical_cores=psutil.cpu_count(logical=False),
        usable_cores=max(usable, 1),
        memory_total=memory.total,
        memory_limit=limits.memory if limited else None,
        memory_free=memory.available if limits.memory_left is None else min(memory.available, limits.memory_left),
        affinity_cores=affinity,
        quota_cores=limits.cores,
        swap_total=swap.total,
        swap_free=swap.free,
        bfloat16=computes_bfloat16(),
        file_limit=soft,
        file_limit_hard=hard,
        gpus=find_gpus(),
    )


def processor_name(cpu_info: Path = CPU_INFO) -> str:
    """The model's name, with its family and number, which virtual machines tell where they hide the name."""
    try:
        lines = cpu_info.read_text().split("\n\n", 1)[0].splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name = facts.get("model name") or platform.machine()
    return " ".join(word for word in (name, facts.get("cpu family", ""), facts.get("model", "")) if word)


def computes_bfloat16(cpu_info: Path = CPU_INFO) -> bool | None:
    """Whether the processor multiplies bfloat16 numbers itself; None on systems without /proc/cpuinfo."""
    try:
        with cpu_info.open() as lines:
            flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    except OSError:
        return None
    return not _BFLOAT16_FLAGS.isdisjoint(flags.split())


def _limit(value: int) -> int | None:
    return None if value == resource.RLIM_INFINITY else value
