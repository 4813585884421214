"""Streams of random numbers that belong to episodes."""

from __future__ import annotations

import numpy as np
import pytest

from agents.random import EpisodeRandom
from carracing.task import Array
from collectors.seeds import EpisodeSeeds

ROWS = 67
"""Odd and larger than any vector register, so that rows end in every position of one."""


def _streams(rows: slice = slice(None)) -> EpisodeRandom:
    seeds = EpisodeSeeds(run_seed=3)
    keys = np.array([seeds.key(episode) for episode in range(ROWS)])
    return EpisodeRandom(keys[rows], (np.arange(ROWS) * 5 % 11)[rows])


@pytest.mark.parametrize("kind", ["uniform", "normal"])
@pytest.mark.parametrize("columns", [1, 2, 3, 5])
def test_a_row_does_not_depend_on_the_others(kind: str, columns: int) -> None:
    together: Array = getattr(_streams(), kind)(columns)
    assert together.shape == (ROWS, columns)
    for row in range(ROWS):
        alone = getattr(_streams(slice(row, row + 1)), kind)(columns)
        assert np.array_equal(alone[0], together[row]), row
    backwards = getattr(_streams(slice(None, None, -1)), kind)(columns)
    assert np.array_equal(backwards[::-1], together)


def test_draws_of_a_step_are_one_sequence() -> None:
    parts = _streams()
    split = np.concatenate([parts.uniform(2), parts.uniform(1), parts.uniform(3)], axis=1)
    assert np.array_equal(split, _streams().uniform(6))


def test_steps_and_episodes_have_draws_of_their_own() -> None:
    keys = np.repeat(_streams().keys, 300)
    steps = np.tile(np.arange(300), ROWS)
    draws = EpisodeRandom(keys, steps).uniform(4)
    assert len(np.unique(draws)) == draws.size


def test_draws_never_change() -> None:
    """Pinned: recorded runs must replay under a later version."""
    rngs = EpisodeRandom(np.array([1, 2**63], dtype=np.uint64), np.array([0, 999]))
    assert rngs.uniform(2).tolist() == [
        [0.566561575172281, 0.7457817572627012],
        [0.6187590573744242, 0.4832825226808835],
    ]


def test_splitmix64_as_published() -> None:
    """First outputs of the reference generator seeded with 1234567 (the test vector of its public C version)."""
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    draws = EpisodeRandom(np.array([1234567], dtype=np.uint64), np.array([0])).uniform(3)
    assert draws[0].tolist() == [((bits >> 11) + 0.5) * 2.0**-53 for bits in expected]


def test_uniform_is_uniform_inside_the_open_interval() -> None:
    draws = _many().uniform(8)
    assert draws.min() > 0 and draws.max() < 1
    counts, _ = np.histogram(draws, bins=50, range=(0, 1))
    expected = draws.size / 50
    assert ((counts - expected) ** 2 / expected).sum() < 98.0  # chi-squared, 49 degrees of freedom, p = 0.00004
    assert abs(np.corrcoef(draws.T) - np.eye(8)).max() < 0.04


def test_normal_has_the_moments_of_the_standard_normal() -> None:
    draws = _many().normal(3)
    assert abs(draws.mean()) < 0.02 and abs(draws.std() - 1) < 0.02
    assert abs((draws**3).mean()) < 0.06 and abs((draws**4).mean() - 3) < 0.15
    assert abs(np.corrcoef(draws.T) - np.eye(3)).max() < 0.03


def _many() -> EpisodeRandom:
    seeds = EpisodeSeeds(run_seed=5)
    keys = np.array([seeds.key(episode) for episode in range(100)])
    return EpisodeRandom(np.repeat(keys, 200), np.tile(np.arange(200), 100))
