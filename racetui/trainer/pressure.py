"""How close a run is to the limits of its memory, and what is to be done about it: readings, and a pure judgement."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import psutil

from profiles.cgroup import read_limits
from profiles.hardware import CGROUP_MEMBERSHIP, CGROUP_ROOT
from racetui.spec import MemoryConfig

PLENTY_LEFT, ENOUGH_LEFT = 2 << 30, 512 << 20
"""Bytes left with which memory is not short, and not running out, whatever the shares: of a large machine, 5 % would
be more than a run ever takes at once."""
LOOKS_AHEAD = 2
"""What was taken since the last look is expected to be taken so many times more before something is done."""
RECOVERED = 0.05
"""Share of a limit that must be given back before memory counts as no longer short."""
_NOTHING: Mapping[str, int] = {}
_STATUS = Path("/proc/self/status")
_RLIMITS = {
    "the limit on address space (ulimit -v)": (resource.RLIMIT_AS, "VmSize"),
    "the limit on data (ulimit -d)": (resource.RLIMIT_DATA, "VmData"),
}
"""What is limited of each process: its name, the limit, and the line of /proc/self/status with what is used."""


class Level(IntEnum):
    """How things stand."""

    CALM = 0
    SHORT = 1
    """Nothing more is begun."""
    RUNNING_OUT = 2
    """The kernel would kill a process soon."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One limit; sizes in bytes."""

    of: str
    """In words, as "the container's limit"."""
    used: int
    limit: int
    shared: bool = False
    """With programs that are not the run's, whose pace is not its own."""

    def __str__(self) -> str:
        """For people."""
        return f"{self.used / 1e9:.2f} of {self.limit / 1e9:.2f} GB of {self.of} are used"


def judge(
    readings: Sequence[Reading], config: MemoryConfig, before: Level, last: Mapping[str, int] = _NOTHING
) -> tuple[Level, Reading | None]:
    """How things stand after they stood as ``before``, and the limit that says so; None where all is calm.

    ``last`` is what was used at the last look, by ``Reading.of``.
    """
    judged = [
        (_level(reading, config, before, _soon(reading, last)), reading.used / reading.limit, reading)
        for reading in readings
    ]
    if not judged:
        return Level.CALM, None
    level, _, worst = max(judged, key=lambda each: each[:2])
    return level, worst if level else None


def _soon(reading: Reading, last: Mapping[str, int]) -> int:
    growth = 0 if reading.shared else max(0, reading.used - last.get(reading.of, reading.used))
    return reading.used + LOOKS_AHEAD * growth


def _level(reading: Reading, config: MemoryConfig, before: Level, soon: int) -> Level:
    warn = config.warn - (RECOVERED if before else 0.0)
    left = reading.limit - soon
    if config.stop and left < min((1 - config.stop) * reading.limit, ENOUGH_LEFT):
        return Level.RUNNING_OUT
    if config.warn and left < min((1 - warn) * reading.limit, PLENTY_LEFT):
        return Level.SHORT
    return Level.CALM


def read_pressure(
    own_limit: float,
    tree: Callable[[float], int],
    root: Path = CGROUP_ROOT,
    membership: Path = CGROUP_MEMBERSHIP,
) -> list[Reading]:
    """Every limit that applies to this process or to its tree, whose bytes ``tree`` gives.

    ``own_limit`` is the run's own, in GB (10^9 bytes), 0 for none. ``tree`` is called with bytes below which a rough
    number will do.
    """
    return [*_own(own_limit, tree), *_container(root, membership), _machine(), *_of_the_process()]


def _own(limit: float, tree: Callable[[float], int]) -> Iterator[Reading]:
    if limit:
        size = round(limit * 1e9)
        yield Reading("the run's own limit (memory.limit)", tree(size / 2), size)


def _container(root: Path, membership: Path) -> Iterator[Reading]:
    limits, total = read_limits(root, membership), psutil.virtual_memory().total
    if limits.memory is not None and limits.memory_left is not None and limits.memory < total:
        yield Reading("the container's limit", limits.memory - limits.memory_left, limits.memory)


def _machine() -> Reading:
    memory = psutil.virtual_memory()
    return Reading("the machine's memory", memory.total - memory.available, memory.total, shared=True)


def _of_the_process() -> Iterator[Reading]:
    found = {name: resource.getrlimit(kind)[0] for name, (kind, _) in _RLIMITS.items()}
    limited = {name: soft for name, soft in found.items() if soft != resource.RLIM_INFINITY and soft > 0}
    if not limited or not _STATUS.exists():
        return
    lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
    for name, soft in limited.items():
        kilobytes = lines.get(_RLIMITS[name][1], "").split()
        if kilobytes:
            yield Reading(name, int(kilobytes[0]) * 1024, soft)
