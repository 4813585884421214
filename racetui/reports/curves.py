"""What reports draw of a run: returns with their spread over episodes, speed and memory over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from racetui.counters import COUNTED_SECONDS
from racetui.runs.curves import MOST_POINTS
from racetui.runs.model import EvaluationRow, HardwareRow, RunSummary, Series
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader

Floats = npt.NDArray[np.float64]

BINS = 60
"""Pieces that a run's episodes are cut into, each of as many frames."""
SPEEDS = 60
"""Points of the curve of frames per second."""


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """A curve with what lies around it; all (points,)."""

    x: Floats
    middle: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, eq=False)
class RunCurves:
    """One run as it is drawn."""

    run: RunSummary
    returns: Band
    """Over frames: mean, 10th and 90th percentile of training's episodes; x is the middle of each piece."""
    evaluations: tuple[EvaluationRow, ...]
    """Finished ones."""
    seconds: Series
    """Training time at frames."""
    speed: tuple[Floats, Floats]
    """Seconds of training, frames per second since the point before."""
    memory: tuple[Floats, Floats]
    """Seconds since the run was created, bytes of its process tree."""

    @property
    def name(self) -> str:
        """What legends call it."""
        return f"{self.run.id} {self.run.name}"

    def seconds_at(self, frames: Floats) -> Floats | None:
        """Training time when the run had taken so many frames; None where it kept no count."""
        if not len(self.seconds.frames):
            return None
        x = np.concatenate([[0.0], self.seconds.frames.astype(np.float64)])
        found: Floats = np.interp(frames, x, np.concatenate([[0.0], self.seconds.values]))
        return found


def curves_of(paths: RunPaths) -> RunCurves:
    """Read what is drawn of a run. Raises StoreError."""
    with RunReader(paths) as reader:
        run, (seconds, _) = reader.summary(), reader.thinned(COUNTED_SECONDS, MOST_POINTS)
        return RunCurves(
            run=run,
            returns=spread(reader.returns()),
            evaluations=tuple(row for row in reader.evaluations() if row.state == "finished" and row.results),
            seconds=seconds,
            speed=_speed(seconds),
            memory=_memory(reader.hardware(last=-1), run.created),
        )


def spread(found: Series, bins: int = BINS) -> Band:
    """Mean, 10th and 90th percentile of the returns in each of ``bins`` pieces of equal frames that has any."""
    frames, returns = found.frames.astype(np.float64), found.values
    if not len(frames):
        return Band(*(np.empty(0) for _ in range(4)))
    edges = np.linspace(0.0, frames.max(), bins + 1)
    piece = np.clip(np.searchsorted(edges, frames, side="left") - 1, 0, bins - 1)
    there = [(edges[n : n + 2].mean(), returns[piece == n]) for n in range(bins) if (piece == n).any()]
    points = [(x, values.mean(), *np.percentile(values, (10, 90))) for x, values in there]
    return Band(*np.array(points, np.float64).T)


def together(bands: Sequence[Band], points: int = BINS) -> Band:
    """Mean, least and greatest of the middles of several runs, as far as all of them reach."""
    there = [band for band in bands if len(band.x)]
    if not there:
        return Band(*(np.empty(0) for _ in range(4)))
    x = np.linspace(max(band.x[0] for band in there), min(band.x[-1] for band in there), points)
    values = np.array([np.interp(x, band.x, band.middle) for band in there])
    return Band(x, values.mean(axis=0), values.min(axis=0), values.max(axis=0))


def _speed(seconds: Series) -> tuple[Floats, Floats]:
    if len(seconds.frames) < 2:
        return np.empty(0), np.empty(0)
    chosen = np.unique(np.linspace(0, len(seconds.frames) - 1, SPEEDS + 1).astype(int))
    time, frames = seconds.values[chosen], seconds.frames[chosen].astype(np.float64)
    passed = np.diff(time)
    good = passed > 0
    return time[1:][good], np.diff(frames)[good] / passed[good]


def _memory(samples: Sequence[HardwareRow], created: float) -> tuple[Floats, Floats]:
    times = np.array([row.time - created for row in samples], np.float64)
    sizes = [row.memory for row in samples]
    return times, np.array(sizes, np.float64)
