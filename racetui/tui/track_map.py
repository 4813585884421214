"""The track from above, with what was missed and where the car is, in cells of dots."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from racetui.chart.canvas import ASCII_DOTS, BRAILLE_DOTS, pack
from racetui.tui.look import Look
from racetui.watch.shot import AHEAD, MISSED, VISITED, Shot

_BETWEEN = 4
"""Dots are drawn at every tile and so many times in between, less one."""


def map_rows(shot: Shot, columns: int, rows: int, look: Look) -> list[Strip]:
    """The whole track in ``rows`` rows of ``columns`` cells, north up."""
    if not len(shot.track) or columns < 1 or rows < 1:
        return []
    style = ASCII_DOTS if look.glyphs.ascii else BRAILLE_DOTS
    closed = np.concatenate([shot.track, shot.track[:1]]).astype(np.float64)
    shares = np.arange(_BETWEEN)[None, :, None] / _BETWEEN
    points = (closed[:-1, None] + (closed[1:] - closed[:-1])[:, None] * shares).reshape(-1, 2)
    states = np.repeat(shot.tiles, _BETWEEN)
    place = _Place(points, columns * style.across, rows * style.down, style.down / style.across)
    xs, ys = place.of(points)
    dots: npt.NDArray[np.bool_] = np.zeros((rows * style.down, columns * style.across), np.bool_)
    dots[ys, xs] = True
    kinds: npt.NDArray[np.int64] = np.full((rows, columns), -1)
    np.maximum.at(kinds, (ys // style.down, xs // style.across), states)
    car_x, car_y = place.of(np.array([[shot.x, shot.y]]))
    car = (int(car_y[0]) // style.down, int(car_x[0]) // style.across)
    return [_row(y, list(text), kinds[y], car, look) for y, text in enumerate(pack(dots, style))]


class _Place:
    """Where points of the field lie on a grid of dots, both axes to the same scale."""

    def __init__(self, points: npt.NDArray[np.float64], width: int, height: int, dots_per_width: float) -> None:
        self._low, high = points.min(axis=0), points.max(axis=0)
        self._size = np.array([width - 1, height - 1])
        self._shape = np.array([2.0, dots_per_width])  # a cell is twice as high as wide
        extent = np.maximum(high - self._low, 1.0)
        scale = (self._size / self._shape / extent).min()
        self._scale = scale * self._shape
        self._margin = (self._size - extent * self._scale) / 2

    def of(self, points: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Column and row of the dot of each point; those outside lie on the edge."""
        dots = np.rint((points - self._low) * self._scale + self._margin)
        dots = np.clip(dots, 0, self._size).astype(np.int64)
        return dots[:, 0], self._size[1].astype(np.int64) - dots[:, 1]


def _row(y: int, text: list[str], kinds: npt.NDArray[np.int64], car: tuple[int, int], look: Look) -> Strip:
    styles = {-1: look.text, AHEAD: look.faint, VISITED: look.good, MISSED: look.bad}
    segments: list[Segment] = []
    for x, (character, kind) in enumerate(zip(text, kinds.tolist(), strict=True)):
        cell: tuple[str, Style] = (character, styles[kind])
        if (y, x) == car:
            cell = ("@" if look.glyphs.ascii else "◆", look.accent + look.strong)
        elif kind == MISSED:
            cell = (look.glyphs.nan, look.bad)
        if segments and segments[-1].style == cell[1]:
            segments[-1] = Segment(segments[-1].text + cell[0], cell[1])
        else:
            segments.append(Segment(*cell))
    return Strip(segments, len(text))
