"""Which tiles the car's wheels and hull touch: what they pay, what they grip, which they recolour.

Box2D finds such contacts at the start of a world step, from the poses the last one left. Only three outcomes matter
to CarRacing (``FrictionDetector``): a wheel on any tile has road grip, a wheel's first touch of a tile pays, and any
touch by wheel or hull takes a tile's own shade away. Most pairs are plainly in or out; the rest are decided exactly.
"""

from __future__ import annotations

import numpy as np

from carracing.simulator.body import HULL_SHAPES, WHEEL_SHAPE
from carracing.simulator.compiled import compiled, inlined, inner
from carracing.simulator.lanes import LANES
from carracing.simulator.layout import BODY_ROWS, COS, PX, PY, SIN
from carracing.simulator.overlap import touches
from carracing.simulator.rules import LAP_REWARD
from carracing.task import Array

VISITED = 1
"""Bit of a tile that a wheel has touched."""
TOUCHED = 2
"""Bit of a tile that a wheel or the hull has touched."""
CELL = 8.0
"""Side of a square of the lookup grid, in units."""
CELLS = 60
"""Squares per side: the grid spans 240 units either way, beyond every track (225 and a road's half width)."""
_REACH = 2.95
"""From the hull's origin to anything of the car, in units (2.87, a corner of the nose), and room for skins."""
_WHEEL_REACH = 2.25
"""Furthest a wheel's middle may be from the hull's origin for ``_REACH`` to hold, in units (1.97 when in place)."""
_CLEAR = 0.05
"""What counts as plain, in units: two and a half times the skins of two polygons."""

_WHEEL_HALF_WIDTH, _WHEEL_HALF_LENGTH = (float(extent) for extent in WHEEL_SHAPE.max(0))
_HULL_COUNTS = np.array([len(shape) for shape in HULL_SHAPES], np.int32)
_HULL_MIDDLES = np.array([shape.astype(float).mean(0) for shape in HULL_SHAPES])
_HULL_RADII = np.array(
    [np.sqrt(((s.astype(float) - m) ** 2).sum(1)).max() for s, m in zip(HULL_SHAPES, _HULL_MIDDLES, strict=True)]
)
_HULL_CORNERS = np.zeros((4, 8, 2), np.float32)
for _i, _shape in enumerate(HULL_SHAPES):
    _HULL_CORNERS[_i, : len(_shape)] = _shape


@inner
def _convex(corners, hull):
    """Convex hull of four float32 corners as b2PolygonShape::Set winds it; how many it has."""
    start = 0
    for i in range(1, 4):
        if corners[i, 0] > corners[start, 0] or (
            corners[i, 0] == corners[start, 0] and corners[i, 1] < corners[start, 1]
        ):
            start = i
    at = start
    for m in range(4):
        hull[m, 0] = corners[at, 0]
        hull[m, 1] = corners[at, 1]
        end = 0
        for j in range(1, 4):
            if end == at:
                end = j
                continue
            rx, ry = corners[end, 0] - corners[at, 0], corners[end, 1] - corners[at, 1]
            vx, vy = corners[j, 0] - corners[at, 0], corners[j, 1] - corners[at, 1]
            side = rx * vy - ry * vx
            if side < 0 or (side == 0 and vx * vx + vy * vy > rx * rx + ry * ry):
                end = j
        at = end
        if at == start:
            return m + 1
    return 4


@compiled
def shape_tiles(road, corners, counts, edges):
    """Fill the physical tiles of ``road`` (N, 4, 2): float32 ``corners``, ``counts``, and ``edges`` (N, 4, 3).

    An edge is an outward unit normal and its distance from the origin; a tile of three corners repeats one.
    """
    quad = np.empty((4, 2), np.float32)
    for i in range(len(road)):
        for k in range(4):
            quad[k, 0] = road[i, k, 0]
            quad[k, 1] = road[i, k, 1]
        n = _convex(quad, corners[i])
        counts[i] = n
        for k in range(4):
            a = k % n
            b = (k + 1) % n
            ex = np.float64(corners[i, b, 0]) - np.float64(corners[i, a, 0])
            ey = np.float64(corners[i, b, 1]) - np.float64(corners[i, a, 1])
            length = np.sqrt(ex * ex + ey * ey)
            edges[i, k, 0] = ey / length
            edges[i, k, 1] = -ex / length
            edges[i, k, 2] = edges[i, k, 0] * corners[i, a, 0] + edges[i, k, 1] * corners[i, a, 1]


@inlined
def _larger(a, b):
    """``max`` without its care for NaN, which costs branches."""
    return a if a > b else b


@inlined
def _smaller(a, b):
    """``min`` likewise."""
    return a if a < b else b


@inner
def _cell(x):
    """Row or column of the grid for a coordinate, clamped to the grid."""
    return min(max(int((x + CELL * CELLS / 2) / CELL), 0), CELLS - 1)


