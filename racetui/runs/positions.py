"""Where the points of a curve lie, counted in frames, steps, time or episodes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from racetui.counters import COUNTED_EPISODES, COUNTED_SECONDS, COUNTED_STEPS
from racetui.runs.model import Series


class Axis(StrEnum):
    """What a curve can be drawn over; the value is what people call it."""

    FRAMES = "frames"
    STEPS = "steps"
    WALL = "wall time"
    """Seconds since the run was created, pauses counted."""
    TRAINING = "training time"
    """Seconds, pauses not counted."""
    EPISODES = "episodes"

    @property
    def timed(self) -> bool:
        """It counts seconds."""
        return self in (Axis.WALL, Axis.TRAINING)


COUNTS = {Axis.STEPS: COUNTED_STEPS, Axis.TRAINING: COUNTED_SECONDS, Axis.EPISODES: COUNTED_EPISODES}
"""The metric that tells an axis; runs of before these were recorded have none of them."""


def positions(
    series: Series, axis: Axis, counts: Mapping[str, Series], created: float
) -> npt.NDArray[np.float64] | None:
    """Where each point of ``series`` lies on ``axis``, never decreasing; None where the run kept no count of it.

    ``counts`` has the run's curves by name, those of COUNTS among them; ``created`` is in Unix seconds.
    """
    if axis is Axis.FRAMES:
        return series.frames.astype(np.float64)
    if axis is Axis.WALL:
        # a clock that was set back must not fold the curve over itself
        return np.maximum.accumulate(np.maximum(series.times - created, 0.0)) if len(series.times) else series.times
    return at_frames(series.frames.astype(np.float64), axis, counts)


def at_frames(
    frames: npt.NDArray[np.float64], axis: Axis, counts: Mapping[str, Series]
) -> npt.NDArray[np.float64] | None:
    """Where the run was on an axis of COUNTS when it had taken so many frames; None where it kept no count of it."""
    known = counts.get(COUNTS[axis])
    if known is None or not len(known.frames):
        return None
    return np.interp(frames, known.frames, known.values)
