"""Whether a tile and a fixture of the car touch, decided as Box2D decides for a sensor (b2TestOverlap).

The distance between two convex polygons by GJK (Gilbert, Johnson, Keerthi 1988, as b2Distance of Box2D 2.3 runs it:
barycentric Voronoi regions, at most 20 iterations), in float32, less both polygons' skins.
"""

from __future__ import annotations

import numpy as np

from carracing.simulator.compiled import inner

_f = np.float32
_EPSILON = _f(1.1920929e-07)
_SKINS = _f(_f(2.0) * _f(0.005)) + _f(_f(2.0) * _f(0.005))
"""``b2_polygonRadius`` of both shapes."""
_TOUCHING = _f(10.0) * _EPSILON
_ZERO, _ONE = _f(0.0), _f(1.0)
_MOST_ITERATIONS = 20
# columns of a simplex vertex
_AX, _AY, _BX, _BY, _WX, _WY, _WEIGHT = 0, 1, 2, 3, 4, 5, 6


@inner
def _support(corners, count, x, y):
    """The first corner furthest along (x, y)."""
    best = 0
    furthest = corners[0, 0] * x + corners[0, 1] * y
    for i in range(1, count):
        reach = corners[i, 0] * x + corners[i, 1] * y
        if reach > furthest:
            best = i
            furthest = reach
    return best


@inner
def _set_vertex(v, ids, k, tile, a, shape, b, pose):
    """Vertex ``k`` of the simplex: corner ``a`` of the tile and corner ``b`` of the shape, posed (x, y, sin, cos)."""
    px, py, sine, cosine = pose
    v[k, _AX] = tile[a, 0]
    v[k, _AY] = tile[a, 1]
    v[k, _BX] = (cosine * shape[b, 0] - sine * shape[b, 1]) + px
    v[k, _BY] = (sine * shape[b, 0] + cosine * shape[b, 1]) + py
    v[k, _WX] = v[k, _BX] - v[k, _AX]
    v[k, _WY] = v[k, _BY] - v[k, _AY]
    ids[k, 0] = a
    ids[k, 1] = b


@inner
def _copy_vertex(v, ids, to, source):
    for column in range(7):
        v[to, column] = v[source, column]
    ids[to, 0] = ids[source, 0]
    ids[to, 1] = ids[source, 1]


@inner
def _weigh_two(v, i, j, wi, wj):
    inverse = _ONE / (wi + wj)
    v[i, _WEIGHT] = wi * inverse
    v[j, _WEIGHT] = wj * inverse


@inner
def _nearest_of_segment(v, ids):
    """Reduce a segment to what is nearest the origin; how many vertices remain."""
    ex, ey = v[1, _WX] - v[0, _WX], v[1, _WY] - v[0, _WY]
    w2 = -(v[0, _WX] * ex + v[0, _WY] * ey)
    if w2 <= _ZERO:
        v[0, _WEIGHT] = _ONE
        return 1
    w1 = v[1, _WX] * ex + v[1, _WY] * ey
    if w1 <= _ZERO:
        v[1, _WEIGHT] = _ONE
        _copy_vertex(v, ids, 0, 1)
        return 1
    _weigh_two(v, 0, 1, w1, w2)
    return 2