@compiled
def fill_grid(corners, counts, starts, members):
    """List, for each square a car's origin may be in, the tiles it could reach; how many entries ``members`` needs.

    ``starts`` (CELLS * CELLS + 1,) gets where each square's list begins; ``members`` is filled if it is long enough.
    """
    n = len(counts)
    boxes = np.empty((n, 4), np.int64)
    starts[:] = 0
    for i in range(n):
        left, low = np.float64(corners[i, 0, 0]), np.float64(corners[i, 0, 1])
        right, high = left, low
        for k in range(1, counts[i]):
            x, y = np.float64(corners[i, k, 0]), np.float64(corners[i, k, 1])
            left, right = _smaller(left, x), _larger(right, x)
            low, high = _smaller(low, y), _larger(high, y)
        boxes[i, 0], boxes[i, 1] = _cell(left - _REACH), _cell(right + _REACH)
        boxes[i, 2], boxes[i, 3] = _cell(low - _REACH), _cell(high + _REACH)
        for column in range(boxes[i, 0], boxes[i, 1] + 1):
            for row in range(boxes[i, 2], boxes[i, 3] + 1):
                starts[column * CELLS + row + 1] += 1
    for k in range(CELLS * CELLS):
        starts[k + 1] += starts[k]
    total = starts[CELLS * CELLS]
    if total > len(members):
        return total
    filled = np.zeros(CELLS * CELLS, np.int32)
    for i in range(n):
        for column in range(boxes[i, 0], boxes[i, 1] + 1):
            for row in range(boxes[i, 2], boxes[i, 3] + 1):
                k = column * CELLS + row
                members[starts[k] + filled[k]] = i
                filled[k] += 1
    return total


@inner
def _outside(edges, tile, x, y):
    """How far (x, y) is outside a tile, at most; negative inside."""
    far = edges[tile, 0, 0] * x + edges[tile, 0, 1] * y - edges[tile, 0, 2]
    for k in range(1, 4):
        far = _larger(far, edges[tile, k, 0] * x + edges[tile, k, 1] * y - edges[tile, k, 2])
    return far


@inner
def _wheel_touches(f, lane, wheel, tile, corners, counts, edges, v, ids):
    """Whether a wheel touches a tile: plainly apart, plainly a corner or the middle inside, or by GJK."""
    body = (wheel + 1) * BODY_ROWS
    x, y = np.float64(f[body + PX, lane]), np.float64(f[body + PY, lane])
    sine, cosine = np.float64(f[body + SIN, lane]), np.float64(f[body + COS, lane])
    middle = -1e9
    corner1 = corner2 = corner3 = corner4 = -1e9
    apart = -1e9
    for k in range(4):
        nx, ny = edges[tile, k, 0], edges[tile, k, 1]
        away = nx * x + ny * y - edges[tile, k, 2]
        across = (nx * cosine + ny * sine) * _WHEEL_HALF_WIDTH
        along = (ny * cosine - nx * sine) * _WHEEL_HALF_LENGTH
        apart = _larger(apart, away - abs(across) - abs(along))
        middle = _larger(middle, away)
        corner1 = _larger(corner1, away + across + along)
        corner2 = _larger(corner2, away + across - along)
        corner3 = _larger(corner3, away - across + along)
        corner4 = _larger(corner4, away - across - along)
    if apart > _CLEAR:
        return False
    if _smaller(middle, _smaller(_smaller(corner1, corner2), _smaller(corner3, corner4))) < -_CLEAR:
        return True
    pose = (f[body + PX, lane], f[body + PY, lane], f[body + SIN, lane], f[body + COS, lane])
    return touches(corners[tile], counts[tile], WHEEL_SHAPE, 4, pose, v, ids)


@inner
def _fixture_plainly(k, pose, edges, tile):
    """1 where the middle of hull fixture ``k`` is plainly inside a tile, -1 where an edge parts them, 0 in doubt."""
    x, y, sine, cosine = np.float64(pose[0]), np.float64(pose[1]), np.float64(pose[2]), np.float64(pose[3])
    mx, my = _HULL_MIDDLES[k, 0], _HULL_MIDDLES[k, 1]
    far = _outside(edges, tile, x + cosine * mx - sine * my, y + sine * mx + cosine * my)
    if far < -_CLEAR:
        return 1
    if far > _HULL_RADII[k] + _CLEAR:
        return -1
    for e in range(4):
        nx, ny = edges[tile, e, 0], edges[tile, e, 1]
        along, across = nx * cosine + ny * sine, ny * cosine - nx * sine
        nearest = along * _HULL_CORNERS[k, 0, 0] + across * _HULL_CORNERS[k, 0, 1]
        for c in range(1, _HULL_COUNTS[k]):
            nearest = _smaller(nearest, along * _HULL_CORNERS[k, c, 0] + across * _HULL_CORNERS[k, c, 1])
        if nx * x + ny * y - edges[tile, e, 2] + nearest > _CLEAR:
            return -1
    return 0


