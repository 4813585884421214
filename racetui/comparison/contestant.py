"""A run as a comparison needs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from racetui.comparison.settings import settings_of
from racetui.runs.curves import CurveFollower
from racetui.runs.errors import StoreError
from racetui.runs.model import RunSummary, Series
from racetui.runs.paths import RunPaths
from racetui.runs.positions import COUNTS
from racetui.runs.reader import RunReader

RETURN = "return_mean"
"""The metric that runs are ranked by beside their evaluations: the mean return of the last 100 episodes."""


@dataclass(frozen=True, slots=True, eq=False)
class Contestant:
    """One run of a comparison."""

    run: RunSummary
    series: Mapping[str, Series] = field(default_factory=dict)
    """Curves by name: RETURN, those of COUNTS, and whatever else was asked for."""
    metrics: tuple[str, ...] = ()
    """Names of all curves there are."""
    peak_memory: int | None = None
    """Bytes of its process tree at the most, shared pages once where the system tells; None where not sampled."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What it was asked to be, by dotted key; empty where its specification cannot be read."""


class ContestantFollower:
    """Follows one run; each ``poll`` reads only what is new, and nothing at all of a run that has ended."""

    def __init__(self, paths: RunPaths) -> None:
        self._reader = RunReader(paths)
        self._curves = CurveFollower(self._reader)
        self._settings: Mapping[str, str] | None = None
        self._peak: int | None = None
        self._samples = 0
        self._last: Contestant | None = None

    def poll(self, run: RunSummary, metrics: Iterable[str]) -> Contestant:
        """What is known of the run now, these curves and what ranks it included. Raises StoreError."""
        names = dict.fromkeys([RETURN, *COUNTS.values(), *metrics])
        last = self._last
        if last is not None and run.state.ended and run == last.run and names.keys() <= last.series.keys():
            return last
        if self._settings is None:
            self._settings = self._read_settings()
        peak, self._samples = self._reader.peak_memory(self._samples)
        self._peak = max(filter(None, (peak, self._peak)), default=None)
        self._last = Contestant(
            run,
            {name: self._curves.follow(name) for name in names},
            tuple(self._reader.metric_names()),
            self._peak,
            self._settings,
        )
        return self._last

    def close(self) -> None:
        """Let go of the run's database."""
        self._reader.close()

    def _read_settings(self) -> Mapping[str, str]:
        try:
            return settings_of(self._reader.spec())
        except StoreError:  # its curves can be compared all the same
            return {}


def contestant_of(paths: RunPaths, metrics: Iterable[str] = ()) -> Contestant:
    """What is known of a run now. Raises StoreError."""
    with RunReader(paths) as reader:
        run = reader.summary()
    follower = ContestantFollower(paths)
    try:
        return follower.poll(run, metrics)
    finally:
        follower.close()
