"""The queue of a store: one small file that says who waits, who goes, and what they are planned to take.

There is no daemon: every process that enters, leaves or looks settles whose turn it is, under a lock that dies with
its holder. Who is dead has no place any more, so nobody is waited for in vain.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from racetui.runs.errors import InvalidOrder, NotWritable
from racetui.runs.liveness import ProcessIdentity, is_alive
from racetui.runs.paths import RunPaths
from racetui.runs.turns import Demand, Limits, Ticket, reason, settled


@dataclass(frozen=True, slots=True)
class Line:
    """The queue at one moment."""

    tickets: tuple[Ticket, ...] = ()
    """In their order, those of dead processes left out."""
    limits: Limits = field(default_factory=Limits)
    """As of the last launch."""

    def ticket(self, run: str) -> Ticket | None:
        """A run's place; None if it has none."""
        return next((ticket for ticket in self.tickets if ticket.run == run), None)

    def joined(self, ticket: Ticket, limits: Limits) -> Line:
        """The queue as it would be with one more at its end."""
        return Line(tuple(settled([*self.tickets, ticket], limits)), limits)

    def reason(self, run: str) -> str:
        """What a run waits for, in words; empty if it does not wait."""
        return reason(self.tickets, run, self.limits)


class Queue:
    """The queue of the store that a run is in. Methods that change it raise NotWritable."""

    def __init__(self, paths: RunPaths) -> None:
        self._runs = paths.root.parent
        self._file, self._lock = self._runs / ".queue.json", self._runs / ".queue.lock"

    def stamp(self) -> object:
        """Changes whenever the queue does; cheap enough to ask several times a second."""
        try:
            stat = self._file.stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_mtime_ns

    def look(self) -> Line:
        """The queue as it is now, without waiting for anyone."""
        line = self._read()
        return replace(line, tickets=tuple(filter(self._valid, line.tickets)))

    def enter(self, ticket: Ticket, limits: Limits) -> Line:
        """Join at the end, or go at once if the ticket says so or it is its turn; an older ticket of it is void.

        The limits are everyone's from now on.
        """
        return self._change(lambda tickets: [*_without(tickets, ticket.run), ticket], limits)

    def settle(self) -> Line:
        """Look, and let everyone go whose turn it is; writes only if that changes anything."""
        line = self._read()
        alive = self._settled(line.tickets, line.limits)
        return line if alive == line.tickets else self._change(list)

    def restore(self, known: Line) -> Line:
        """Have a queue again as it was, where its file was lost; those who joined since stay behind."""
        runs = {ticket.run for ticket in known.tickets}
        return self._change(
            lambda tickets: [*known.tickets, *(ticket for ticket in tickets if ticket.run not in runs)], known.limits
        )

    def leave(self, run: str, pid: int) -> None:
        """Give up the place of a run, if it is still that process's."""
        self._change(lambda tickets: [t for t in tickets if t.run != run or t.process.pid != pid])

    def hold(self, run: str, held: bool) -> Line:
        """Let others pass a run that waits, or no more."""
        return self._change(lambda tickets: [replace(t, held=held) if t.run == run else t for t in tickets])

    def first(self, run: str) -> Line:
        """Let a run go before all others that wait. Raises InvalidOrder if it does not wait."""
        return self._change(lambda tickets: [_waiting(tickets, run), *_without(tickets, run)])

    def now(self, run: str) -> Line:
        """Let a run go at once, whatever the limits say. Raises InvalidOrder if it does not wait."""
        return self._change(
            lambda tickets: [replace(_waiting(tickets, run), going=True, held=False), *_without(tickets, run)]
        )

    def _change(self, change: Callable[[list[Ticket]], list[Ticket]], limits: Limits | None = None) -> Line:
        with self._locked():
            line = self._read()
            limits = limits or line.limits
            found = Line(self._settled(change(list(filter(self._valid, line.tickets))), limits), limits)
            if found != line:
                self._write(found)
        return found

    def _settled(self, tickets: Sequence[Ticket], limits: Limits) -> tuple[Ticket, ...]:
        return tuple(settled([ticket for ticket in tickets if self._valid(ticket)], limits))

    def _valid(self, ticket: Ticket) -> bool:
        try:
            own = (self._runs / ticket.run).stat().st_ino == ticket.directory
        except OSError:
            return False
        return own and is_alive(ticket.process)

    def _read(self) -> Line:
        """What the file says; nothing if it is not there or not one of ours: those who wait put themselves back."""
        try:
            return _line(json.loads(self._file.read_bytes()))
        except (OSError, ValueError, TypeError, KeyError):
            return Line()

    def _write(self, line: Line) -> None:
        document = {"limits": asdict(line.limits), "tickets": [asdict(ticket) for ticket in line.tickets]}
        temporary = self._file.with_name(f".queue.{os.getpid()}")
        with _writable(str(self._runs)):
            temporary.write_text(json.dumps(document, indent=1), encoding="utf-8")
            temporary.replace(self._file)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            with _writable(str(self._lock)):
                file = stack.enter_context(self._lock.open("a"))
                fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _waiting(tickets: Sequence[Ticket], run: str) -> Ticket:
    found = next((ticket for ticket in tickets if ticket.run == run and not ticket.going), None)
    if found is None:
        raise InvalidOrder(f"run {run} does not wait for its turn")
    return found


def _without(tickets: Sequence[Ticket], run: str) -> list[Ticket]:
    return [ticket for ticket in tickets if ticket.run != run]


def _line(document: Any) -> Line:
    tickets = []
    for ticket in document["tickets"]:
        parts = {"process": ProcessIdentity(**ticket["process"]), "demand": Demand(**ticket["demand"])}
        tickets.append(Ticket(**{**ticket, **parts}))
    return Line(tuple(tickets), Limits(**document["limits"]))


@contextmanager
def _writable(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotWritable(f"cannot write to {what}: {error.strerror}") from error
