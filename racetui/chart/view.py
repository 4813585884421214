"""How people look at the charts: over which axis, at which part of it, with what emphasis. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from racetui.chart.decimate import Floats
from racetui.runs.positions import Axis

SMOOTHINGS = (0, 11, 51, 201)
"""Points that are averaged, to choose from; 0 shows what was recorded only."""
CLOSER = 0.5
"""What zooming in leaves of what is in view."""
_CLOSEST = 1e-4
"""The least part of everything that can be in view."""
_PAN = 0.25
"""Part of what is in view that one step moves by."""


@dataclass(frozen=True, slots=True)
class ChartView:
    """What all charts have in common; only whether y is logarithmic is a chart's own."""

    axis: Axis = Axis.FRAMES
    width: float | None = None
    """Of the part in view, in units of the axis; None shows everything."""
    end: float | None = None
    """Right end of that part; None follows the newest point."""
    cursor: float | None = None
    """Where values are read off, in units of the axis."""
    smoothing: int = 0
    """Points that are averaged."""
    log: frozenset[str] = frozenset()
    """Metrics drawn on a log axis."""


def limits(view: ChartView, whole: float) -> tuple[float, float]:
    """Left and right end of what is in view, when all of it is 0 to ``whole``."""
    if view.width is None:
        return 0.0, whole
    right = whole if view.end is None else min(view.end, whole)
    left = max(0.0, right - view.width)
    return left, min(whole, left + view.width)


def zoomed(view: ChartView, whole: float, factor: float) -> ChartView:
    """``factor`` of what is in view, around the cursor if that is in it, else at the end that is followed."""
    left, right = limits(view, whole)
    width = (right - left) * factor
    if width >= whole:
        return replace(view, width=None, end=None)
    width = max(width, whole * _CLOSEST)
    if view.cursor is not None and left <= view.cursor <= right and right > left:
        share = (view.cursor - left) / (right - left)
        right = view.cursor + (1 - share) * width
    elif view.end is not None:
        right = (left + right + width) / 2
    return _at(view, whole, width, right)


def panned(view: ChartView, whole: float, steps: int) -> ChartView:
    """Further right, or left where ``steps`` is negative, by a quarter of what is in view for each."""
    if view.width is None:
        return view
    left, right = limits(view, whole)
    return _at(view, whole, right - left, right + steps * _PAN * (right - left))


def _at(view: ChartView, whole: float, width: float, right: float) -> ChartView:
    """In view up to ``right``; where that is the end, following it."""
    right = max(right, width)
    return replace(view, width=width, end=None if right >= whole * (1 - 1e-9) else right)


def everything(view: ChartView) -> ChartView:
    """All in view, and no cursor."""
    return replace(view, width=None, end=None, cursor=None)


def pointed(view: ChartView, whole: float, to: float) -> ChartView:
    """The cursor at ``to``, or as near as there is something; what is in view goes along."""
    to = min(max(to, 0.0), whole)
    left, right = limits(view, whole)
    view = replace(view, cursor=to)
    if view.width is None or left <= to <= right:
        return view
    return _at(view, whole, right - left, to if to > right else to + right - left)


def next_axis(view: ChartView) -> ChartView:
    """Over the next axis, all of it: places on one say nothing on another."""
    axes = list(Axis)
    return everything(replace(view, axis=axes[(axes.index(view.axis) + 1) % len(axes)]))


def next_smoothing(view: ChartView) -> ChartView:
    """More smoothing, and none after the most."""
    return replace(view, smoothing=SMOOTHINGS[(SMOOTHINGS.index(view.smoothing) + 1) % len(SMOOTHINGS)])


def log_switched(view: ChartView, metric: str) -> ChartView:
    """The metric on a log axis, or no more."""
    return replace(view, log=view.log ^ {metric})


def nearest(x: Floats, y: Floats, to: float) -> tuple[float, float] | None:
    """The point (x, y) whose x is nearest to ``to``; None where there are no points."""
    if not len(x):
        return None
    after = int(np.searchsorted(x, to))
    near = min((index for index in (after - 1, after) if 0 <= index < len(x)), key=lambda index: abs(x[index] - to))
    return float(x[near]), float(y[near])
