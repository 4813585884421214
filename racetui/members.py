"""Who a run consists of: each of its processes with what it does and takes."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from collectors.child_process import WORKER
from racetui.processes import Tree

PSS_SECONDS = 5.0
"""Between two readings of proportional memory, which cost the kernel a walk over every mapping."""
_BY_COMMAND = (
    ("racetui.trainer", "trainer"),
    ("racetui.evaluation", "evaluation"),
    ("multiprocessing.resource_tracker", "resource tracker"),
    ("multiprocessing.forkserver", "fork server"),
)
"""What a process does, by a part of its command line."""
_BY_NAME = {"racetui-demos": "demonstrations"}
_STATES = {"disk-sleep": "disk", "tracing-stop": "stopped"}
"""Words for the system's own, where they need any."""

Key = tuple[int, float]
"""Number and start of a process."""


@dataclass(frozen=True, slots=True)
class Member:
    """One process at one moment; None where the system does not tell, or not yet."""

    pid: int
    role: str
    """trainer, worker 3 of 8, evaluation, ..."""
    cpu_percent: float | None
    """Since the sample before; 100 is one core."""
    memory: int | None
    """Bytes: proportional (shared pages count once among all who share them), else resident."""
    proportional: bool
    threads: int
    state: str
    """running, sleeping, disk, stopped, zombie."""


class Members:
    """Follows the processes of one run. For one thread."""

    def __init__(self, pid: int, workers: int) -> None:
        """``workers`` is how many the run was asked for. Raises psutil.NoSuchProcess."""
        self._tree = Tree(pid)
        self._pid, self._workers = pid, workers
        self._cpu: dict[Key, tuple[float, float]] = {}
        """Moment and processor time of the last sample."""
        self._pss: dict[Key, tuple[float, int | None]] = {}
        self._roles: dict[Key, str] = {}

    def sample(self) -> tuple[Member, ...]:
        """Look now: the trainer first, then workers by number, then the rest. Empty once the run is gone."""
        try:
            processes = self._tree.processes()
        except psutil.Error:
            return ()
        cpu, pss, roles = self._cpu, self._pss, self._roles
        self._cpu, self._pss, self._roles = {}, {}, {}
        found = []
        for process in processes:
            try:
                key = process.pid, process.create_time()
                with process.oneshot():
                    found.append(self._look(process, key, cpu.get(key), pss.get(key), roles.get(key)))
            except psutil.Error:  # it ended while it was looked at
                continue
        return tuple(sorted(found, key=lambda member: _order(member, self._pid)))

    def _look(
        self,
        process: psutil.Process,
        key: Key,
        before: tuple[float, float] | None,
        pss: tuple[float, int | None] | None,
        known: str | None,
    ) -> Member:
        times, now = process.cpu_times(), time.monotonic()
        used = times.user + times.system
        self._cpu[key] = now, used
        if pss is None or now - pss[0] >= PSS_SECONDS:
            pss = now, _proportional(process)
        self._pss[key] = pss
        if known is None or known == "fork server":  # what it forks looks like itself until it has a name
            known = role_of(process.name(), process.cmdline(), self._workers)
        self._roles[key] = known
        return Member(
            pid=process.pid,
            role="trainer" if process.pid == self._pid else known,
            cpu_percent=100 * (used - before[1]) / (now - before[0]) if before and now > before[0] else None,
            memory=process.memory_info().rss if pss[1] is None else pss[1],
            proportional=pss[1] is not None,
            threads=process.num_threads(),
            state=_STATES.get(process.status(), process.status()),
        )


def role_of(name: str, command: Sequence[str], workers: int) -> str:
    """What a process does, from its name and command line; its name where that tells nothing."""
    if found := re.fullmatch(rf"{WORKER}(\d+)", name):
        number = int(found[1])
        return f"worker {number} of {workers}" if number < workers else f"worker {number}"
    if name in _BY_NAME:
        return _BY_NAME[name]
    words = " ".join(command)
    return next((role for part, role in _BY_COMMAND if part in words), name)


def _proportional(process: psutil.Process) -> int | None:
    try:
        found: int | None = getattr(process.memory_full_info(), "pss", None)
    except psutil.AccessDenied:
        return None
    return found


def _order(member: Member, root: int) -> tuple[int, int, int]:
    number = re.match(r"worker (\d+)", member.role)
    group = 0 if member.pid == root else 1 if number else 2
    return group, int(number[1]) if number else 0, member.pid
