"""What the run's process tree uses of the machine."""

from __future__ import annotations

import contextlib
import time

import psutil

from racetui.processes import proportional_bytes
from racetui.runs.model import HardwareRow

PSS_EVERY = 10
"""Samples between readings of proportional memory, which cost the kernel a walk over every mapping."""


class TreeUsage:
    """CPU and memory of this process and all below it, sampled now and then."""

    def __init__(self) -> None:
        self._root = psutil.Process()
        self._known: dict[int, psutil.Process] = {}
        self._cpu: dict[int, float] = {}
        self._last = time.monotonic()
        self._samples = 0
        self._pss: int | None = None
        self._rss = 0
        self.peak_rss = 0

    def sample(self) -> HardwareRow:
        """Measure now; ``cpu_percent`` is the mean since the last call, 100 being one core."""
        now = time.monotonic()
        busy, rss = 0.0, 0
        processes = self._processes()
        cpu: dict[int, float] = {}
        for process in processes:
            with contextlib.suppress(psutil.Error), process.oneshot():
                times = process.cpu_times()
                cpu[process.pid] = times.user + times.system
                busy += cpu[process.pid] - self._cpu.get(process.pid, 0.0 if self._samples else cpu[process.pid])
                rss += process.memory_info().rss
        elapsed, self._last, self._cpu = now - self._last, now, cpu
        if self._samples % PSS_EVERY == 0:
            self._pss = proportional_bytes(processes)
        self._samples += 1
        self._rss = rss
        self.peak_rss = max(self.peak_rss, rss)
        return HardwareRow(
            time=time.time(),
            cpu_percent=100.0 * max(0.0, busy) / max(elapsed, 1e-3),
            rss_bytes=rss,
            pss_bytes=self._pss,
            processes=len(processes),
        )

    def memory(self, rough: float) -> int:
        """Bytes of the tree: proportional, measured now, unless the last sample was below ``rough`` as resident."""
        if self._rss < rough:
            return self._rss
        proportional = proportional_bytes(self._processes())
        return self._rss if proportional is None else proportional

    def _processes(self) -> list[psutil.Process]:
        children = self._root.children(recursive=True)
        self._known = {child.pid: self._known.get(child.pid, child) for child in children}
        return [self._root, *self._known.values()]
