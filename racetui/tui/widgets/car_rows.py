"""The rows of the car's pane: picture, what the car does, and the track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.style import Style
from textual.strip import Strip

from carracing.task import FRAMES_PER_SECOND
from racetui import words
from racetui.tui.halfblocks import Pixels
from racetui.tui.lines import Piece, line, wrapped
from racetui.tui.look import Look
from racetui.tui.meters import bar
from racetui.tui.track_map import map_rows
from racetui.watch.shot import Shot

SIDE_CELLS = 26
"""Least width of the column beside the picture."""
LEAST_PICTURE = 24
"""Cells of a picture's width below which there is no point in a column beside it."""
_BELOW = 3
"""Rows under the picture where there is no column beside it."""
ROAD = np.s_[:84, 6:90]
"""The picture without the bar below, which is too fine for cells; the facts say the same."""
TOP_SPEED = 100.0
"""Units per second that fill the bar; a car at full throttle reaches some more."""
_LABEL = 8


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the picture is among the rows, from their upper left corner."""

    left: int
    columns: int
    """Twice as many as rows: a cell is about twice as high as wide."""
    beside: bool
    """The facts are beside it, not below."""

    @property
    def rows(self) -> int:
        """Rows that the picture takes."""
        return self.columns // 2


def layout(width: int, height: int) -> Layout:
    """The facts and the map beside the picture where there is room, else the facts under it."""
    beside = min(2 * height, width - SIDE_CELLS)
    below = max(0, min(width, 2 * (height - _BELOW)))
    if beside >= LEAST_PICTURE and beside >= 0.75 * below:
        return Layout(0, beside - beside % 2, beside=True)
    below -= below % 2
    return Layout((width - below) // 2, below, beside=False)


def car_rows(shot: Shot, note: str, width: int, height: int, look: Look) -> list[Strip]:
    """All rows; the picture's place is empty."""
    place = layout(width, height)
    if place.beside:
        side = side_rows(shot, note, width - place.columns - 1, height, look)
        empty, gap = line([], place.columns, look), line([], 1, look)
        return [Strip.join([empty, gap, facts]) for facts in side]
    return [*[line([], width, look)] * place.rows, *_short(shot, note, width, look)][:height]


def road(shot: Shot) -> Pixels:
    """What of the picture is shown in cells."""
    return shot.picture[ROAD] if len(shot.track) else shot.picture


def _short(shot: Shot, note: str, width: int, look: Look) -> list[Strip]:
    """Everything in three rows."""
    dot = f" {look.glyphs.dot} "
    if not len(shot.track):
        told = f" {shot.score:+.1f}{dot}{shot.frame} frames"
        return [line([(text, style)], width, look) for text, style in ((told, look.text), (f" {note}", look.faint))]
    facts = f" {shot.score:+.0f}{dot}lap {words.percent(shot.progress)}{dot}missed {shot.missed}{dot}"
    facts += f"{shot.speed:.0f} u/s{dot}{shot.frame / FRAMES_PER_SECOND:.1f} s"
    each = max(4, (width - 18) // 3)
    actions: list[Piece] = [(" steer ", look.muted), *steering(shot.steer, each, look)]
    for name, value, style in (("gas", shot.gas, look.good), ("brk", shot.brake, look.bad)):
        actions += [(f" {name} ", look.muted), *bar(value, each, look, style)]
    return [
        line([(facts, look.text)], width, look),
        line(actions, width, look),
        line([(f" {note}", look.faint)], width, look),
    ]


def side_rows(shot: Shot, note: str, width: int, height: int, look: Look) -> list[Strip]:
    """The column beside the picture: exactly ``height`` rows, the map in what the rest leaves."""
    room = max(4, width - _LABEL - 7)

    def fact(name: str, value: str, meter: Sequence[Piece] = (), style: Style | None = None) -> Strip:
        pieces: list[Piece] = [(f"{name:<{_LABEL}}", look.muted), (f"{value:>6} ", style or look.text), *meter]
        return line(pieces, width, look)

    missed = look.bad + look.strong if shot.missed else look.text
    rows = [
        fact("score", f"{shot.score:+.1f}", style=look.strong),
        fact("lap", words.percent(shot.progress), bar(shot.progress, room, look, look.accent)),
        fact("missed", str(shot.missed), style=missed),
        fact("time", f"{shot.frame / FRAMES_PER_SECOND:.1f} s"),
        fact("speed", f"{shot.speed:.0f}", bar(shot.speed / TOP_SPEED, room, look, look.info)),
        fact("steer", f"{shot.steer:+.2f}", steering(shot.steer, room, look)),
        fact("gas", f"{shot.gas:.2f}", bar(shot.gas, room, look, look.good)),
        fact("brake", f"{shot.brake:.2f}", bar(shot.brake, room, look, look.bad)),
    ]
    if not len(shot.track):  # no car
        rows = [rows[0], fact("frame", str(shot.frame))]
    notes = [line([(text, look.faint)], width, look) for text in wrapped(note, width, look)]
    left = height - len(rows) - len(notes) - 2
    blank = line([], width, look)
    track = map_rows(shot, width, left, look) if left >= 4 else []
    rows = [*rows, blank, *track]
    rows += [blank] * (height - len(rows) - len(notes))
    return [*rows[: max(0, height - len(notes))], *notes][:height]


def steering(value: float, width: int, look: Look) -> list[Piece]:
    """A bar from the middle to the left or right."""
    before = (width - 1) // 2
    after = width - 1 - before
    left, right = (min(room, max(0, round(turn * room))) for turn, room in ((-value, before), (value, after)))
    glyphs = look.glyphs
    return [
        (glyphs.bar_empty * (before - left), look.faint),
        (glyphs.bar_full * left, look.accent),
        (glyphs.vertical, look.muted),
        (glyphs.bar_full * right, look.accent),
        (glyphs.bar_empty * (after - right), look.faint),
    ]
