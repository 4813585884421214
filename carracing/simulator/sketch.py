"""The grey picture drawn directly: near enough to train on, several times faster than shrinking the exact one.

Instead of 1000x800 smooth pixels, 384x384 samples of plain grey are taken: sixteen for each pixel of the 96x96
picture, then averaged and shrunk to 84x84 as ``carracing.observation`` shrinks. Polygons are drawn as the half-planes
between which they lie, widened by what stock's pixels add on average: an outline adds about 0.6 pixels on the side
its line is steep to, a plain polygon one pixel left and right and half a pixel above and below.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carracing.simulator.compiled import inlined, inner, uncounted
from carracing.simulator.drawing import add_car, add_ground, add_road, edge_shows, view_of
from carracing.simulator.indicators import BAR_TOP, INDICATORS, prepare_indicators, write_samples
from carracing.simulator.lanes import (
    LANES,
    floats,
    ints,
    ints_to_floats,
    lane_numbers,
    load,
    round_down,
    round_up,
    select,
    store,
    to_ints,
    transpose,
)
from carracing.simulator.layout import PX, PY
from carracing.simulator.memory import zeros
from carracing.simulator.observations import GREY_SIZE, shrink_luminance
from carracing.simulator.polygons import fill
from carracing.simulator.rules import STATE_SIZE, WINDOW_HEIGHT, WINDOW_WIDTH
from carracing.simulator.sharing import begin, finish, take
from carracing.simulator.shrink import PACKED_ROWS, SHRUNK_VALUES
from carracing.task import Array

FINE = 16
"""Steps of a sample's brightness per grey level."""
_SUM_BITS = 8
"""Of the sum of sixteen samples in steps of FINE: 16 * 16."""
SAMPLES = 4 * STATE_SIZE
"""Samples per row and per column."""
_STRIPS = SAMPLES // LANES
_PER_COLUMN = SAMPLES / WINDOW_WIDTH
_PER_ROW = SAMPLES / WINDOW_HEIGHT
_BAR_STRIP = BAR_TOP * SAMPLES // WINDOW_HEIGHT // LANES
_MOST_EDGES = 8
_FAR = 1e4
_SMOOTH = (0.6, 0.6)
"""What outline and fill add to a polygon, in pixels across and along its steep sides."""
_PLAIN = (1.0, 0.5)
_BAR = (0.5, 0.5)
# what an edge bounds
_LEFT, _RIGHT, _TOP, _BOTTOM = 0, 1, 2, 3


class Sheet(NamedTuple):
    """Working memory of a sketch beside a Canvas."""

    samples: Array
    """(384, LANES) int32 grey."""
    edges: Array
    """(P, 8, 2) float32: a bound on the column, or the row, as offset and change per row."""
    kinds: Array
    counts: Array
    greys: Array
    strip_counts: Array
    strip_lists: Array
    sums: Array
    luminance: Array
    """(96, 96) int32."""
    packed: Array
    """The same seen as (96 * 6, LANES)."""
    shrunk: Array


def new_sheet(capacity: int) -> Sheet:
    """Working memory for tracks of up to ``capacity`` tiles."""
    polygons = 401 + 2 * capacity + 12 + INDICATORS
    luminance = zeros((STATE_SIZE, STATE_SIZE), np.int32)
    return Sheet(
        samples=zeros((SAMPLES, LANES), np.int32),
        edges=zeros((polygons, _MOST_EDGES, 2), np.float32),
        kinds=zeros((polygons, _MOST_EDGES), np.int32),
        counts=zeros(polygons, np.int32),
        greys=zeros(polygons, np.int32),
        strip_counts=zeros(_STRIPS, np.int64),
        strip_lists=zeros((_STRIPS, polygons), np.int32),
        sums=zeros((STATE_SIZE, LANES), np.int32),
        luminance=luminance,
        packed=luminance.reshape(-1, LANES),
        shrunk=zeros((STATE_SIZE, GREY_SIZE), np.int32),
    )


