"""The picture an agent sees, 96x96 pixels, identical to stock's ``_render("state_pixels")`` with pygame-ce 2.5.8.

Everything is placed as ``CarRacing._render`` and ``Car.draw`` place it (Gymnasium 1.4.0), in the same order of
float64 operations; then the 1000x800 picture is painted and shrunk sixteen rows at a time, so that it never leaves
the processor's nearest caches.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from carracing.simulator.body import HULL_SHAPES, SIZE, WHEEL_HALF_LENGTH, WHEEL_HALF_WIDTH, WHEEL_SHAPE
from carracing.simulator.compiled import inlined, inner
from carracing.simulator.indicators import BAR_TOP, INDICATORS, paint_bar, prepare_indicators
from carracing.simulator.lanes import LANES
from carracing.simulator.layout import ANGLE, BODY_ROWS, COS, PHASE, PX, PY, SIN
from carracing.simulator.memory import zeros
from carracing.simulator.plain_polygons import paint_plain
from carracing.simulator.polygons import CORNERS, LINE_FIELDS, paint_smooth, prepare_lines
from carracing.simulator.rules import (
    GRASS_DIM,
    MAX_SHAPE_DIM,
    PLAYFIELD,
    SCALE,
    STATE_SIZE,
    WINDOW_HEIGHT,
    WINDOW_WIDTH,
    ZOOM,
)
from carracing.simulator.shrink import shrink_columns, shrink_rows
from carracing.simulator.tiles import TOUCHED
from carracing.task import Array

_STRIPS = WINDOW_HEIGHT // LANES
_GRASS_SQUARES = 400
_CAR_SHAPES = 12
"""Four wheels, their white marks, four parts of the hull."""
_HULL_COUNTS = np.array([len(shape) for shape in HULL_SHAPES])
_HULL_CORNERS = np.zeros((4, 8, 2), np.float32)
for _i, _shape in enumerate(HULL_SHAPES):
    _HULL_CORNERS[_i, : len(_shape)] = _shape
_HULL_COLOUR = int(0.8 * 255) << 16
_WHEEL_WHITE = 0x4D4D4D
_TILE_REACH = 20.0
"""Furthest corner of a tile or its border from its first corner, in units, with room (at most 18)."""
_FAR = 1 << 28
_EPSILON = 1e-6
"""Of pygame's Vector2: how near a quarter turn counts as one, in radians."""


class Canvas(NamedTuple):
    """Working memory for one picture at a time."""

    pixels: Array
    spans: Array
    shrunk: Array
    totals: Array
    rows: Array
    corners: Array
    """(P, 4, 2) int64 corners of the smooth polygons in painting order."""
    lines: Array
    first_rows: Array
    last_rows: Array
    """(P,) int64 first and last SDL row."""
    colours: Array
    strip_counts: Array
    strip_lists: Array
    """(strips, P) int32 the smooth polygons that reach into each strip, in painting order."""
    car_corners: Array
    car_counts: Array
    car_colours: Array
    bar_corners: Array
    bar_colours: Array
    quad: Array
    found: Array
    text: Array


def new_canvas(capacity: int) -> Canvas:
    """Working memory for tracks of up to ``capacity`` tiles."""
    polygons = 1 + _GRASS_SQUARES + 2 * capacity
    return Canvas(
        pixels=zeros((WINDOW_WIDTH, LANES), np.int32),
        spans=zeros((2, LANES), np.int32),
        shrunk=zeros((STATE_SIZE, LANES), np.int32),
        totals=zeros((18, LANES), np.int32),
        rows=zeros((STATE_SIZE, LANES), np.int32),
        corners=zeros((polygons, CORNERS, 2), np.int64),
        lines=zeros((polygons, CORNERS, LINE_FIELDS), np.int64),
        first_rows=zeros(polygons, np.int64),
        last_rows=zeros(polygons, np.int64),
        colours=zeros(polygons, np.int64),
        strip_counts=zeros(_STRIPS, np.int64),
        strip_lists=zeros((_STRIPS, polygons), np.int32),
        car_corners=zeros((_CAR_SHAPES, 8, 2), np.int64),
        car_counts=zeros(_CAR_SHAPES, np.int64),
        car_colours=zeros(_CAR_SHAPES, np.int64),
        bar_corners=zeros((INDICATORS, CORNERS, 2), np.int64),
        bar_colours=zeros(INDICATORS, np.int64),
        quad=zeros((CORNERS, 2)),
        found=zeros(8, np.int64),
        text=zeros((3, 24), np.int64),
    )


