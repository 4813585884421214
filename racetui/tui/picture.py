"""What the panel shows at one moment, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from racetui.bottleneck import Remark
from racetui.comparison import Comparison
from racetui.hardware import MachineSample
from racetui.runs.logbook import LogLine
from racetui.runs.model import (
    CheckpointRow,
    CommandRow,
    EvaluationRow,
    EventRow,
    HardwareRow,
    HeatRow,
    RunSummary,
    Series,
)
from racetui.runs.news import News

CURVES = ("return_mean", "frames_per_second", "episodes_per_second", "missed_tiles")
"""Metrics with a chart."""
SHARES = ("env", "act", "learn", "other")
"""Where the time of a round goes; metrics ``time/env`` and so on, shares of 1."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What is wanted of the marked runs."""

    runs: tuple[str, ...] = ()
    """Their ids, in the order in which they were marked."""
    metric: str = CURVES[0]
    """A curve that is wanted beside CURVES."""
    closely: bool = False
    """Of the selected run, all metrics and events are wanted."""


NOBODY = Compared()


@dataclass(frozen=True, slots=True)
class Detail:
    """All about the selected run that a summary does not have."""

    run_id: str
    series: Mapping[str, Series] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    """Latest share of each of SHARES that the run tells."""
    usage: HardwareRow | None = None
    log: tuple[LogLine, ...] = ()
    orders: tuple[CommandRow, ...] = ()
    """Given, not yet answered."""
    evaluations: tuple[EvaluationRow, ...] = ()
    checkpoints: tuple[CheckpointRow, ...] = ()
    tails: Mapping[str, Series] = field(default_factory=dict)
    """The last rounds of every metric, and the last events, where they are wanted."""
    events: tuple[EventRow, ...] = ()
    heat: HeatRow | None = None
    """The last one, where cars drive the same track side by side."""
    remarks: tuple[Remark, ...] = ()
    """What holds the run back first, then what else is worth changing."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything one look at the store and the machine found."""

    time: float = 0.0
    """Unix seconds; ages are counted from here."""
    machine: MachineSample | None = None
    news: tuple[News, ...] = ()
    """The last ones of all runs since the panel was opened."""
    runs: tuple[RunSummary, ...] = ()
    """Newest first."""
    detail: Detail | None = None
    comparison: Comparison | None = None
    """The marked runs side by side."""
    problem: str = ""
    """Why the store could not be read; what is shown is older then."""

    def run(self, run_id: str | None) -> RunSummary | None:
        """The run of that id."""
        return next((run for run in self.runs if run.id == run_id), None)