@inner
def _grey(colour):
    """Luminance of an even area after stock's shrinking, times FINE."""
    red, green, blue = SHRUNK_VALUES[colour >> 16], SHRUNK_VALUES[(colour >> 8) & 255], SHRUNK_VALUES[colour & 255]
    return int(FINE * (0.299 * red + 0.587 * green + 0.114 * blue) + 0.5)


@inner
def _set_edge(sheet, p, n, nx, ny, reach, upwards):
    """Bound number ``n`` of polygon ``p``: nx * x + ny * y <= reach, in SDL's pixels."""
    # y = base + slope * row of samples, x = (column + 0.5) / _PER_COLUMN - 0.5
    slope = upwards / _PER_ROW
    base = (0.5 / _PER_ROW - 0.5) * upwards + (WINDOW_HEIGHT - 1 if upwards < 0 else 0.0)
    if abs(nx) > 1e-6:
        offset, change = (reach - ny * base) / nx, -ny * slope / nx
        sheet.edges[p, n, 0] = (offset + 0.5) * _PER_COLUMN - 0.5
        sheet.edges[p, n, 1] = change * _PER_COLUMN
        sheet.kinds[p, n] = _RIGHT if nx > 0 else _LEFT
        return
    sheet.edges[p, n, 0] = (reach / ny - base) / slope
    sheet.edges[p, n, 1] = 0.0
    sheet.kinds[p, n] = _BOTTOM if ny * slope > 0 else _TOP


@inner
def _add_polygon(sheet, p, corners, which, count, colour, widen, upwards):
    """Turn corners ``which`` of ``corners`` (P, ..., 2) into half-planes; how many polygons there are then."""
    area = 0
    top, bottom = corners[which, 0, 1], corners[which, 0, 1]
    for i in range(count):
        j = i + 1 if i + 1 < count else 0
        area += corners[which, i, 0] * corners[which, j, 1] - corners[which, j, 0] * corners[which, i, 1]
        top, bottom = min(top, corners[which, i, 1]), max(bottom, corners[which, i, 1])
    if area == 0:
        return p
    n = 0
    for i in range(count):
        j = i + 1 if i + 1 < count else 0
        x, y = corners[which, i, 0], corners[which, i, 1]
        dx, dy = corners[which, j, 0] - x, corners[which, j, 1] - y
        if dx == 0 and dy == 0:
            continue
        nx, ny = (float(dy), float(-dx)) if area > 0 else (float(-dy), float(dx))
        reach = nx * x + ny * y + max(widen[0] * abs(nx), widen[1] * abs(ny))
        _set_edge(sheet, p, n, nx, ny, reach, upwards)
        n += 1
    sheet.counts[p] = n
    sheet.greys[p] = _grey(colour)
    if upwards < 0:
        top, bottom = WINDOW_HEIGHT - 1 - bottom, WINDOW_HEIGHT - 1 - top
    first, last = int((top - 2) * _PER_ROW) // LANES, int((bottom + 2) * _PER_ROW) // LANES
    for strip in range(max(first, 0), min(last, _STRIPS - 1) + 1):
        sheet.strip_lists[strip, sheet.strip_counts[strip]] = p
        sheet.strip_counts[strip] += 1
    return p + 1


@inner
def _sketch_polygon(samples, edges, kinds, p, count, row, grey, spans):
    """Fill what lies between a polygon's half-planes in a strip whose rows are ``row``."""
    left, right = floats(-_FAR), floats(_FAR)
    for n in range(count):
        bound = floats(edges[p, n, 0]) + floats(edges[p, n, 1]) * row
        kind = kinds[p, n]
        if kind == _LEFT:
            left = select(bound > left, bound, left)
        elif kind == _RIGHT:
            right = select(bound < right, bound, right)
        elif kind == _TOP:
            left = select(row < bound, floats(_FAR), left)
        else:
            left = select(row > bound, floats(_FAR), left)
    left = select(left < floats(_FAR), left, floats(_FAR))
    right = select(right > floats(-_FAR), right, floats(-_FAR))
    first, last = to_ints(round_up(left)), to_ints(round_down(right))
    empty = first > last
    store(spans, 0, select(empty, ints(int(_FAR)), first))
    store(spans, 1, select(empty, ints(-int(_FAR)), last))
    fill(samples, spans, grey, SAMPLES - 1)


