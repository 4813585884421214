"""Colours of road, background and grass, by the draws of ``_init_colors`` and ``_reinit_colors``."""

from __future__ import annotations

import numpy as np

from carracing.task import Array

PLAIN = np.array([[102, 102, 102], [102, 204, 102], [102, 230, 102]], np.float64)
"""Road, background and grass where nothing is randomised."""


def draw_colours(rng: np.random.Generator, randomize: bool) -> Array:
    """(3, 3) float64: road, background and grass."""
    if not randomize:
        return PLAIN
    road = rng.uniform(0, 210, size=3)
    background = rng.uniform(0, 210, size=3)
    grass = background.copy()
    grass[rng.integers(3)] += 20
    return np.stack([road, background, grass])
