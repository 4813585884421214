"""Tracks: the same random draws as stock CarRacing-v3 and, bit for bit, the same tiles.

The walk follows ``CarRacing._create_track``: twelve random checkpoints around the field, then a point that turns
towards the next checkpoint at a bounded rate, five times round; the second lap that closes well becomes the track.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from carracing.simulator.compiled import compiled, inner
from carracing.simulator.rules import (
    BORDER,
    BORDER_MIN_COUNT,
    CHECKPOINTS,
    SCALE,
    TRACK_DETAIL_STEP,
    TRACK_RADIUS,
    TRACK_TURN_RATE,
    TRACK_WIDTH,
)
from carracing.task import Array

_LONGEST_WALK = 2500
"""Points after which stock gives up walking (``no_freeze``)."""
_LAPS = 4
_START_ALPHA = 2 * math.pi * (-0.5) / CHECKPOINTS
DRAWS = 2 * CHECKPOINTS
"""Random numbers one attempt at a track takes."""


@dataclass(frozen=True, slots=True)
class Track:
    """One closed track of N tiles; tile i lies between point i - 1 and point i."""

    points: Array
    """(N, 4) float64: angle around the field, heading, x, y."""
    road: Array
    """(N, 4, 2) float64: corners of each tile in the order stock draws them."""
    border: Array
    """(N,) bool: whether the tile has a red or white border beside it."""
    border_road: Array
    """(N, 4, 2) float64: corners of the border, zero where there is none."""

    @property
    def tiles(self) -> int:
        """How many tiles the track has."""
        return len(self.points)


class TrackError(RuntimeError):
    """No track came of the random numbers."""


def make_track(rng: np.random.Generator) -> Track:
    """Draw from ``rng`` as stock's reset does until a track closes. Raises TrackError after 10,000 attempts."""
    walk = np.empty((_LONGEST_WALK, 4))
    for _ in range(10_000):
        first, last = walk_laps(rng.random(DRAWS), walk)
        if first >= 0:
            points = walk[first:last].copy()
            return Track(points, *lay_tiles(points))
    raise TrackError("no closed track in 10,000 attempts: the random generator is broken")


@inner
def _checkpoints(draws, places):
    """Place the checkpoints; ``draws`` are uniform in [0, 1) and scaled as ``Generator.uniform`` does."""
    for c in range(CHECKPOINTS):
        noise = 0.0 + (2 * math.pi * 1 / CHECKPOINTS) * draws[2 * c]
        alpha = 2 * math.pi * c / CHECKPOINTS + noise
        radius = TRACK_RADIUS / 3 + (TRACK_RADIUS - TRACK_RADIUS / 3) * draws[2 * c + 1]
        if c == 0:
            alpha = 0.0
            radius = 1.5 * TRACK_RADIUS
        if c == CHECKPOINTS - 1:
            alpha = 2 * math.pi * c / CHECKPOINTS
            radius = 1.5 * TRACK_RADIUS
        places[c, 0] = alpha
        places[c, 1] = radius * math.cos(alpha)
        places[c, 2] = radius * math.sin(alpha)


@inner
def _next_checkpoint(places, alpha, target):
    """The checkpoint ahead of ``alpha``; (alpha less whole turns, its number counted on)."""
    while True:
        while True:
            if alpha <= places[target % CHECKPOINTS, 0]:
                return alpha, target
            target += 1
            if target % CHECKPOINTS == 0:
                break
        alpha -= 2 * math.pi


