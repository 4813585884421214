"""Which curves a chart shows: of the selected run, and of those that are marked. Textual-free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from racetui.chart.decimate import Floats
from racetui.runs.model import RunSummary, Series
from racetui.runs.positions import COUNTS, Axis, at_frames, positions
from racetui.tui.marks import TAGS, Marks, role
from racetui.tui.picture import Picture


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A curve of one run, with what it takes to draw it over any axis."""

    series: Series
    role: str
    """Decides its colour."""
    tag: str = ""
    """A letter that tells it from others without colours; empty where it is alone."""
    created: float = 0.0
    """When its run was; Unix seconds."""
    counts: Mapping[str, Series] = field(default_factory=dict)
    """The run's curves, those that count among them."""

    def x(self, axis: Axis) -> Floats | None:
        """Where its points lie; None where its run kept no count of that."""
        return positions(self.series, axis, self.counts, self.created)

    def at(self, frames: float, time: float, axis: Axis) -> float | None:
        """Where something lies that happened at so many frames and at that time."""
        if axis is Axis.FRAMES:
            return frames
        if axis is Axis.WALL:
            return max(0.0, time - self.created)
        found = at_frames(np.array([frames]), axis, self.counts)
        return None if found is None else float(found[0])

    @property
    def key(self) -> tuple[object, ...]:
        """Changes whenever the trace does; good for as long as the trace is kept."""
        return self.role, self.tag, id(self.series), *(id(self.counts.get(name)) for name in COUNTS.values())


def selected_trace(picture: Picture, run: RunSummary | None, metric: str, own_role: str) -> Trace | None:
    """The selected run's curve, in the chart's own colour."""
    detail = picture.detail
    if run is None or detail is None or detail.run_id != run.id or metric not in detail.series:
        return None
    return Trace(detail.series[metric], own_role, "", run.created, detail.series)


def marked_traces(picture: Picture, marks: Marks, metric: str) -> list[Trace]:
    """The curves of all marked runs, each in its own colour."""
    traces = []
    for contestant in picture.comparison.contestants if picture.comparison is not None else ():
        slot, series = marks.slot(contestant.run.id), contestant.series.get(metric)
        if slot is not None and series is not None:
            traces.append(Trace(series, role(slot), TAGS[slot], contestant.run.created, contestant.series))
    return traces


def traces(picture: Picture, run: RunSummary | None, marks: Marks, metric: str, own_role: str) -> list[Trace]:
    """What a chart shows: the marked runs, and in front of them the selected one, unless it is marked itself."""
    marked = marked_traces(picture, marks, metric)
    alone = selected_trace(picture, run, metric, own_role)
    slot = marks.slot(run.id) if run is not None else None
    twice = slot is not None and any(trace.role == role(slot) for trace in marked)
    return [*marked, alone] if alone is not None and not twice else marked