@inner
def _turn(angle):
    """(sine, cosine) with which pygame's ``Vector2.rotate_rad`` rotates."""
    angle = np.fmod(angle, 2 * math.pi)
    if angle < 0:
        angle += 2 * math.pi
    if np.fmod(angle + _EPSILON, math.pi / 2) < 2 * _EPSILON:
        quarter = int((angle + _EPSILON) / (math.pi / 2)) % 4
        return (0.0, 1.0, 0.0, -1.0)[quarter], (1.0, 0.0, -1.0, 0.0)[quarter]
    return math.sin(angle), math.cos(angle)


@inner
def view_of(f, lane, time):
    """(zoom, shift x, shift y, sine, cosine) of the camera."""
    sine, cosine = _turn(-np.float64(f[ANGLE, lane]))
    zoom = 0.1 * SCALE * max(1 - time, 0.0) + ZOOM * SCALE * min(time, 1.0)
    x = -np.float64(f[PX, lane]) * zoom
    y = -np.float64(f[PY, lane]) * zoom
    shift_x = WINDOW_WIDTH / 2 + (cosine * x - sine * y)
    shift_y = WINDOW_HEIGHT / 4 + (sine * x + cosine * y)
    return zoom, shift_x, shift_y, sine, cosine


@inner
def _to_picture(view, x, y):
    """Picture coordinates of a place in the world, in pixels, before they are cut to integers."""
    zoom, shift_x, shift_y, sine, cosine = view
    return (cosine * x - sine * y) * zoom + shift_x, (sine * x + cosine * y) * zoom + shift_y


@inner
def edge_shows(view, place):
    """Whether the picture may reach beyond the playfield, where nothing is painted."""
    return max(abs(place[0]), abs(place[1])) + _sight(view) > PLAYFIELD


@inner
def _sight(view):
    """How far from the car the furthest corner of the picture is, in units, with room for rounding."""
    return math.hypot(WINDOW_WIDTH / 2, WINDOW_HEIGHT * 3 / 4) / view[0] + 1.0


@inner
def _near(view, x, y, reach):
    """Whether something within ``reach`` units of a place may show."""
    px, py = _to_picture(view, x, y)
    margin = reach * view[0] + 2.0
    return -margin < px < WINDOW_WIDTH + margin and -margin < py < WINDOW_HEIGHT + margin


@inner
def _add(canvas, n, view, shape, colour, clip):
    """Append a smooth polygon with world corners ``shape`` (4, 2) if it shows; how many there are then."""
    near = False
    left = top = _FAR
    right = bottom = -_FAR
    for i in range(CORNERS):
        x, y = _to_picture(view, shape[i, 0], shape[i, 1])
        near |= (
            -MAX_SHAPE_DIM <= x <= WINDOW_WIDTH + MAX_SHAPE_DIM
            and -MAX_SHAPE_DIM <= y <= WINDOW_HEIGHT + MAX_SHAPE_DIM
        )
        column = ((int(x) + 32768) & 65535) - 32768
        row = ((int(y) + 32768) & 65535) - 32768
        canvas.corners[n, i, 0] = column
        canvas.corners[n, i, 1] = row
        left, right = min(left, column), max(right, column)
        top, bottom = min(top, row), max(bottom, row)
    if clip and not near:
        return n
    if right < 0 or left >= WINDOW_WIDTH or bottom < WINDOW_HEIGHT - BAR_TOP or top >= WINDOW_HEIGHT:
        return n
    canvas.first_rows[n] = top
    canvas.last_rows[n] = bottom
    canvas.colours[n] = colour
    return n + 1