@inner
def _walk(places, walk):
    """Write points to ``walk`` until the laps are done; how many there are."""
    x = 1.5 * TRACK_RADIUS
    y = 0.0
    beta = 0.0
    target = 0
    laps = 0
    other_side = False
    for i in range(_LONGEST_WALK):
        alpha = math.atan2(y, x)
        if other_side and alpha > 0:
            laps += 1
            other_side = False
        if alpha < 0:
            other_side = True
            alpha += 2 * math.pi
        alpha, target = _next_checkpoint(places, alpha, target)
        forward_x = math.cos(beta)
        forward_y = math.sin(beta)
        across = forward_x * (places[target % CHECKPOINTS, 1] - x) + forward_y * (places[target % CHECKPOINTS, 2] - y)
        while beta - alpha > 1.5 * math.pi:
            beta -= 2 * math.pi
        while beta - alpha < -1.5 * math.pi:
            beta += 2 * math.pi
        before = beta
        across *= SCALE
        if across > 0.3:
            beta -= min(TRACK_TURN_RATE, abs(0.001 * across))
        if across < -0.3:
            beta += min(TRACK_TURN_RATE, abs(0.001 * across))
        x += -forward_y * TRACK_DETAIL_STEP
        y += forward_x * TRACK_DETAIL_STEP
        walk[i, 0] = alpha
        walk[i, 1] = before * 0.5 + beta * 0.5
        walk[i, 2] = x
        walk[i, 3] = y
        if laps > _LAPS:
            return i + 1
    return _LONGEST_WALK


@compiled
def walk_laps(draws, walk):
    """Fill ``walk`` (2500, 4) from 24 ``draws``; (first, last) row of the closed lap, or (-1, -1) where none is."""
    places = np.empty((CHECKPOINTS, 3))
    _checkpoints(draws, places)
    i = _walk(places, walk)
    first = -1
    last = -1
    while True:
        i -= 1
        if i == 0:
            return -1, -1
        if walk[i, 0] > _START_ALPHA and walk[i - 1, 0] <= _START_ALPHA:
            if last == -1:
                last = i
            else:
                first = i
                break
    last -= 1
    heading = walk[first, 1]
    gap_x = math.cos(heading) * (walk[first, 2] - walk[last - 1, 2])
    gap_y = math.sin(heading) * (walk[first, 3] - walk[last - 1, 3])
    if math.sqrt(gap_x * gap_x + gap_y * gap_y) > TRACK_DETAIL_STEP:
        return -1, -1
    return first, last


@inner
def _borders(points, border):
    """Mark the tiles on hard turns; indices wrap round as Python's negative ones do."""
    n = len(points)
    for i in range(n):
        good = True
        side = 0.0
        for back in range(BORDER_MIN_COUNT):
            turn = points[(i - back) % n, 1] - points[(i - back - 1) % n, 1]
            good &= abs(turn) > TRACK_TURN_RATE * 0.2
            side += np.sign(turn)
        border[i] = good and abs(side) == BORDER_MIN_COUNT
    for i in range(n):
        for back in range(BORDER_MIN_COUNT):
            border[(i - back) % n] |= border[i]


@compiled
def lay_tiles(points):
    """Corners of tiles and borders: ``(road, border, border_road)`` as in ``Track``."""
    n = len(points)
    road = np.empty((n, 4, 2))
    border = np.zeros(n, np.bool_)
    border_road = np.zeros((n, 4, 2))
    _borders(points, border)
    beta2, x2, y2 = points[n - 1, 1], points[n - 1, 2], points[n - 1, 3]
    cos2, sin2 = math.cos(beta2), math.sin(beta2)
    for i in range(n):
        beta1, x1, y1 = points[i, 1], points[i, 2], points[i, 3]
        cos1, sin1 = math.cos(beta1), math.sin(beta1)
        road[i, 0] = (x1 - TRACK_WIDTH * cos1, y1 - TRACK_WIDTH * sin1)
        road[i, 1] = (x1 + TRACK_WIDTH * cos1, y1 + TRACK_WIDTH * sin1)
        road[i, 2] = (x2 + TRACK_WIDTH * cos2, y2 + TRACK_WIDTH * sin2)
        road[i, 3] = (x2 - TRACK_WIDTH * cos2, y2 - TRACK_WIDTH * sin2)
        if border[i]:
            side = np.sign(beta2 - beta1)
            near = side * TRACK_WIDTH
            far = side * (TRACK_WIDTH + BORDER)
            border_road[i, 0] = (x1 + near * cos1, y1 + near * sin1)
            border_road[i, 1] = (x1 + far * cos1, y1 + far * sin1)
            border_road[i, 2] = (x2 + far * cos2, y2 + far * sin2)
            border_road[i, 3] = (x2 + near * cos2, y2 + near * sin2)
        beta2, x2, y2, cos2, sin2 = beta1, x1, y1, cos1, sin1
    return road, border, border_road
