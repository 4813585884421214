"""Curves of several runs as a picture of lines (SVG), to put into documents."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from racetui.chart.axes import nice_end, nice_step, ticks, time_step
from racetui.chart.decimate import Floats, decimate
from racetui.chart.scale import Scale, linear, logarithmic
from racetui.words import duration, trimmed

WIDTH, HEIGHT = 960, 540
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 70, 55
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
"""Okabe and Ito's ("Color universal design", 2008), which people of every colour vision tell apart."""
DASHES = ("", "9 4", "2 3", "12 4 2 4", "5 5", "16 5")
"""By slot, as colours are: lines are told apart in black and white, too."""


@dataclass(frozen=True, slots=True)
class Line:
    """One run's curve."""

    name: str
    slot: int
    """Decides colour and dashes; from 0."""
    x: Floats
    """0 or more; must not decrease."""
    y: Floats
    """Gaps where it is not finite."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What is written around the curves."""

    title: str
    x: str
    timed: bool = False
    """x is in seconds."""
    log: bool = False
    """y is drawn on a logarithmic axis."""


def svg(lines: Sequence[Line], labels: Labels) -> str:
    """The picture; without a curve if no value can be drawn."""
    right = nice_end(max((float(line.x[-1]) for line in lines if len(line.x)), default=0.0))
    values = np.concatenate([line.y[np.isfinite(line.y)] for line in lines] or [np.empty(0)])
    values = values[values > 0] if labels.log else values
    parts = [*_title(labels), *_legend(lines)]
    if len(values):
        make = logarithmic if labels.log else linear
        scale = make(float(values.min()), float(values.max()), 8)
        parts += [*_grid(scale, right, labels), *(part for line in lines for part in _curve(line, scale, right))]
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="13">\n<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n{body}\n</svg>\n'
    )


def _across(share: float) -> float:
    return _LEFT + share * (WIDTH - _LEFT - _RIGHT)


def _down(share: float) -> float:
    return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def _title(labels: Labels) -> list[str]:
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    scale = ", log scale" if labels.log else ""
    return [
        f'<text x="{_LEFT}" y="24" font-size="17">{html.escape(labels.title + scale)}</text>',
        f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">{html.escape(labels.x)}</text>',
    ]


def _legend(lines: Sequence[Line]) -> Iterator[str]:
    """Names with a piece of their line, in as many columns as there are runs."""
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(lines))
    letters = int((step - 44) / 7)
    for number, line in enumerate(lines):
        x, name = _LEFT + number * step, line.name
        name = name if len(name) <= letters else name[: max(1, letters - 1)] + "…"
        yield f'<line x1="{x:.1f}" y1="47" x2="{x + 30:.1f}" y2="47" {_stroke(line.slot)}/>'
        yield f'<text x="{x + 36:.1f}" y="51">{html.escape(name)}</text>'


def _grid(scale: Scale, right: float, labels: Labels) -> Iterator[str]:
    write: Callable[[float], str] = duration if labels.timed else trimmed
    step = (time_step if labels.timed else nice_step)(right, 8)
    for value in scale.ticks:
        y = _down(float(scale.share(np.array([value]))[0]))
        yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH - _RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{trimmed(value)}</text>'
    for value in ticks(0.0, right, step):
        x = _across(value / right)
        yield f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{HEIGHT - _BOTTOM}" stroke="#eee"/>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - _BOTTOM + 18}" text-anchor="middle">{write(value)}</text>'


def _curve(line: Line, scale: Scale, right: float) -> Iterator[str]:
    """A polyline for each stretch without a gap, through the least and greatest value of every pixel."""
    columns = WIDTH - _LEFT - _RIGHT
    field = decimate(line.x, line.y, 0.0, right, columns)
    drawn = np.isfinite(field.low) & (field.high > 0 if scale.log else True)
    for start, end in _stretches(drawn):
        points = []
        for column in range(start, end):
            shares = scale.share(np.array([field.low[column], field.high[column]])).tolist()
            x = _across((column + 0.5) / columns)
            points += [f"{x:.1f},{_down(share):.1f}" for share in dict.fromkeys(shares)]
        if len(points) == 1:
            left, top = points[0].split(",")
            yield f'<circle cx="{left}" cy="{top}" r="2.5" fill="{COLOURS[line.slot % len(COLOURS)]}"/>'
        else:
            yield f'<polyline points="{" ".join(points)}" fill="none" {_stroke(line.slot)}/>'


def _stretches(drawn: np.ndarray) -> Iterator[tuple[int, int]]:
    """First and one past the last of each row of columns that are drawn."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], drawn, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _stroke(slot: int) -> str:
    dash = DASHES[slot % len(DASHES)]
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'stroke="{COLOURS[slot % len(COLOURS)]}" stroke-width="1.8"{dashes}'
