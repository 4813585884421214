"""Curves of several runs as pixels (PNG), for where no SVG is taken: drawn by matplotlib in a process of its own.

``python -m racetui.comparison.png FILE`` draws what ``write_png`` sends it: the panel, which calls that, must neither
wait a second for matplotlib to be imported nor keep its memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from racetui.chart.axes import nice_end, nice_step, ticks, time_step
from racetui.chart.decimate import decimate
from racetui.comparison.svg import COLOURS, DASHES, HEIGHT, WIDTH, Labels, Line
from racetui.words import duration, trimmed

_SCALE = 2
"""Pixels for each of the SVG's units."""
_SECONDS = 120.0
"""The longest that drawing may take, on a machine that is busy with training."""


def write_png(lines: Sequence[Line], labels: Labels, path: Path) -> None:
    """Draw the curves to ``path``. Raises OSError where that fails."""
    right = nice_end(max((float(line.x[-1]) for line in lines if len(line.x)), default=0.0))
    told = {"lines": [_outline(line, right) for line in lines], "labels": asdict(labels), "right": right}
    command = [sys.executable, "-P", "-m", "racetui.comparison.png", str(path)]
    try:
        done = subprocess.run(
            command, input=json.dumps(told), capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise OSError(f"{path.name} was not drawn in {_SECONDS:.0f} s") from None
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise OSError(f"{path.name} cannot be drawn: {reason[0]}")


def _outline(line: Line, right: float) -> dict[str, Any]:
    """Least and greatest value of every pixel's column, so that a million points are as soon sent as few."""
    columns = decimate(line.x, line.y, 0.0, right, _SCALE * WIDTH)
    x = (np.arange(len(columns.low)) + 0.5) * (right / len(columns.low))
    y = np.stack([columns.low, columns.high], axis=1).ravel()
    return {"name": line.name, "slot": line.slot, "x": np.repeat(x, 2).tolist(), "y": y.tolist()}


def draw(told: dict[str, Any], path: Path) -> None:
    """What ``write_png`` has another process do."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    mpl.rcParams["text.parse_math"] = False  # names are names, whatever signs are in them
    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    labels, right = Labels(**told["labels"]), told["right"]
    for line in told["lines"]:
        colour, dashes = COLOURS[line["slot"] % len(COLOURS)], DASHES[line["slot"] % len(DASHES)]
        style = (0, tuple(float(part) / 1.8 for part in dashes.split())) if dashes else "solid"
        axes.plot(line["x"], line["y"], color=colour, linestyle=style, linewidth=1.4, label=line["name"])
    if labels.log:
        axes.set_yscale("log", nonpositive="mask")
    axes.set_xlim(0, right or 1)
    step = (time_step if labels.timed else nice_step)(right or 1, 8)
    places = ticks(0.0, right or 1, step)
    axes.set_xticks(places, [(duration if labels.timed else trimmed)(place) for place in places])
    axes.set_title(labels.title + (", log scale" if labels.log else ""), loc="left")
    axes.set_xlabel(labels.x)
    axes.grid(alpha=0.3)
    if told["lines"]:
        figure.legend(loc="outside upper center", ncols=3, frameon=False)
    figure.savefig(path, dpi=100 * _SCALE)


if __name__ == "__main__":
    draw(json.load(sys.stdin), Path(sys.argv[1]))
