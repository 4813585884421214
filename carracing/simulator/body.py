"""Shapes and masses of the car's bodies, computed in float32 as Box2D 2.3 computes them.

The corners are car_dynamics.py's (Gymnasium 1.4.0); hull order, mass, centre and inertia follow b2PolygonShape::Set,
ComputeMass and b2Body::ResetMassData (Box2D 2.3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carracing.task import Array

SIZE = 0.02
"""Units per point of the drawings below (``SIZE``)."""
WHEEL_RADIUS = 1.0 * 27 * SIZE
"""``w.wheel_rad``, in units."""
WHEEL_HALF_WIDTH = 14
WHEEL_HALF_LENGTH = 27
WHEEL_PLACES = [(-55, +80), (+55, +80), (-55, -82), (+55, -82)]
"""Front left, front right, rear left, rear right (``WHEELPOS``), in points."""
HULL_POLYGONS = [
    [(-60, +130), (+60, +130), (+60, +110), (-60, +110)],
    [(-15, +120), (+15, +120), (+20, +20), (-20, 20)],
    [(+25, +20), (+50, -10), (+50, -40), (+20, -90), (-20, -90), (-50, -40), (-50, -10), (-25, +20)],
    [(-50, -120), (+50, -120), (+50, -90), (-50, -90)],
]
"""``HULL_POLY1`` to ``HULL_POLY4``, in points."""
WHEEL_POLYGON = [
    (-WHEEL_HALF_WIDTH, +WHEEL_HALF_LENGTH),
    (+WHEEL_HALF_WIDTH, +WHEEL_HALF_LENGTH),
    (+WHEEL_HALF_WIDTH, -WHEEL_HALF_LENGTH),
    (-WHEEL_HALF_WIDTH, -WHEEL_HALF_LENGTH),
]
HULL_DENSITY = 1.0
WHEEL_DENSITY = 0.1


@dataclass(frozen=True, slots=True)
class Mass:
    """What the solver must know of a body; float32."""

    inverse_mass: np.float32
    inverse_inertia: np.float32
    centre: Array
    """(2,) centre of mass in the body's frame."""


def convex_hull(corners: Array) -> Array:
    """The corners (N, 2) float32 that form the convex hull, anticlockwise from the rightmost (lowest of equals)."""
    count = len(corners)
    start = 0
    for i in range(1, count):
        if corners[i, 0] > corners[start, 0] or (
            corners[i, 0] == corners[start, 0] and corners[i, 1] < corners[start, 1]
        ):
            start = i
    hull = [start]
    while True:
        end = 0
        for j in range(1, count):
            if end == hull[-1]:
                end = j
                continue
            r = corners[end] - corners[hull[-1]]
            v = corners[j] - corners[hull[-1]]
            side = r[0] * v[1] - r[1] * v[0]
            if side < 0 or (side == 0 and v[0] * v[0] + v[1] * v[1] > r[0] * r[0] + r[1] * r[1]):
                end = j
        if end == start:
            return corners[hull]
        hull.append(end)


def polygon(points: list[tuple[int, int]]) -> Array:
    """A fixture's corners in Box2D's order, float32 units."""
    return convex_hull(np.array([(x * SIZE, y * SIZE) for x, y in points], np.float32))


def _polygon_mass(corners: Array, density: np.float32) -> tuple[np.float32, Array, np.float32]:
    """(mass, centre, inertia about the body's origin) of one fixture."""
    one, half, quarter = np.float32(1), np.float32(0.5), np.float32(0.25)
    third = one / np.float32(3)
    count = len(corners)
    reference: Array = np.zeros(2, np.float32)
    for corner in corners:
        reference = reference + corner
    reference = reference * (one / np.float32(count))
    centre: Array = np.zeros(2, np.float32)
    area = np.float32(0)
    inertia = np.float32(0)
    for i in range(count):
        e1 = corners[i] - reference
        e2 = corners[(i + 1) % count] - reference
        cross = e1[0] * e2[1] - e1[1] * e2[0]
        triangle = half * cross
        area = area + triangle
        centre = centre + (triangle * third) * (e1 + e2)
        x2 = e1[0] * e1[0] + e2[0] * e1[0] + e2[0] * e2[0]
        y2 = e1[1] * e1[1] + e2[1] * e1[1] + e2[1] * e2[1]
        inertia = inertia + (quarter * third * cross) * (x2 + y2)
    mass = density * area
    centre = centre * (one / area)
    centroid = centre + reference
    inertia = density * inertia
    shift = (centroid[0] * centroid[0] + centroid[1] * centroid[1]) - (centre[0] * centre[0] + centre[1] * centre[1])
    return mass, centroid, inertia + mass * shift


def mass_of(polygons: list[Array], density: float) -> Mass:
    """Mass data of a body; Box2D adds its fixtures last to first."""
    one = np.float32(1)
    mass = np.float32(0)
    inertia = np.float32(0)
    centre: Array = np.zeros(2, np.float32)
    for corners in reversed(polygons):
        part, part_centre, part_inertia = _polygon_mass(corners, np.float32(density))
        mass = mass + part
        centre = centre + part * part_centre
        inertia = inertia + part_inertia
    centre = centre * (one / mass)
    inertia = inertia - mass * (centre[0] * centre[0] + centre[1] * centre[1])
    return Mass(one / mass, one / inertia, centre)


HULL_SHAPES = [polygon(points) for points in HULL_POLYGONS]
WHEEL_SHAPE = polygon(WHEEL_POLYGON)
HULL = mass_of(HULL_SHAPES, HULL_DENSITY)
WHEEL = mass_of([WHEEL_SHAPE], WHEEL_DENSITY)
ANCHORS = np.array([(x * SIZE, y * SIZE) for x, y in WHEEL_PLACES], np.float32)
"""(4, 2) where the wheels' joints are, in the hull's frame."""
