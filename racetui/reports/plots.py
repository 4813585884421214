"""Pictures of runs for reports (PNG). Loads matplotlib, without a display."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from carracing.task import OBSERVATIONS
from racetui.comparison.ranking import GOAL
from racetui.comparison.svg import COLOURS
from racetui.reports.curves import Band, Floats, RunCurves, together

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DASHES = ("-", "--", ":", "-.")
_MARKS = ("o", "s", "^", "D", "v", "P")
_MINUTE, _MILLION = 60.0, 1e6
DPI = 110


def learning(runs: Sequence[RunCurves], path: Path) -> bool:
    """Returns over frames and training time, with their spread over episodes; False if there is nothing to draw."""
    drawn = [run for run in runs if len(run.returns.x) or run.evaluations]
    if not drawn:
        return False
    with _Picture(
        path, "Returns: mean and 10th to 90th percentile of training's episodes; marks are evaluations"
    ) as (
        left,
        right,
    ):
        for slot, run in enumerate(drawn):
            _returns(left, slot, run, lambda frames: frames / _MILLION)
            _returns(right, slot, run, lambda frames, run=run: _minutes(run, frames))  # type: ignore[misc]
        _label(left, "frames (millions)", "return of an episode")
        _label(right, "training time (minutes)", "")
        for axes in (left, right) if all(run.run.observation in OBSERVATIONS for run in drawn) else ():
            axes.axhline(GOAL, color="#777777", linewidth=0.8, linestyle=(0, (1, 2)))  # CarRacing's
        left.legend(fontsize="small", loc="lower right")
    return True


def seeds(groups: Sequence[tuple[str, Sequence[RunCurves]]], path: Path) -> bool:
    """Mean and range over the runs of each group, which differ in their seeds alone; False without two of a kind."""
    drawn = [(name, runs) for name, runs in groups if sum(len(run.returns.x) > 0 for run in runs) > 1]
    if not drawn:
        return False
    with _Picture(path, "Returns over seeds: mean, least and greatest of runs that differ in nothing else", 1) as (
        axes,
    ):
        for slot, (name, runs) in enumerate(drawn):
            band = together([run.returns for run in runs])
            _band(axes, slot, band, band.x / _MILLION, f"{name} ({len(runs)} seeds)")
        _label(axes, "frames (millions)", "mean return of training's episodes")
        axes.legend(fontsize="small", loc="lower right")
    return True


def speed_and_memory(runs: Sequence[RunCurves], path: Path) -> bool:
    """Frames per second and memory over time; False if there is nothing to draw."""
    if not any(len(run.speed[0]) or len(run.memory[0]) for run in runs):
        return False
    with _Picture(path, "Speed of training, learning included, and memory of all of a run's processes") as (
        left,
        right,
    ):
        for slot, run in enumerate(runs):
            style: dict[str, Any] = {
                "color": _colour(slot),
                "linestyle": _DASHES[slot % len(_DASHES)],
                "label": run.name,
            }
            left.plot(run.speed[0] / _MINUTE, run.speed[1], **style)
            right.plot(run.memory[0] / _MINUTE, run.memory[1] / _MILLION, **style)
        _label(left, "training time (minutes)", "frames/s")
        _label(right, "time since the run was made (minutes)", "memory (MB)")
        for axes in (left, right):
            axes.set_ylim(bottom=0)
        left.legend(fontsize="small")
    return True


def scaling(key: str, points: Sequence[tuple[float, float, str]], path: Path) -> bool:
    """Frames per second over a setting: (value, frames/s, name) of each run; False unless two values were tried."""
    if len({value for value, _, _ in points}) < 2:
        return False
    with _Picture(path, f"Frames per second by {key}; the line is what the least of them promises", 1) as (axes,):
        values, speeds = np.array([[value, speed] for value, speed, _ in points]).T
        least = values.argmin()
        whole = np.array([values.min(), values.max()])
        axes.plot(whole, whole / values[least] * speeds[least], color="#777777", linestyle=":", label="proportional")
        axes.scatter(values, speeds, color=COLOURS[0], label="runs")
        for value, speed, name in points:
            axes.annotate(f" {name}", (value, speed), fontsize="x-small", va="center")
        _label(axes, key, "frames/s")
        axes.set_ylim(bottom=0)
        axes.legend(fontsize="small")
    return True


class _Picture:
    """A figure with a title and axes beside each other, saved on the way out."""

    def __init__(self, path: Path, title: str, columns: int = 2) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self._path = path
        self._figure = Figure(figsize=(5.2 * columns + 0.6, 4.2), layout="constrained")
        FigureCanvasAgg(self._figure)
        self._figure.suptitle(title, fontsize="medium", x=0.01, ha="left")
        self._axes = list(np.atleast_1d(self._figure.subplots(1, columns)))

    def __enter__(self) -> list[Axes]:
        return self._axes

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._figure.savefig(self._path, dpi=DPI)


def _returns(axes: Axes, slot: int, run: RunCurves, place: Callable[[Floats], Floats | None]) -> None:
    x = place(run.returns.x)
    if x is not None:
        _band(axes, slot, run.returns, x, run.name)
    x = place(np.array([row.frames for row in run.evaluations], np.float64))
    if x is not None and len(x):
        scores = [row.results["mean"] for row in run.evaluations]
        axes.plot(x, scores, _MARKS[slot % len(_MARKS)], color=_colour(slot), markersize=4, markeredgecolor="white")


def _band(axes: Axes, slot: int, band: Band, x: Floats, name: str) -> None:
    axes.fill_between(x, band.low, band.high, color=_colour(slot), alpha=0.15, linewidth=0)
    axes.plot(x, band.middle, color=_colour(slot), linestyle=_DASHES[slot % len(_DASHES)], label=name)


def _minutes(run: RunCurves, frames: Floats) -> Floats | None:
    seconds = run.seconds_at(frames)
    return None if seconds is None else seconds / _MINUTE


def _label(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _colour(slot: int) -> str:
    return COLOURS[slot % len(COLOURS)]
