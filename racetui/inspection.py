"""A close look at the machine and at who uses it, for as long as somebody looks: more than a glance may cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from profiles import Storage, look_at
from profiles.cgroup import Limits, read_limits
from profiles.hardware import CGROUP_MEMBERSHIP, CGROUP_ROOT
from racetui.members import Member, Members
from racetui.runs.model import RunSummary


@dataclass(frozen=True, slots=True)
class Temperature:
    """What one sensor says."""

    name: str
    celsius: float
    high: float | None
    """From where on it is too hot, by its own account."""


@dataclass(frozen=True, slots=True)
class RunUse:
    """What a living run takes of the machine."""

    run: RunSummary
    members: tuple[Member, ...]

    @property
    def cpu_percent(self) -> float | None:
        """Of all its processes, 100 being one core; None before the second look."""
        known = [member.cpu_percent for member in self.members if member.cpu_percent is not None]
        return sum(known) if known else None

    @property
    def memory(self) -> int | None:
        """Bytes of all its processes."""
        known = [member.memory for member in self.members if member.memory is not None]
        return sum(known) if known else None


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything that was found."""

    temperatures: tuple[Temperature, ...]
    """Empty where the system shows none, as in most virtual machines."""
    limits: Limits
    """The container's."""
    swap_used: int
    swap_total: int
    """Bytes that may be used: 0 where there is no swap, or the container may have none."""
    loads: tuple[float, float, float] | None
    """Runnable processes, of the whole machine, over 1, 5 and 15 minutes."""
    storage: Storage | None
    """The disk under the run store; None where it cannot be read."""
    runs: tuple[RunUse, ...]


class Inspector:
    """Looks at everything; percentages are since the last look. For one thread at a time."""

    def __init__(self, root: Path = CGROUP_ROOT, membership: Path = CGROUP_MEMBERSHIP) -> None:
        self._root, self._membership = root, membership
        self._members: dict[str, tuple[int, Members]] = {}
        """By run, with the process they belong to."""

    def look(self, store: Path, runs: Sequence[RunSummary]) -> Inspection:
        """Look now, at the machine, the disk under ``store`` and the living ones of ``runs``."""
        limits = read_limits(self._root, self._membership)
        swap_used, swap_total = _swap(limits)
        return Inspection(
            temperatures=temperatures(),
            limits=limits,
            swap_used=swap_used,
            swap_total=swap_total,
            loads=psutil.getloadavg(),
            storage=_disk(store),
            runs=self._uses(runs),
        )

    def _uses(self, runs: Sequence[RunSummary]) -> tuple[RunUse, ...]:
        before, self._members = self._members, {}
        found = []
        for run in runs:
            if run.pid is None:
                continue
            known = before.get(run.id)
            try:
                members = known[1] if known is not None and known[0] == run.pid else Members(run.pid, run.workers)
            except psutil.NoSuchProcess:
                continue
            self._members[run.id] = run.pid, members
            found.append(RunUse(run, members.sample()))
        return tuple(found)


def temperatures() -> tuple[Temperature, ...]:
    """The hottest of each kind of sensor; none where the system shows none."""
    if not hasattr(psutil, "sensors_temperatures"):
        return ()
    try:
        kinds = psutil.sensors_temperatures()
    except (OSError, ValueError):  # a driver that lists a sensor and cannot read it
        return ()
    hottest = ((name, max(rows, key=lambda row: row.current)) for name, rows in kinds.items() if rows)
    return tuple(Temperature(name, row.current, row.high) for name, row in hottest)


def _swap(limits: Limits) -> tuple[int, int]:
    """Used and total bytes; a container's own where its limit is below the machine's swap."""
    swap = psutil.swap_memory()
    if limits.swap is not None and limits.swap < swap.total:
        return limits.swap_used or 0, limits.swap
    return swap.used, swap.total


def _disk(store: Path) -> Storage | None:
    try:
        return look_at(store)
    except OSError:
        return None
