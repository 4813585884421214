"""The racing line of a track: a smooth way round within the road, and how fast it may be driven.

The line is the centre line moved sideways, at each point along the track's own normal. Offsets minimise

    sum of weight * bend**2  +  shortness * sum of length**2,

both quadratic in the offsets. Weights grow with the bend found before, so that a few passes flatten the sharpest
bends, where time is lost, rather than the mean (iteratively reweighted least squares). Then speeds follow: what each
bend allows, and what braking for the bends to come allows, on tyres that share one grip between both.
"""

from __future__ import annotations

import math

import numpy as np

from carracing.expert.smoothing import smooth_within
from carracing.simulator.compiled import compiled, inner
from carracing.simulator.rules import TRACK_DETAIL_STEP

X, Y = 0, 1
AHEAD_X, AHEAD_Y = 2, 3
"""Unit vector along the line."""
BEND = 4
"""Curvature, radians per unit, to the left positive."""
SPEED = 5
"""Units per second."""
COLUMNS = 6

TOP_SPEED = 101.0
"""Units per second: just beyond what a car reaches (two units a frame, Box2D's ``b2_maxTranslation``)."""

LEAST_ROOM = 2
"""Rows of a line per tile that are always enough: ``lay_line`` divides only gaps wider than usual."""
_GAP = 1.5 * TRACK_DETAIL_STEP
"""A track's last and first point are two steps apart; points further apart than this get one between them."""
_OVERLAP = 24
"""Points by which the open problem overlaps itself at either end: beyond them a bend has no influence."""
_PASSES = 4
_ROUNDS = 100
_SHARP = 0.0316
"""Radians per unit: bends well below weigh alike."""


@inner
def _centre_line(points, tiles, centre):
    """Write x, y and the unit normal to the right of points about a step apart to ``centre``; how many there are."""
    count = 0
    for i in range(tiles):
        heading, x, y = points[i, 1], points[i, 2], points[i, 3]
        after = (i + 1) % tiles
        centre[count] = (x, y, math.cos(heading), math.sin(heading))
        count += 1
        if math.hypot(points[after, 2] - x, points[after, 3] - y) > _GAP:
            nx = math.cos(heading) + math.cos(points[after, 1])
            ny = math.sin(heading) + math.sin(points[after, 1])
            length = max(math.hypot(nx, ny), 1e-9)
            middle_x, middle_y = 0.5 * (x + points[after, 2]), 0.5 * (y + points[after, 3])
            centre[count] = (middle_x, middle_y, nx / length, ny / length)
            count += 1
    return count


@inner
def _distance(places, i, j):
    return math.hypot(places[j, 0] - places[i, 0], places[j, 1] - places[i, 1])


@inner
def _add_square(diagonals, linear, first, factors, normals, constant, weight):
    """Add weight * |sum_k factors[k] * (normals[k] x[first + k]) + constant|**2 / 2 to the programme."""
    for k in range(len(factors)):
        nx, ny = factors[k] * normals[k, 0], factors[k] * normals[k, 1]
        linear[first + k] += weight * (nx * constant[0] + ny * constant[1])
        for other in range(k, len(factors)):
            product = nx * normals[other, 0] + ny * normals[other, 1]
            diagonals[other - k, first + k] += weight * factors[other] * product


@inner
def _pose(centre, count, weights, shortness, diagonals, linear):
    """Write the programme whose unknowns are the offsets of the points from -_OVERLAP to count + _OVERLAP."""
    diagonals[:] = 0.0
    linear[:] = 0.0
    factors, normals, constant = np.empty(3), np.empty((3, 2)), np.empty(2)
    for j in range(1, len(linear) - 1):
        here = (j - _OVERLAP) % count
        before, after = (here - 1) % count, (here + 1) % count
        back, on = max(_distance(centre, before, here), 0.5), max(_distance(centre, here, after), 0.5)
        span = 0.5 * (back + on)
        factors[0], factors[2] = 1.0 / (back * span), 1.0 / (on * span)
        factors[1] = -factors[0] - factors[2]
        for axis in range(2):
            normals[0, axis], normals[1, axis] = centre[before, 2 + axis], centre[here, 2 + axis]
            normals[2, axis] = centre[after, 2 + axis]
            constant[axis] = (
                factors[0] * centre[before, axis] + factors[1] * centre[here, axis] + factors[2] * centre[after, axis]
            )
        _add_square(diagonals, linear, j - 1, factors, normals, constant, weights[here] * span)
        factors[0], factors[1] = -1.0, 1.0
        for axis in range(2):
            constant[axis] = centre[after, axis] - centre[here, axis]
        _add_square(diagonals, linear, j, factors[:2], normals[1:], constant, shortness / on)


@inner
def _measure(line, count):
    """Write directions and bends from the places: the circle through a point and its neighbours."""
    for i in range(count):
        before, after = (i - 1) % count, (i + 1) % count
        ux, uy = line[i, X] - line[before, X], line[i, Y] - line[before, Y]
        wx, wy = line[after, X] - line[i, X], line[after, Y] - line[i, Y]
        chord = max(math.hypot(ux + wx, uy + wy), 1e-9)
        line[i, AHEAD_X], line[i, AHEAD_Y] = (ux + wx) / chord, (uy + wy) / chord
        sides = max(math.hypot(ux, uy) * math.hypot(wx, wy), 1e-9)
        line[i, BEND] = 2.0 * (ux * wy - uy * wx) / (sides * chord)


@inner
def _pace(line, count, grip, braking):
    """Write speeds: what bends allow, then, backwards and twice round, what braking allows."""
    for i in range(count):
        line[i, SPEED] = min(TOP_SPEED, math.sqrt(grip / max(abs(line[i, BEND]), 1e-6)))
    for k in range(2 * count - 1, -1, -1):
        i, after = k % count, (k + 1) % count
        speed = line[after, SPEED]
        used = min(speed * speed * abs(line[after, BEND]) / grip, 1.0)
        slower = 2.0 * braking * math.sqrt(1.0 - used * used) * _distance(line, i, after)
        line[i, SPEED] = min(line[i, SPEED], math.sqrt(speed * speed + slower))


@compiled
def lay_line(points, tiles, style, line):
    """Fill ``line`` (LEAST_ROOM * tiles or more, COLUMNS) for a track's ``points`` (N, 4); how many rows it has."""
    centre = np.empty((LEAST_ROOM * tiles, 4))
    count = _centre_line(points, tiles, centre)
    unknowns = count + 2 * _OVERLAP
    diagonals, linear, offsets = np.empty((3, unknowns)), np.empty(unknowns), np.zeros(unknowns)
    weights = np.ones(count)
    for _ in range(_PASSES):
        _pose(centre, count, weights, style.shortness, diagonals, linear)
        smooth_within(diagonals, linear, style.room, _ROUNDS, offsets)
        for i in range(count):
            line[i, X] = centre[i, 0] + offsets[i + _OVERLAP] * centre[i, 2]
            line[i, Y] = centre[i, 1] + offsets[i + _OVERLAP] * centre[i, 3]
        _measure(line, count)
        for i in range(count):
            weights[i] = ((line[i, BEND] / _SHARP) ** 2 + 0.1) ** (0.5 * style.sharpness)
    _pace(line, count, style.grip, style.braking)
    return count
