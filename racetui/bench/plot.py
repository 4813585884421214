"""A benchmark's rows as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from racetui.bench.collecting import Row

_COLOURS = {"fast": "#0072b2", "gymnasium": "#e69f00"}
"""Two of Okabe and Ito's colours ("Color universal design", 2008), which people of every colour vision tell apart."""


def plot(rows: Sequence[Row], title: str, path: Path) -> None:
    """Write a PNG of frames per second, one bar for each row, whiskers from the lowest to the highest."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.4 + 0.36 * len(rows)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    ordered = list(reversed(rows))
    speeds = [row.frames_per_second for row in ordered]
    spread = [
        [row.frames_per_second - row.lowest for row in ordered],
        [row.highest - row.frames_per_second for row in ordered],
    ]
    axes.barh(
        [row.name for row in ordered],
        speeds,
        xerr=spread,
        color=[_COLOURS[row.backend] for row in ordered],
        error_kw={"ecolor": "#555555", "capsize": 2},
    )
    axes.set_xscale("log")
    axes.set_xlabel("frames/s (log scale)")
    axes.set_title(title, loc="left", fontsize="medium")
    for row, speed in zip(ordered, speeds, strict=True):
        axes.annotate(
            f" {speed:,.0f}  ({row.speed_up:,.1f}x)", (row.highest, row.name), va="center", fontsize="small"
        )
    axes.margins(x=0.25)
    axes.grid(axis="x", alpha=0.3)
    figure.savefig(path, dpi=120)