@inner
def _nearest_of_triangle(v, ids):
    """Reduce a triangle to what is nearest the origin; how many vertices remain (3: the origin is inside)."""
    x1, y1, x2, y2, x3, y3 = v[0, _WX], v[0, _WY], v[1, _WX], v[1, _WY], v[2, _WX], v[2, _WY]
    e12x, e12y, e13x, e13y, e23x, e23y = x2 - x1, y2 - y1, x3 - x1, y3 - y1, x3 - x2, y3 - y2
    d12_1, d12_2 = x2 * e12x + y2 * e12y, -(x1 * e12x + y1 * e12y)
    d13_1, d13_2 = x3 * e13x + y3 * e13y, -(x1 * e13x + y1 * e13y)
    d23_1, d23_2 = x3 * e23x + y3 * e23y, -(x2 * e23x + y2 * e23y)
    area = e12x * e13y - e12y * e13x
    d123_1 = area * (x2 * y3 - y2 * x3)
    d123_2 = area * (x3 * y1 - y3 * x1)
    d123_3 = area * (x1 * y2 - y1 * x2)
    if d12_2 <= _ZERO and d13_2 <= _ZERO:
        v[0, _WEIGHT] = _ONE
        return 1
    if d12_1 > _ZERO and d12_2 > _ZERO and d123_3 <= _ZERO:
        _weigh_two(v, 0, 1, d12_1, d12_2)
        return 2
    if d13_1 > _ZERO and d13_2 > _ZERO and d123_2 <= _ZERO:
        _weigh_two(v, 0, 2, d13_1, d13_2)
        _copy_vertex(v, ids, 1, 2)
        return 2
    if d12_1 <= _ZERO and d23_2 <= _ZERO:
        v[1, _WEIGHT] = _ONE
        _copy_vertex(v, ids, 0, 1)
        return 1
    if d13_1 <= _ZERO and d23_1 <= _ZERO:
        v[2, _WEIGHT] = _ONE
        _copy_vertex(v, ids, 0, 2)
        return 1
    if d23_1 > _ZERO and d23_2 > _ZERO and d123_1 <= _ZERO:
        _weigh_two(v, 1, 2, d23_1, d23_2)
        _copy_vertex(v, ids, 0, 2)
        return 2
    inverse = _ONE / (d123_1 + d123_2 + d123_3)
    v[0, _WEIGHT] = d123_1 * inverse
    v[1, _WEIGHT] = d123_2 * inverse
    v[2, _WEIGHT] = d123_3 * inverse
    return 3


@inner
def _search_direction(v, count):
    if count == 1:
        return -v[0, _WX], -v[0, _WY]
    ex, ey = v[1, _WX] - v[0, _WX], v[1, _WY] - v[0, _WY]
    if ex * -v[0, _WY] - ey * -v[0, _WX] > _ZERO:
        return -_ONE * ey, _ONE * ex
    return _ONE * ey, -_ONE * ex


@inner
def _apart(v, count):
    """Distance between the nearest points that the simplex stands for."""
    if count == 3:
        return _ZERO
    if count == 1:
        dx, dy = v[0, _AX] - v[0, _BX], v[0, _AY] - v[0, _BY]
    else:
        a, b = v[0, _WEIGHT], v[1, _WEIGHT]
        dx = (a * v[0, _AX] + b * v[1, _AX]) - (a * v[0, _BX] + b * v[1, _BX])
        dy = (a * v[0, _AY] + b * v[1, _AY]) - (a * v[0, _BY] + b * v[1, _BY])
    return np.sqrt(dx * dx + dy * dy)


@inner
def touches(tile, tile_count, shape, shape_count, pose, v, ids):
    """Whether polygon ``tile`` (world corners) and ``shape`` (corners posed by (x, y, sin, cos)) touch; float32.

    ``v`` (3, 7) float32 and ``ids`` (6, 2) int32 are room to work in.
    """
    sine, cosine = pose[2], pose[3]
    _set_vertex(v, ids, 0, tile, 0, shape, 0, pose)
    v[0, _WEIGHT] = _ONE
    count = 1
    for _ in range(_MOST_ITERATIONS):
        before = count
        for i in range(before):
            ids[3 + i, 0] = ids[i, 0]
            ids[3 + i, 1] = ids[i, 1]
        if count == 2:
            count = _nearest_of_segment(v, ids)
        elif count == 3:
            count = _nearest_of_triangle(v, ids)
        if count == 3:
            break
        dx, dy = _search_direction(v, count)
        if dx * dx + dy * dy < _EPSILON * _EPSILON:
            break
        a = _support(tile, tile_count, -dx, -dy)
        b = _support(shape, shape_count, cosine * dx + sine * dy, -sine * dx + cosine * dy)
        _set_vertex(v, ids, count, tile, a, shape, b, pose)
        duplicate = False
        for i in range(before):
            duplicate |= ids[count, 0] == ids[3 + i, 0] and ids[count, 1] == ids[3 + i, 1]
        if duplicate:
            break
        count += 1
    distance = _apart(v, count)
    if distance > _SKINS and distance > _EPSILON:
        distance -= _SKINS
    else:
        distance = _ZERO
    return distance < _TOUCHING
