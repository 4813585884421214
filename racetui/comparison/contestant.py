"""A run as a comparison needs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from racetui.comparison.settings import settings_of
from racetui.runs.curves import CurveFollower
from racetui.runs.errors import StoreError
from racetui.runs.model import OWN_PURPOSES, EvaluationRow, RunSummary, Series
from racetui.runs.paths import RunPaths
from racetui.runs.positions import COUNTS
from racetui.runs.reader import RunReader

RETURN = "return_mean"
"""The metric that runs are ranked by beside their evaluations: the mean return of the last 100 episodes."""
LED = ("agent.led", "pipeline.dagger.agent.led")
"""Settings by which an expert drives some of the episodes that returns are of."""
_NONE = Series(np.empty(0, np.int64), np.empty(0), np.empty(0))


@dataclass(frozen=True, slots=True, eq=False)
class Contestant:
    """One run of a comparison."""

    run: RunSummary
    series: Mapping[str, Series] = field(default_factory=dict)
    """Curves by name: RETURN, those of COUNTS, and whatever else was asked for; thinned where they are long."""
    metrics: tuple[str, ...] = ()
    """Names of all curves there are."""
    peak_memory: int | None = None
    """Bytes of its process tree at the most, shared pages once where the system tells; None where not sampled."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What it was asked to be, by dotted key; empty where its specification cannot be read."""
    evaluated: Series = _NONE
    """Means of its own evaluations, where an expert drove some of its episodes."""
    averaged: Series = _NONE
    """RETURN where that is long: its means over as many stretches, which have the area that it has."""

    @property
    def led(self) -> bool:
        """An expert drove some of its episodes, so their returns do not tell what it had learned."""
        return _led(self.settings)

    @property
    def judged(self) -> Series:
        """The curve that tells what it had learned."""
        return self.evaluated if self.led else self.series[RETURN]

    @property
    def level(self) -> Series:
        """The same curve as areas are taken of it."""
        return self.judged if self.led or not len(self.averaged.frames) else self.averaged


class ContestantFollower:
    """Follows one run; each ``poll`` reads only what is new, and nothing at all of a run that has ended."""

    def __init__(self, paths: RunPaths) -> None:
        self._reader = RunReader(paths)
        self._curves = CurveFollower(self._reader)
        self._means = CurveFollower(self._reader, RunReader.averaged)
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
            evaluated(self._reader.evaluations()) if _led(self._settings) else _NONE,
            self._means.follow(RETURN),
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


def evaluated(rows: Iterable[EvaluationRow]) -> Series:
    """The means of a run's own evaluations as a curve."""
    found = sorted(
        (row.frames, row.ended or row.started, float(row.results["mean"]))
        for row in rows
        if row.purpose in OWN_PURPOSES and row.results.get("mean") is not None
    )
    frames, times, means = zip(*found, strict=True) if found else ((), (), ())
    return Series(np.array(frames, np.int64), np.array(times, np.float64), np.array(means, np.float64))


def _led(settings: Mapping[str, str]) -> bool:
    return any(float(settings.get(key, 0.0)) > 0 for key in LED)


def contestant_of(paths: RunPaths, metrics: Iterable[str] = ()) -> Contestant:
    """What is known of a run now. Raises StoreError."""
    with RunReader(paths) as reader:
        run = reader.summary()
    follower = ContestantFollower(paths)
    try:
        return follower.poll(run, metrics)
    finally:
        follower.close()
