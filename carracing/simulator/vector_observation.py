"""What a driver could know without eyes: 67 numbers about the car, the road under it and the road ahead.

The split into car, segment, look-ahead and dynamics is the one that public CarRacing systems of this kind use.
Left is positive, ahead is positive; every number is divided by its scale and cut to -2 to 2, so all are finite and
of like size. ``FIELDS`` names them in order.
"""

from __future__ import annotations

import math

import numpy as np

from carracing.simulator.body import WHEEL_RADIUS
from carracing.simulator.compiled import inlined, inner, uncounted
from carracing.simulator.lanes import LANES
from carracing.simulator.layout import ANGLE, BODY_ROWS, COS, OMEGA, PX, PY, SIN, SPIN, VX, VY
from carracing.simulator.rules import FRAME_SECONDS, PLAYFIELD, TRACK_DETAIL_STEP, TRACK_WIDTH
from carracing.simulator.sharing import begin, finish, take

LOOK_AHEAD = 20
"""Points of the centre line ahead, one per tile: 3.5 units apart, 70 units in all; the camera sees 37."""
SIGHT = LOOK_AHEAD * TRACK_DETAIL_STEP
TOP_SPEED = 100.0
"""Units per second (``solver.MAX_TRANSLATION`` per frame)."""
TOP_SPIN = 10.0
"""Radians per second, more than a spin reaches."""
TOP_ACCELERATION = 100.0
"""Units per second squared; tyres manage about 230 at most, braking on the road."""
SHARPEST_BEND = 0.31 / TRACK_DETAIL_STEP
"""Radians per unit: the most a track turns (``TRACK_TURN_RATE``)."""
BOUND = 2.0
_WINDOW = 25
"""Tiles either way among which the nearest is sought; all of them once the car has strayed."""
_STRAYED = 3 * TRACK_WIDTH
_SLOW = 1.0
"""Units per second below which slip is counted as at this speed."""

FIELDS = (
    "x / 333",
    "y / 333",
    "speed ahead / 100",
    "speed to the left / 100",
    "heading / pi, anticlockwise from up the y axis",
    "yaw rate / 10",
    "front left wheel on the road",
    "front right wheel on the road",
    "rear left wheel on the road",
    "rear right wheel on the road",
    "progress: share of tiles visited",
    "offset to the left of the centre line / half the road's width",
    "heading error against the road / pi",
    "curvature / sharpest bend",
    "position on the segment, 0 to 1",
    "length of the segment / 3.5",
    *(f"point {k} {way} / 70" for k in range(1, LOOK_AHEAD + 1) for way in ("ahead", "to the left")),
    "speed / 100",
    "acceleration ahead / 100",
    "acceleration to the left / 100",
    *(f"slip angle of wheel {w} / (pi / 2)" for w in range(4)),
    *(f"slip ratio of wheel {w}" for w in range(4)),
)
"""What each of the 67 numbers is, and its scale; wheels in the order front left, front right, rear left, right."""
SIZE = len(FIELDS)


@inner
def _nearest(points, tiles, x, y, hint):
    """Index of the point of the centre line that is nearest, sought around ``hint`` first."""
    best, least = hint, 1e18
    i = (hint - _WINDOW) % tiles
    for _ in range(2 * _WINDOW + 1):
        distance = (points[i, 2] - x) ** 2 + (points[i, 3] - y) ** 2
        if distance < least:
            best, least = i, distance
        i = i + 1 if i + 1 < tiles else 0
    if least <= _STRAYED * _STRAYED:
        return best
    for i in range(tiles):
        distance = (points[i, 2] - x) ** 2 + (points[i, 3] - y) ** 2
        if distance < least:
            best, least = i, distance
    return best


@inner
def _segment(points, tiles, i, x, y, sine, cosine, out):
    """Write the five numbers of the segment from point ``i``, or of the one before if the car is behind it."""
    j = (i + 1) % tiles
    dx, dy = points[j, 2] - points[i, 2], points[j, 3] - points[i, 3]
    if (x - points[i, 2]) * dx + (y - points[i, 3]) * dy < 0:
        i, j = (i - 1) % tiles, i
        dx, dy = points[j, 2] - points[i, 2], points[j, 3] - points[i, 3]
    length = max(math.hypot(dx, dy), 1e-6)
    dx, dy = dx / length, dy / length
    rx, ry = x - points[i, 2], y - points[i, 3]
    k = (j + 1) % tiles
    nx, ny = points[k, 2] - points[j, 2], points[k, 3] - points[j, 3]
    out[0] = (dx * ry - dy * rx) / TRACK_WIDTH
    out[1] = math.atan2(dx * cosine + dy * sine, -dx * sine + dy * cosine) / math.pi
    out[2] = math.atan2(dx * ny - dy * nx, dx * nx + dy * ny) / length / SHARPEST_BEND
    out[3] = min(max((rx * dx + ry * dy) / length, 0.0), 1.0)
    out[4] = length / TRACK_DETAIL_STEP
    return i


