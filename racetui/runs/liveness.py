"""Whether a run's process still lives, and what a run's state really is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import psutil

from racetui.runs.model import RunState

STALLED_AFTER = 30.0
"""Seconds without a sign of life after which a live process counts as stalled: a trainer gives one every second."""
STARTED_WITHIN = 30.0
"""Seconds a run may be queued or starting without a process."""


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process among all that ever had its number."""

    pid: int
    started: float
    """Seconds: after boot on Linux, where no clock change can move it; Unix time elsewhere."""
    boot: str
    """Which start of the machine this was."""


@dataclass(frozen=True, slots=True)
class Signs:
    """All that tells how a run is."""

    state: RunState
    """As last written by the run."""
    detail: str
    since: float
    """When it was written, Unix seconds."""
    identity: ProcessIdentity | None
    """Of the process that trains; None before there is one."""
    alive: bool
    """That process lives."""
    heartbeat: float | None = None
    """The process's last sign of life, Unix seconds."""
    killed: bool = False
    """Someone ordered that process killed."""


def identity(pid: int | None = None) -> ProcessIdentity:
    """Identify a process, this one by default; it may be dead, if its parent has not waited for it.

    Raises ProcessLookupError.
    """
    pid = os.getpid() if pid is None else pid
    found = _look(pid)
    if found is None:
        raise ProcessLookupError(f"no process {pid}")
    return ProcessIdentity(pid, found[0], boot())


def is_alive(process: ProcessIdentity) -> bool:
    """Whether exactly this process still runs; one that is dead but not yet reaped does not."""
    return process.boot == boot() and _look(process.pid) == (process.started, True)


def derive(signs: Signs, now: float) -> tuple[RunState, str]:
    """Judge a run by the signs it gives: its state and why, in words."""
    if signs.state.ended:
        return signs.state, signs.detail
    if signs.identity is None:
        if signs.state not in (RunState.QUEUED, RunState.STARTING):
            return RunState.CRASHED, f"it has no process ({signs.state})"
        if now - signs.since > STARTED_WITHIN:
            return RunState.CRASHED, f"no process has begun it within {STARTED_WITHIN:.0f} s"
        return signs.state, signs.detail
    if not signs.alive:
        if signs.killed:
            return RunState.STOPPED, "killed"
        return RunState.CRASHED, f"its process {signs.identity.pid} is gone without a last word ({signs.state})"
    age = now - max(signs.since, signs.heartbeat or 0.0)
    if signs.state is not RunState.PAUSED and age > STALLED_AFTER:
        return RunState.STALLED, f"no sign of life for {_age(age)} ({signs.state})"
    return signs.state, signs.detail


@lru_cache(maxsize=1)
def boot() -> str:
    """Name this start of the machine."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return f"{psutil.boot_time():.0f}"


def _look(pid: int) -> tuple[float, bool] | None:
    """When a process started and whether it still runs; None if there is none of that number."""
    if psutil.LINUX:
        return _look_linux(pid)
    try:
        process = psutil.Process(pid)
        return process.create_time(), process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return None


def _look_linux(pid: int) -> tuple[float, bool] | None:
    # psutil adds the boot time, which moves when the clock is set; the kernel's own count does not.
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = stat[stat.rindex(b")") + 2 :].split()  # the name before may contain spaces and brackets
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")  # field 22 of proc(5), in clock ticks
    return started, fields[0] not in (b"Z", b"X")  # zombie, dead


def _age(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