@inner
def _pack(colour, extra):
    """0xRRGGBB of three numbers, each raised by ``extra`` and cut."""
    return (int(colour[0] + extra) << 16) | (int(colour[1] + extra) << 8) | int(colour[2] + extra)


@inner
def add_ground(canvas, view, place, colours):
    """The playfield and its grass squares."""
    quad = canvas.quad
    quad[0] = (PLAYFIELD, PLAYFIELD)
    quad[1] = (PLAYFIELD, -PLAYFIELD)
    quad[2] = (-PLAYFIELD, -PLAYFIELD)
    quad[3] = (-PLAYFIELD, PLAYFIELD)
    n = _add(canvas, 0, view, quad, _pack(colours[1], 0.0), False)
    grass = _pack(colours[2], 0.0)
    reach = _sight(view) + 2 * GRASS_DIM
    for x in range(-20, 20, 2):
        if abs(GRASS_DIM * x - place[0]) > reach:
            continue
        for y in range(-20, 20, 2):
            if abs(GRASS_DIM * y - place[1]) > reach:
                continue
            left, low = GRASS_DIM * x + 0, GRASS_DIM * y + 0
            right, high = GRASS_DIM * x + GRASS_DIM, GRASS_DIM * y + GRASS_DIM
            if not _near(view, left, low, 1.5 * GRASS_DIM):
                continue
            quad[0] = (right, low)
            quad[1] = (left, low)
            quad[2] = (left, high)
            quad[3] = (right, high)
            n = _add(canvas, n, view, quad, grass, True)
    return n


@inner
def add_road(canvas, n, view, place, tracks, group, flags):
    """Tiles and borders; a tile that was touched has lost its own shade."""
    road_colour = tracks.colours[group, 0]
    reach = _sight(view) + _TILE_REACH
    for i in range(tracks.tiles[group]):
        x, y = tracks.road[group, i, 0, 0], tracks.road[group, i, 0, 1]
        dx, dy = x - place[0], y - place[1]
        if dx * dx + dy * dy > reach * reach or not _near(view, x, y, _TILE_REACH):
            continue
        shade = 0.0 if flags[i] & TOUCHED else 0.01 * (i % 3) * 255
        n = _add(canvas, n, view, tracks.road[group, i], _pack(road_colour, shade), True)
        if tracks.border[group, i]:
            colour = 0xFFFFFF if i % 2 == 0 else 0xFF0000
            n = _add(canvas, n, view, tracks.border_road[group, i], colour, True)
    return n


@inner
def _add_car_shape(canvas, n, view, f, lane, body, shape, count, colour):
    """Append a shape that is fixed to a body, posed in float32 as b2Transform does."""
    row = body * BODY_ROWS
    px, py, sine, cosine = f[row + PX, lane], f[row + PY, lane], f[row + SIN, lane], f[row + COS, lane]
    for i in range(count):
        vx, vy = np.float32(shape[i, 0]), np.float32(shape[i, 1])
        wx = (cosine * vx - sine * vy) + px
        wy = (sine * vx + cosine * vy) + py
        x, y = _to_picture(view, np.float64(wx), np.float64(wy))
        canvas.car_corners[n, i, 0] = int(x)
        canvas.car_corners[n, i, 1] = int(y)
    canvas.car_counts[n] = count
    canvas.car_colours[n] = colour
    return n + 1


@inner
def _mark(phase, quad):
    """The white mark on a wheel that has rolled by ``phase``; whether it is on the upper side."""
    s1, s2 = math.sin(phase), math.sin(phase + 1.2)
    c1, c2 = math.cos(phase), math.cos(phase + 1.2)
    if s1 > 0 and s2 > 0:
        return False
    if s1 > 0:
        c1 = np.sign(c1)
    if s2 > 0:
        c2 = np.sign(c2)
    half = WHEEL_HALF_WIDTH * SIZE
    quad[0] = (-half, WHEEL_HALF_LENGTH * c1 * SIZE)
    quad[1] = (half, WHEEL_HALF_LENGTH * c1 * SIZE)
    quad[2] = (half, WHEEL_HALF_LENGTH * c2 * SIZE)
    quad[3] = (-half, WHEEL_HALF_LENGTH * c2 * SIZE)
    return True


