"""Whose turn it is: which of the runs that wait may start beside those that go on. Pure functions of plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from racetui.runs.liveness import ProcessIdentity


@dataclass(frozen=True, slots=True)
class Demand:
    """What a run is planned to take of the machine."""

    cores: int
    memory: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What runs may take together; None sets no limit."""

    cores: int | None = None
    memory: int | None = None
    """Bytes."""
    runs: int | None = None
    """How many at once, whatever they take."""

    def __post_init__(self) -> None:
        """Reject limits under which nothing could be planned, naming them."""
        for key in ("cores", "memory", "runs"):
            value = getattr(self, key)
            if value is not None and value < 1:
                raise ValueError(f"{key} must be 1 or more, not {value}")


@dataclass(frozen=True, slots=True)
class Ticket:
    """One run's place in the queue, from its launch to the end of its process."""

    run: str
    """Its id."""
    process: ProcessIdentity
    """Who waits, and will train."""
    directory: int
    """Inode of the run's directory: in a copy of the store a ticket is worth nothing."""
    demand: Demand
    going: bool = False
    """Its turn has come; it keeps its place until its process ends, also while the run is paused."""
    held: bool = False
    """Paused before its turn: others pass."""


def settled(tickets: Sequence[Ticket], limits: Limits) -> list[Ticket]:
    """The tickets with everyone going whose turn it is: in their order, and nobody before one who still waits."""
    going = [ticket for ticket in tickets if ticket.going]
    for ticket in tickets:
        if not ticket.going and not ticket.held:
            if _shortage(going, ticket.demand, limits):
                break
            going.append(ticket)
    return [replace(ticket, going=ticket in going) for ticket in tickets]


def reason(tickets: Sequence[Ticket], run: str, limits: Limits) -> str:
    """What a run waits for, in words; empty if it does not wait, or is held."""
    mine = next((ticket for ticket in tickets if ticket.run == run), None)
    if mine is None or mine.going or mine.held:
        return ""
    going = [ticket for ticket in tickets if ticket.going]
    earlier = [ticket for ticket in tickets[: tickets.index(mine)] if not ticket.going and not ticket.held]
    before = ""
    if earlier:
        before = f"run {earlier[0].run} is before it" if len(earlier) == 1 else f"{len(earlier)} runs are before it"
    shortage = _shortage(going, mine.demand, limits)
    if not shortage:
        return f"waiting for its turn: {before}" if before else ""
    who = _listed([ticket.run for ticket in going])
    return f"waiting for {who} to end: {shortage}{f'; {before}' if before else ''}"


def _shortage(going: Sequence[Ticket], wanted: Demand, limits: Limits) -> str:
    """What there is too little of, in words; empty if nothing, as always for a run alone."""
    if not going:
        return ""
    if limits.runs is not None and len(going) >= limits.runs:
        return f"{len(going)} of {limits.runs} runs at once"
    if limits.cores is not None:
        taken = min(sum(ticket.demand.cores for ticket in going), limits.cores)
        if taken + wanted.cores > limits.cores:
            wants = f", and it takes {min(wanted.cores, limits.cores)}" if taken < limits.cores else ""
            return f"{taken} of {limits.cores} cores taken{wants}"
    if limits.memory is not None:
        planned = sum(ticket.demand.memory for ticket in going)
        if planned + wanted.memory > limits.memory:
            return (
                f"{planned / 1e9:.1f} of {limits.memory / 1e9:.1f} GB planned for, "
                f"and it takes {wanted.memory / 1e9:.1f}"
            )
    return ""


def _listed(runs: Sequence[str]) -> str:
    if len(runs) > 3:
        return f"one of {len(runs)} runs"
    return f"run {' or '.join(runs)}"
