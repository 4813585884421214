"""A process and all below it, as one: their memory and processor time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

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


def memory_alone(pids: Iterable[int]) -> int | None:
    """Proportional set sizes as they are where no program outside maps the same libraries; None off Linux.

    Pages of files are counted once, as those of whoever maps most of them: processes of one program map the same.
    """
    own, files, seen = 0, 0, False
    for pid in pids:
        with contextlib.suppress(OSError, ValueError):
            rollup = _kilobytes(Path(f"/proc/{pid}/smaps_rollup"))
            status = _kilobytes(Path(f"/proc/{pid}/status"))
            own += rollup.get("Pss_Anon", 0) + rollup.get("Pss_Shmem", 0)
            files, seen = max(files, status.get("RssFile", 0)), seen or "Pss_Anon" in rollup
    return (own + files) * 1024 if seen else None


def _kilobytes(path: Path) -> dict[str, int]:
    lines = (line.split() for line in path.read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) for words in lines if len(words) == 3 and words[2] == "kB"}
