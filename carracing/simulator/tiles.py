"""Which tiles the car's wheels and hull touch: what they pay, what they grip, which they recolour.

Box2D finds such contacts at the start of a world step, from the poses the last one left. Only three outcomes matter
to CarRacing (``FrictionDetector``): a wheel on any tile has road grip, a wheel's first touch of a tile pays, and any
touch by wheel or hull takes a tile's own shade away. Most pairs are plainly in or out; the rest are decided exactly.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from carracing.simulator.body import HULL_SHAPES, WHEEL_SHAPE
from carracing.simulator.layout import ANGLE, BODY_ROWS, COS, PX, PY, SIN  # noqa: F401
from carracing.simulator.overlap import touches
from carracing.task import Array

VISITED = 1
"""Bit of a tile that a wheel has touched."""
TOUCHED = 2
"""Bit of a tile that a wheel or the hull has touched."""
CELL = 8.0
"""Side of a square of the lookup grid, in units."""
CELLS = 60
"""Squares per side: the grid spans 240 units either way, beyond every track (225 and a road's half width)."""
_REACH = 4.0
"""From the hull's origin to anything of the car, in units (2.9), and slack for joints that are pulled apart."""
_WHEEL_REACH = 3.2
"""Furthest a wheel may be from the hull's origin for ``_REACH`` to hold, in units."""
_CLEAR = 0.05
"""What counts as plain, in units: two and a half times the skins of two polygons."""

_WHEEL_RADIUS = float(np.sqrt((WHEEL_SHAPE.astype(float) ** 2).sum(1)).max())
_HULL_COUNTS = np.array([len(shape) for shape in HULL_SHAPES], np.int32)
_HULL_CORNERS = np.zeros((4, 8, 2), np.float32)
for _i, _shape in enumerate(HULL_SHAPES):
    _HULL_CORNERS[_i, : len(_shape)] = _shape
_HULL_MIDDLES = np.array([shape.astype(float).mean(0) for shape in HULL_SHAPES])
_HULL_RADII = np.array(
    [np.sqrt(((s.astype(float) - m) ** 2).sum(1)).max() for s, m in zip(HULL_SHAPES, _HULL_MIDDLES, strict=True)]
)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _convex(corners, hull):  # type: ignore[no-untyped-def]
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


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def shape_tiles(road, corners, counts, edges):  # type: ignore[no-untyped-def]
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


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _cell(x):  # type: ignore[no-untyped-def]
    """Row or column of the grid for a coordinate, clamped to the grid."""
    return min(max(int((x + CELL * CELLS / 2) / CELL), 0), CELLS - 1)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def fill_grid(corners, counts, starts, members):  # type: ignore[no-untyped-def]
    """List, for each square a car's origin may be in, the tiles it could reach; how many entries ``members`` needs.

    ``starts`` (CELLS * CELLS + 1,) gets where each square's list begins; ``members`` is filled if it is long enough.
    """
    n = len(counts)
    boxes = np.empty((n, 4), np.int64)
    starts[:] = 0
    for i in range(n):
        used = corners[i, : counts[i]]
        boxes[i, 0] = _cell(used[:, 0].min() - _REACH)
        boxes[i, 1] = _cell(used[:, 0].max() + _REACH)
        boxes[i, 2] = _cell(used[:, 1].min() - _REACH)
        boxes[i, 3] = _cell(used[:, 1].max() + _REACH)
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


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _outside(edges, tile, x, y):  # type: ignore[no-untyped-def]
    """How far (x, y) is outside a tile, at most; negative inside."""
    far = edges[tile, 0, 0] * x + edges[tile, 0, 1] * y - edges[tile, 0, 2]
    for k in range(1, 4):
        far = max(far, edges[tile, k, 0] * x + edges[tile, k, 1] * y - edges[tile, k, 2])
    return far


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def wheel_touches(f, lane, wheel, tile, corners, counts, edges):  # type: ignore[no-untyped-def]
    """Whether a wheel touches a tile."""
    body = (wheel + 1) * BODY_ROWS
    far = _outside(edges, tile, np.float64(f[body + PX, lane]), np.float64(f[body + PY, lane]))
    if far > _WHEEL_RADIUS + _CLEAR:
        return False
    if far < -_CLEAR:
        return True
    pose = (f[body + PX, lane], f[body + PY, lane], f[body + SIN, lane], f[body + COS, lane])
    return touches(corners[tile], counts[tile], WHEEL_SHAPE, 4, pose)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def hull_touches(f, lane, tile, corners, counts, edges):  # type: ignore[no-untyped-def]
    """Whether any fixture of the hull touches a tile."""
    pose = (f[PX, lane], f[PY, lane], f[SIN, lane], f[COS, lane])
    for k in range(4):
        mx, my = _HULL_MIDDLES[k]
        x = pose[0] + np.float64(pose[3]) * mx - np.float64(pose[2]) * my
        y = pose[1] + np.float64(pose[2]) * mx + np.float64(pose[3]) * my
        far = _outside(edges, tile, x, y)
        if far > _HULL_RADII[k] + _CLEAR:
            continue
        if far < -_CLEAR or touches(corners[tile], counts[tile], _HULL_CORNERS[k], _HULL_COUNTS[k], pose):
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _wheels_far(f, lane):  # type: ignore[no-untyped-def]
    """Whether a wheel is so far from its place that the grid cannot be trusted."""
    for wheel in range(4):
        body = (wheel + 1) * BODY_ROWS
        dx, dy = f[body + PX, lane] - f[PX, lane], f[body + PY, lane] - f[PY, lane]
        if dx * dx + dy * dy > _WHEEL_REACH * _WHEEL_REACH:
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def meet_tiles(f, road, hints, lane, flags, corners, counts, edges, starts, members):  # type: ignore[no-untyped-def]
    """Update what one car touches: ``road`` (4, LANES) grip, ``flags`` (N,) of its tiles, ``hints`` (4, LANES).

    A hint is a tile the wheel was on. Returns (tiles newly visited, whether tile 0 is one of them).
    """
    n = len(counts)
    k = _cell(np.float64(f[PX, lane])) * CELLS + _cell(np.float64(f[PY, lane]))
    first, last = starts[k], starts[k + 1]
    everything = _wheels_far(f, lane)
    if everything:
        first, last = 0, n
    for wheel in range(4):
        hint = hints[wheel, lane]
        road[wheel, lane] = hint < n and flags[hint] & VISITED and wheel_touches(
            f, lane, wheel, hint, corners, counts, edges
        )
    new = 0
    start_line = False
    for entry in range(first, last):
        tile = entry if everything else members[entry]
        visited = flags[tile] & VISITED
        for wheel in range(4):
            if (not visited or not road[wheel, lane]) and wheel_touches(f, lane, wheel, tile, corners, counts, edges):
                road[wheel, lane] = True
                hints[wheel, lane] = tile
                if not visited:
                    new += 1
                    visited = VISITED
                    start_line |= tile == 0
                    flags[tile] = VISITED | TOUCHED
        if not flags[tile] and hull_touches(f, lane, tile, corners, counts, edges):
            flags[tile] = TOUCHED
    return new, start_line


def tile_arrays(tiles: int) -> tuple[Array, Array, Array]:
    """Storage for ``shape_tiles`` of so many tiles: corners, counts, edges."""
    return np.zeros((tiles, 4, 2), np.float32), np.zeros(tiles, np.int32), np.zeros((tiles, 4, 3))
