"""How busy the machine is, by what this process may use of it: a container has limits of its own."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from profiles.cgroup import read_limits
from profiles.gpu_meter import GpuLoad, GpuMeter
from profiles.hardware import CGROUP_MEMBERSHIP, CGROUP_ROOT, Hardware, detect


@dataclass(frozen=True, slots=True)
class MachineSample:
    """The machine at one moment; None where the system does not tell, or not yet."""

    time: float
    """Unix seconds."""
    host: str
    cores: tuple[float, ...]
    """Busy percent of each core this process may run on, since the sample before; empty in the first one."""
    cpu_share: float | None
    """Share used of the processor time that may be used, 0 to 1: of the container's quota where there is one."""
    usable_cores: float
    """How many cores may be kept busy: a quota can be a fraction."""
    logical_cores: int
    """Of the whole machine."""
    memory_used: int
    """Bytes, of the container where it has a limit; what is only cached does not count."""
    memory_total: int
    """Bytes, the container's limit where there is one."""
    limited: bool
    """A container's memory limit or processor quota applies."""
    load: float | None
    """Mean number of runnable processes over the last minute, of the whole machine."""
    gpus: tuple[GpuLoad, ...] = ()
    """Those that may be used."""


class MachineSampler:
    """Samples the machine; percentages are since the last call. For one thread."""

    def __init__(self, root: Path = CGROUP_ROOT, membership: Path = CGROUP_MEMBERSHIP) -> None:
        self._root, self._membership = root, membership
        self._hardware: Hardware = detect(root, membership)
        self._host = socket.gethostname()
        self._cpus = _allowed_cpus(self._hardware.logical_cores)
        self._before: tuple[float, float | None] | None = None
        self._gpus = GpuMeter()
        psutil.cpu_percent(percpu=True)

    def sample(self) -> MachineSample:
        """Look now."""
        limits = read_limits(self._root, self._membership)
        memory = psutil.virtual_memory()
        total, used = memory.total, memory.total - memory.available
        limited = limits.memory is not None and limits.memory < total
        if limits.memory is not None and limits.memory_left is not None and limited:
            total, used = limits.memory, limits.memory - limits.memory_left
        cores = self._cores()
        quota = limits.cores if limits.cores is not None and limits.cores < len(self._cpus) else None
        return MachineSample(
            time=time.time(),
            host=self._host,
            cores=cores,
            cpu_share=self._cpu_share(cores, quota),
            usable_cores=quota if quota is not None else float(len(self._cpus)),
            logical_cores=self._hardware.logical_cores,
            memory_used=used,
            memory_total=total,
            limited=limited or quota is not None,
            load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
            gpus=self._gpus.read(),
        )

    def _cores(self) -> tuple[float, ...]:
        busy = psutil.cpu_percent(percpu=True)
        if self._before is None:
            return ()
        return tuple(busy[cpu] for cpu in self._cpus if cpu < len(busy))

    def _cpu_share(self, cores: tuple[float, ...], quota: float | None) -> float | None:
        """Of the quota by the container's own account, else the mean of the cores."""
        now = time.monotonic()
        used = _group_cpu_seconds(self._root, self._membership) if quota is not None else None
        before, self._before = self._before, (now, used)
        if before is None:
            return None
        if quota is not None and used is not None and before[1] is not None and now > before[0]:
            return min(1.0, max(0.0, (used - before[1]) / (now - before[0]) / quota))
        return sum(cores) / len(cores) / 100 if cores else None


def _allowed_cpus(logical: int) -> tuple[int, ...]:
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(logical))


def _group_cpu_seconds(root: Path, membership: Path) -> float | None:
    """Processor time this process's control group has used: ``cpu.stat`` of version 2, ``cpuacct.usage`` of 1."""
    for line in _read(membership).splitlines():
        _, controllers, path = line.split(":", 2)
        for mount in [root, *(root / name for name in (controllers, *controllers.split(",")) if name)]:
            for group in (mount / path.lstrip("/"), mount):
                stat = dict(pair for row in _read(group / "cpu.stat").splitlines() if len(pair := row.split()) == 2)
                if "usage_usec" in stat:
                    return int(stat["usage_usec"]) / 1e6
                usage = _read(group / "cpuacct.usage").strip()
                if usage.isdigit():
                    return int(usage) / 1e9
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
