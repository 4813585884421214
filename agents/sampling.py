"""Random variates for all rows of a batch at once, from the rows' own streams. Numpy only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from agents.random import EpisodeRandom

Floats = npt.NDArray[np.float32]

TRIES = 16
"""Most tries per variate. Each fails with a probability of at most 0.05, so all do once in 10**20."""


def gamma(shapes: npt.NDArray[np.floating], rngs: EpisodeRandom) -> npt.NDArray[np.float64]:
    """(rows, columns) gamma variates of scale 1 and these shapes, each 1 or more.

    By Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26, 2000. All cells try
    together, with draws of their own, until each has succeeded: what a cell gets does not depend on the others.
    A cell that never succeeds gets the variate's mode.
    """
    d = shapes.astype(np.float64) - 1.0 / 3.0
    c = 1.0 / np.sqrt(9.0 * d)
    columns = d.shape[1]
    found, missing = d - 2.0 / 3.0, np.ones(d.shape, np.bool_)
    for _ in range(TRIES):
        normal = rngs.normal(columns)
        cube = (1.0 + c * normal) ** 3
        log_cube = np.log(np.maximum(cube, 1e-300))
        accepted = np.log(rngs.uniform(columns)) < 0.5 * normal**2 + d * (1.0 - cube + log_cube)
        found = np.where(missing & accepted & (cube > 0.0), d * cube, found)
        missing &= ~(accepted & (cube > 0.0))
        if not missing.any():
            break
    return found


def beta(
    alphas: npt.NDArray[np.floating], betas: npt.NDArray[np.floating], rngs: EpisodeRandom
) -> npt.NDArray[np.float64]:
    """(rows, columns) beta variates, alphas and betas 1 or more: G(alpha) / (G(alpha) + G(beta))."""
    columns = alphas.shape[1]
    both = gamma(np.concatenate([alphas, betas], axis=1), rngs)
    first, second = both[:, :columns], both[:, columns:]
    return np.asarray(first / (first + second), np.float64)
