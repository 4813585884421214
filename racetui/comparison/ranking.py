"""Who is best, by the figures that people compare runs by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from racetui.comparison.contestant import Contestant
from racetui.runs.model import RunSummary, Series
from racetui.runs.positions import Axis, at_frames

GOAL = 900.0
"""A mean return from which CarRacing counts as solved (``reward_threshold`` of Gymnasium's registration)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One run's figures; None where not known."""

    rank: int
    """From 1."""
    run: RunSummary
    best_mean: float | None
    """Best evaluation."""
    best_std: float | None
    area: float | None
    """Area under the return curve up to the comparison's horizon, divided by its width: the curve's mean height."""
    frames_to_goal: int | None
    """Frames until the mean return of 100 episodes was GOAL; None where it never was. Of a long curve,
    which is thinned, it may be late by a five-thousandth of the run."""
    seconds_to_goal: float | None
    """The same in training time; None also where the run kept no count of that."""
    frames_per_second: float | None
    """Over all of its training."""
    peak_memory: int | None
    """Bytes of its process tree at the most."""


def horizon(contestants: Sequence[Contestant]) -> int | None:
    """The frames that all return curves reach; those without a point are not asked. None if nobody has one."""
    ends = []
    for contestant in contestants:
        series = contestant.judged
        reached = series.frames[np.isfinite(series.values)]
        if len(reached):
            ends.append(int(reached[-1]))
    return min(ends, default=None)


def ranked(contestants: Sequence[Contestant]) -> tuple[Standing, ...]:
    """The best evaluation first, among equals the greater area; those without an evaluation come last."""
    end = horizon(contestants)
    standings = [_standing(contestant, end) for contestant in contestants]
    ordered = sorted(standings, key=lambda standing: (_low(standing.best_mean), _low(standing.area)))
    return tuple(replace(standing, rank=rank) for rank, standing in enumerate(ordered, 1))


def area(series: Series, end: int) -> float | None:
    """Mean height of a curve from its first point to ``end`` frames, with straight lines over gaps."""
    finite = np.isfinite(series.values)
    x, y = series.frames[finite].astype(np.float64), series.values[finite]
    if not len(x) or x[0] > end:
        return None
    if x[-1] > end:
        inside = x < end
        y = np.append(y[inside], np.interp(end, x, y))
        x = np.append(x[inside], end)
    if len(x) == 1:
        return float(y[0])
    return float((np.diff(x) * (y[1:] + y[:-1]) / 2).sum() / (x[-1] - x[0]))


def reached(series: Series, goal: float) -> int | None:
    """Frames at the first point that is ``goal`` or more; None if there is none."""
    there = np.flatnonzero(series.values >= goal)
    return int(series.frames[there[0]]) if len(there) else None


def _standing(contestant: Contestant, end: int | None) -> Standing:
    run, series = contestant.run, contestant.judged
    frames = reached(series, GOAL)
    seconds = None
    if frames is not None:
        found = at_frames(np.array([float(frames)]), Axis.TRAINING, contestant.series)
        seconds = float(found[0]) if found is not None else None
    return Standing(
        rank=0,
        run=run,
        best_mean=run.best_mean,
        best_std=run.best_std,
        area=area(contestant.level, end) if end is not None else None,
        frames_to_goal=frames,
        seconds_to_goal=seconds,
        frames_per_second=run.frames / run.seconds if run.seconds > 0 else None,
        peak_memory=contestant.peak_memory,
    )


def _low(value: float | None) -> float:
    """Sorts the greatest first and what is not known last."""
    return math.inf if value is None else -value