@inner
def _wheel_slip(f, d, lane, wheel):
    """(slip angle in radians, slip ratio) of a wheel."""
    row = (wheel + 1) * BODY_ROWS
    sine, cosine = np.float64(f[row + SIN, lane]), np.float64(f[row + COS, lane])
    vx, vy = np.float64(f[row + VX, lane]), np.float64(f[row + VY, lane])
    ahead, left = -sine * vx + cosine * vy, -cosine * vx - sine * vy
    rolling = d[OMEGA + wheel, lane] * WHEEL_RADIUS
    fastest = max(max(abs(ahead), abs(rolling)), _SLOW)
    return math.atan2(left, max(abs(ahead), _SLOW)), (rolling - ahead) / fastest


@inner
def _dynamics(cars, car, f, d, lane, sine, cosine, out):
    """Write speed, accelerations and slips: eleven numbers."""
    vx, vy = np.float64(f[VX, lane]), np.float64(f[VY, lane])
    ax = (vx - np.float64(cars.velocity_before[car, 0])) / FRAME_SECONDS
    ay = (vy - np.float64(cars.velocity_before[car, 1])) / FRAME_SECONDS
    out[0] = math.hypot(vx, vy) / TOP_SPEED
    out[1] = (-sine * ax + cosine * ay) / TOP_ACCELERATION
    out[2] = (-cosine * ax - sine * ay) / TOP_ACCELERATION
    for wheel in range(4):
        angle, ratio = _wheel_slip(f, d, lane, wheel)
        out[3 + wheel] = angle / (math.pi / 2)
        out[7 + wheel] = ratio


@inlined
def _sense_car(cars, tracks, car, numbers, out):
    """Write one car's numbers into its row of ``out``."""
    block, lane, group = car // LANES, car % LANES, cars.group[car]
    f, d, points, tiles = cars.bodies[block], cars.drives[block], tracks.points[group], tracks.tiles[group]
    x, y = np.float64(f[PX, lane]), np.float64(f[PY, lane])
    sine, cosine = np.float64(f[SIN, lane]), np.float64(f[COS, lane])
    vx, vy = np.float64(f[VX, lane]), np.float64(f[VY, lane])
    angle = np.float64(f[ANGLE, lane])
    numbers[0] = x / PLAYFIELD
    numbers[1] = y / PLAYFIELD
    numbers[2] = (-sine * vx + cosine * vy) / TOP_SPEED
    numbers[3] = (-cosine * vx - sine * vy) / TOP_SPEED
    numbers[4] = math.atan2(math.sin(angle), math.cos(angle)) / math.pi
    numbers[5] = np.float64(f[SPIN, lane]) / TOP_SPIN
    for wheel in range(4):
        numbers[6 + wheel] = 1.0 if cars.road[block, wheel, lane] else 0.0
    numbers[10] = cars.visited[car] / tiles
    cars.nearest[car] = _nearest(points, tiles, x, y, cars.nearest[car])
    here = _segment(points, tiles, cars.nearest[car], x, y, sine, cosine, numbers[11:16])
    i = here
    for k in range(LOOK_AHEAD):
        i = i + 1 if i + 1 < tiles else 0
        rx, ry = points[i, 2] - x, points[i, 3] - y
        numbers[16 + 2 * k] = (-sine * rx + cosine * ry) / SIGHT
        numbers[17 + 2 * k] = (-cosine * rx - sine * ry) / SIGHT
    _dynamics(cars, car, f, d, lane, sine, cosine, numbers[16 + 2 * LOOK_AHEAD :])
    for i in range(SIZE):
        out[car, i] = min(max(numbers[i], -BOUND), BOUND)


@uncounted
def sense_cars(cars, tracks, mask, numbers, out, share):
    """Write the numbers of the cars of ``mask`` (N,) into ``out`` (N, 67) float32; a block is an item to share.

    ``numbers`` (67,) float64 is room to work in.
    """
    blocks, done = (len(mask) + LANES - 1) // LANES, 0
    begin(share, blocks)
    block = take(share, blocks)
    while block >= 0:
        for car in range(block * LANES, min((block + 1) * LANES, len(mask))):
            if mask[car]:
                _sense_car(cars, tracks, car, numbers, out)
        done += 1
        block = take(share, blocks)
    finish(share, blocks, done)