@inner
def _average(samples, sums, rows, luminance, strip):
    """Average sixteen samples each into four rows of the 96x96 picture, ``luminance`` (96 * 6, LANES)."""
    for column in range(STATE_SIZE):
        total = load(samples, 4 * column) + load(samples, 4 * column + 1)
        store(sums, column, total + load(samples, 4 * column + 2) + load(samples, 4 * column + 3))
    for part in range(PACKED_ROWS):
        transpose(sums, part * LANES, rows, part, PACKED_ROWS)
    for row in range(LANES // 4):
        for part in range(PACKED_ROWS):
            k = 4 * row * PACKED_ROWS + part
            total = load(rows, k) + load(rows, k + PACKED_ROWS)
            total = total + load(rows, k + 2 * PACKED_ROWS) + load(rows, k + 3 * PACKED_ROWS)
            place = (LANES // 4 * strip + row) * PACKED_ROWS + part
            store(luminance, place, (total + ints(8 * FINE)) >> ints(_SUM_BITS))


@inlined
def _gather(cars, tracks, car, canvas, sheet):
    """List every polygon of a picture; whether the playfield's edge may show."""
    block, lane, group = car // LANES, car % LANES, cars.group[car]
    f, d = cars.bodies[block], cars.drives[block]
    view = view_of(f, lane, cars.time[car])
    place = (np.float64(f[PX, lane]), np.float64(f[PY, lane]))
    polygons = add_ground(canvas, view, place, tracks.colours[group])
    polygons = add_road(canvas, polygons, view, place, tracks, group, cars.flags[car])
    shapes = add_car(canvas, view, f, d, lane)
    bars = prepare_indicators(f, d, lane, canvas.bar_corners, canvas.bar_colours)
    sheet.strip_counts[:] = 0
    n = 0
    for p in range(polygons):
        n = _add_polygon(sheet, n, canvas.corners, p, 4, canvas.colours[p], _SMOOTH, -1.0)
    for k in range(shapes):
        n = _add_polygon(sheet, n, canvas.car_corners, k, canvas.car_counts[k], canvas.car_colours[k], _PLAIN, -1.0)
    sheet.strip_counts[_BAR_STRIP:] = 0
    for k in range(bars):
        n = _add_polygon(sheet, n, canvas.bar_corners, k, 4, canvas.bar_colours[k], _BAR, 1.0)
    return edge_shows(view, place)


@inlined
def _sketch_car(cars, tracks, car, canvas, sheet, out):
    """Draw one car's picture into its row of ``out``."""
    beyond = _gather(cars, tracks, car, canvas, sheet)
    samples, edges, kinds, spans = sheet.samples, sheet.edges, sheet.kinds, canvas.spans
    for strip in range(_STRIPS):
        if beyond or strip >= _BAR_STRIP:
            samples[:] = 0
        row = ints_to_floats(ints(strip * LANES) + lane_numbers())
        for k in range(sheet.strip_counts[strip]):
            p = sheet.strip_lists[strip, k]
            _sketch_polygon(samples, edges, kinds, p, sheet.counts[p], row, sheet.greys[p], spans)
        if strip >= _BAR_STRIP:
            write_samples(samples, strip * LANES, cars.drawn_score[car], _PER_COLUMN, _PER_ROW, FINE, canvas.text)
        _average(samples, sheet.sums, canvas.rows, sheet.packed, strip)
    shrink_luminance(sheet.luminance, sheet.shrunk, out, car)


@uncounted
def sketch_cars(cars, tracks, mask, canvas, sheet, out, share):
    """Draw the cars of ``mask`` (N,) into their rows of ``out`` (N, 84 * 84) uint8; each is an item to share."""
    count, done = len(mask), 0
    begin(share, count)
    car = take(share, count)
    while car >= 0:
        if mask[car]:
            _sketch_car(cars, tracks, car, canvas, sheet, out)
        done += 1
        car = take(share, count)
    finish(share, count, done)
