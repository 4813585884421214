"""A process and all below it, as one: their memory and processor time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import psutil


class Tree:
    """This process (or the one of ``pid``) and its descendants, whoever they are at the time of asking."""

    def __init__(self, pid: int | None = None) -> None:
        self._root = psutil.Process(pid)
        self._cpu: dict[tuple[int, float], float] = {}

    def processes(self) -> list[psutil.Process]:
        """Everyone alive now, the root first."""
        return [self._root, *self._root.children(recursive=True)]

    def count(self) -> int:
        """How many processes."""
        return len(self.processes())

    def memory(self) -> int:
        """Bytes: proportional set size (shared pages count once) where the system tells it, else resident."""
        processes = self.processes()
        proportional = proportional_bytes(processes)
        return resident_bytes(processes) if proportional is None else proportional

    def cpu_seconds(self) -> float:
        """Processor time of all who were seen alive, also of those that have ended since."""
        for process in self.processes():
            with contextlib.suppress(psutil.Error), process.oneshot():
                times = process.cpu_times()
                self._cpu[process.pid, process.create_time()] = times.user + times.system
        return sum(self._cpu.values())


def resident_bytes(processes: Iterable[psutil.Process]) -> int:
    """Sum of resident set sizes; shared pages count for each."""
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def proportional_bytes(processes: Iterable[psutil.Process]) -> int | None:
    """Sum of proportional set sizes; None where the system does not tell (it is Linux that does)."""
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            pss = getattr(process.memory_full_info(), "pss", None)
            if pss is None:
                return None
            total += pss
    return total
