"""Random starts: a car learns what it meets, and from the line it meets little but a straight road at rest.

The tile is any of the track's, for all its cars. The track is renumbered to begin there, so that facts and
observations count from where the cars are; its shape, and what lies to the left and right, stay. Each car's
heading is any, along the road the likeliest (a triangular distribution), and it rolls where it looks: fast along the
road, not at all across it or against it, as after a spin.
"""

from __future__ import annotations

import math

import numpy as np

from carracing.simulator.track import Track
from carracing.task import Array

FASTEST = 60.0
"""Units per second: how fast a good driver takes an easy bend."""


def begin_anywhere(track: Track, rng: np.random.Generator) -> Track:
    """The same track, its tiles numbered from a random one."""
    first = int(rng.integers(track.tiles))

    def renumbered(by_tile: Array) -> Array:
        return np.roll(by_tile, -first, axis=0)

    return Track(
        points=renumbered(track.points),
        road=renumbered(track.road),
        border=renumbered(track.border),
        border_road=renumbered(track.border_road),
    )


def draw_starts(rng: np.random.Generator, cars: int) -> Array:
    """(cars, 2) float64: radians off the road's heading, anticlockwise, and units per second straight ahead."""
    turns = rng.triangular(-math.pi, 0.0, math.pi, cars)
    speeds = rng.uniform(0.0, FASTEST, cars) * np.maximum(np.cos(turns), 0.0)
    return np.stack([turns, speeds], axis=1)
