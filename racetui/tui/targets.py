"""Which runs an order goes to: all that are marked, else the selected one; and which of them cannot obey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from racetui.keys import Need
from racetui.runs.model import RunSummary


@dataclass(frozen=True, slots=True)
class Targets:
    """The runs that an order is for."""

    runs: tuple[RunSummary, ...]
    """Those that can obey; at least one."""
    left_out: tuple[RunSummary, ...] = ()
    """Marked, but in no state for it."""

    @property
    def one(self) -> RunSummary | None:
        """The run, where it is one."""
        return self.runs[0] if len(self.runs) == 1 else None

    @property
    def title(self) -> str:
        """Who they are, in a few words."""
        return titled(self.runs[0]) if self.one is not None else f"{len(self.runs)} marked runs"

    @property
    def listed(self) -> str:
        """Who they are, each by name, and who is left out and why; empty where the title says it all."""
        names = ", ".join(map(titled, self.runs)) if self.one is None else ""
        out = ", ".join(f"{titled(run)} ({run.state})" for run in self.left_out)
        return "; ".join(filter(None, (names, f"left out: {out}" if out else "")))


def targets(selected: RunSummary | None, marked: Sequence[RunSummary], need: Need) -> Targets | None:
    """The runs meant by an order with that need; None if there are none."""
    meant = tuple(marked) if marked else (selected,) if selected is not None else ()
    able = tuple(run for run in meant if need.met(run))
    return Targets(able, tuple(run for run in meant if run not in able)) if able else None


def titled(run: RunSummary) -> str:
    """Id and name."""
    return f"{run.id} {run.name}"