@inner
def add_car(canvas, view, f, d, lane):
    """Wheels with their marks, then the hull; how many shapes."""
    n = 0
    quad = canvas.quad
    for wheel in range(4):
        n = _add_car_shape(canvas, n, view, f, lane, wheel + 1, WHEEL_SHAPE, 4, 0)
        if _mark(d[PHASE + wheel, lane], quad):
            n = _add_car_shape(canvas, n, view, f, lane, wheel + 1, quad, 4, _WHEEL_WHITE)
    for k in range(4):
        n = _add_car_shape(canvas, n, view, f, lane, 0, _HULL_CORNERS[k], _HULL_COUNTS[k], _HULL_COLOUR)
    return n


@inner
def _prepare_polygons(canvas, polygons):
    """Describe the outlines of the listed polygons, and list them again by strip."""
    canvas.strip_counts[:] = 0
    for p in range(polygons):
        prepare_lines(canvas.corners, canvas.lines, p)
        first = max((WINDOW_HEIGHT - 1 - canvas.last_rows[p]) // LANES, 0)
        last = min((WINDOW_HEIGHT - 1 - canvas.first_rows[p]) // LANES, _STRIPS - 1)
        for strip in range(first, last + 1):
            canvas.strip_lists[strip, canvas.strip_counts[strip]] = p
            canvas.strip_counts[strip] += 1


@inner
def _car_box(canvas, shapes):
    """First and last SDL row of the car."""
    top, bottom = canvas.car_corners[0, 0, 1], canvas.car_corners[0, 0, 1]
    for k in range(shapes):
        for i in range(canvas.car_counts[k]):
            top = min(top, canvas.car_corners[k, i, 1])
            bottom = max(bottom, canvas.car_corners[k, i, 1])
    return top, bottom


@inner
def _paint_scene(canvas, strip, shapes, beyond, car_box):
    """Paint ground, road and car in a strip."""
    bottom = WINDOW_HEIGHT - 1 - strip * LANES
    top = bottom - LANES + 1
    if beyond:
        canvas.pixels[:] = 0
    pixels, corners, lines, spans = canvas.pixels, canvas.corners, canvas.lines, canvas.spans
    for k in range(canvas.strip_counts[strip]):
        p = canvas.strip_lists[strip, k]
        paint_smooth(pixels, corners, lines, p, canvas.last_rows[p], bottom, canvas.colours[p], spans, canvas.found)
    if car_box[0] > bottom or car_box[1] < top:
        return
    for k in range(shapes):
        count, colour = canvas.car_counts[k], canvas.car_colours[k]
        paint_plain(pixels, canvas.car_corners[k], count, bottom, -1, colour, spans, canvas.found)


@inlined
def draw_picture(cars, tracks, car, canvas, planes):
    """Draw what one car sees into ``planes`` (3, 96 * 96) uint8: red, green and blue."""
    block, lane, group = car // LANES, car % LANES, cars.group[car]
    f, d = cars.bodies[block], cars.drives[block]
    view = view_of(f, lane, cars.time[car])
    place = (np.float64(f[PX, lane]), np.float64(f[PY, lane]))
    polygons = add_ground(canvas, view, place, tracks.colours[group])
    polygons = add_road(canvas, polygons, view, place, tracks, group, cars.flags[car])
    _prepare_polygons(canvas, polygons)
    shapes = add_car(canvas, view, f, d, lane)
    car_box = _car_box(canvas, shapes)
    bars = prepare_indicators(f, d, lane, canvas.bar_corners, canvas.bar_colours)
    beyond = edge_shows(view, place)
    canvas.totals[:] = 0
    for strip in range(_STRIPS):
        top = strip * LANES
        if top < BAR_TOP:
            _paint_scene(canvas, strip, shapes, beyond, car_box)
        if top + LANES > BAR_TOP:
            score = cars.drawn_score[car]
            paint_bar(canvas, top, bars, score)
        shrink_columns(canvas.pixels, canvas.shrunk)
        shrink_rows(canvas.shrunk, top, canvas.totals, canvas.rows, planes)