@inner
def _hull_touches(f, lane, tile, corners, counts, edges, v, ids):
    """Whether any fixture of the hull touches a tile."""
    pose = (f[PX, lane], f[PY, lane], f[SIN, lane], f[COS, lane])
    for k in range(4):
        plain = _fixture_plainly(k, pose, edges, tile)
        if plain == 1:
            return True
        if plain == 0 and touches(corners[tile], counts[tile], _HULL_CORNERS[k], _HULL_COUNTS[k], pose, v, ids):
            return True
    return False


@inner
def _wheels_on(f, lane, tile, corners, counts, edges, v, ids):
    """Which wheels touch a tile, one bit each."""
    wheels = np.uint8(0)
    for wheel in range(4):
        if _wheel_touches(f, lane, wheel, tile, corners, counts, edges, v, ids):
            wheels |= np.uint8(1 << wheel)
    return wheels


@inner
def _wheels_far(f, lane):
    """Whether a wheel is so far from its place that the grid cannot be trusted."""
    for wheel in range(4):
        body = (wheel + 1) * BODY_ROWS
        dx, dy = f[body + PX, lane] - f[PX, lane], f[body + PY, lane] - f[PY, lane]
        if dx * dx + dy * dy > _WHEEL_REACH * _WHEEL_REACH:
            return True
    return False


@inlined
def meet_tiles(cars, tracks, car):
    """Update what one car touches: grip, visits, shades, and how far round it is. Returns tiles newly visited."""
    block, lane = car // LANES, car % LANES
    f = cars.bodies[block]
    group = cars.group[car]
    corners, counts, edges = tracks.corners[group], tracks.corner_counts[group], tracks.edges[group]
    flags = cars.flags[car]
    v, ids = cars.simplex[block], cars.simplex_corners[block]
    tiles = tracks.tiles[group]
    x, y = np.float64(f[PX, lane]), np.float64(f[PY, lane])
    k = _cell(x) * CELLS + _cell(y)
    first, last = tracks.starts[group, k], tracks.starts[group, k + 1]
    everything = _wheels_far(f, lane)
    if everything:
        first, last = 0, tiles
    for wheel in range(4):
        cars.road[block, wheel, lane] = False
    new = 0
    foremost = -tiles
    half = tiles // 2
    on_start = np.uint8(0)
    for entry in range(last - first):
        # from the last tile to the first, the order in which a fresh Box2D world reports them
        tile = last - 1 - entry if everything else tracks.members[group, last - 1 - entry]
        if not everything and _outside(edges, tile, x, y) > _REACH:
            continue
        ahead = (tile - cars.position[car] + half) % tiles - half
        visited = flags[tile] & VISITED
        touched = False
        for wheel in range(4):
            if cars.road[block, wheel, lane] and (touched or (visited and ahead <= foremost)):
                continue
            if _wheel_touches(f, lane, wheel, tile, corners, counts, edges, v, ids):
                cars.road[block, wheel, lane] = True
                touched = True
        if touched:
            foremost = _larger(foremost, ahead)
            if not visited:
                flags[tile] = VISITED | TOUCHED
                new += 1
                _visit(cars, car, tile, tiles)
            if tile == 0 and cars.lap_completes[0]:
                on_start = _wheels_on(f, lane, tile, corners, counts, edges, v, ids)
                _end_lap(cars, car, (on_start & ~cars.on_start[car]) != 0, tiles)
        elif not flags[tile] and _hull_touches(f, lane, tile, corners, counts, edges, v, ids):
            flags[tile] = TOUCHED
    cars.on_start[car] = on_start
    cars.touching[car] = foremost > -tiles
    cars.foremost[car] = foremost
    return new


@inlined
def _visit(cars, car, tile, tiles):
    """Pay for a tile's first visit (``FrictionDetector._contact``)."""
    cars.score[car] += LAP_REWARD / tiles
    cars.visited[car] += 1
    if tile <= cars.front[car]:
        cars.visited_behind[car] += 1
    if tile == 0:
        _end_lap(cars, car, True, tiles)


@inlined
def _end_lap(cars, car, reached, tiles):
    """End the lap of a car that reached tile 0, if it has visited enough of the others."""
    if reached and cars.visited[car] / tiles > cars.lap_complete_percent[0]:
        cars.new_lap[car] = True


@inlined
def go_round(cars, tracks, car):
    """Follow the car round the track, as ``carracing.advance`` describes."""
    if not cars.touching[car]:
        return
    tiles = tracks.tiles[cars.group[car]]
    cars.position[car] += cars.foremost[car]
    while cars.front[car] < cars.position[car]:
        cars.front[car] += 1
        if cars.front[car] < tiles and cars.flags[car, cars.front[car]] & VISITED:
            cars.visited_behind[car] += 1


def tile_arrays(tiles: int) -> tuple[Array, Array, Array]:
    """Storage for ``shape_tiles`` of so many tiles: corners, counts, edges."""
    return np.zeros((tiles, 4, 2), np.float32), np.zeros(tiles, np.int32), np.zeros((tiles, 4, 3))
