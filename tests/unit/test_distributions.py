"""Distributions against what their densities say: by integration, by counting, and by torch's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.distributions import Beta, Categorical, Distribution, Independent, Normal, kl_divergence

from agents import distributions
from agents.distributions import make_distribution
from agents.random import EpisodeRandom
from agents.sampling import beta, gamma
from carracing.task import Array, Box, Discrete

BOX = Box((-1.0, 0.0), (1.0, 3.0))
SPAN = torch.tensor([2.0, 3.0])
LOW = torch.tensor([-1.0, 0.0])
CONTINUOUS = ["beta", "squashed", "gaussian"]
EVERY = pytest.mark.parametrize("name", CONTINUOUS)
PARAMETERS: dict[str, list[list[float]]] = {
    "beta": [[1.69, 1.69, 1.69, 1.69], [1.001, 6.0, 3.0, 1.2], [40.0, 2.0, 9.0, 30.0]],
    "squashed": [[0.0, 0.0, 1.0, 1.0], [0.8, -1.5, 0.1, 0.5], [-2.0, 0.3, 0.7, 0.02]],
    "gaussian": [[0.0, 0.0, 1.0, 1.0], [0.8, -1.5, 0.1, 0.5], [-2.0, 0.3, 0.7, 0.02]],
}


def parameters(name: str) -> torch.Tensor:
    return torch.tensor(PARAMETERS[name])


def streams(rows: int, key: int = 5) -> EpisodeRandom:
    return EpisodeRandom(
        np.arange(rows, dtype=np.uint64) * np.uint64(7919) + np.uint64(key), np.zeros(rows, np.int64)
    )


def draws(name: str, row: int, rows: int = 40_000) -> Array:
    one = parameters(name)[row : row + 1].numpy()
    return make_distribution(name, BOX).sample(np.repeat(one, rows, axis=0), streams(rows))


def torchs(name: str, found: torch.Tensor) -> Distribution:
    """The same distribution by torch's own, over shares (beta) or over what is squashed."""
    first, second = found[:, :2], found[:, 2:]
    return Independent(Beta(first, second) if name == "beta" else Normal(first, second), 1)


@EVERY
def test_densities_integrate_to_one(name: str) -> None:
    """On a fine grid over the first dimension, with the second at one value: the product's other factor cancels."""
    distribution = make_distribution(name, Box((-1.0,), (1.0,)))
    low, high = (-9.0, 9.0) if name == "gaussian" else (-1.0, 1.0)
    edges = torch.linspace(low, high, 200_001, dtype=torch.float64)
    middle = (edges[1:] + edges[:-1]) / 2
    for row in parameters(name).double():
        repeated = row[[0, 2]].repeat(len(middle), 1)
        density = distribution.log_prob(repeated, middle[:, None]).exp()
        assert float(density.sum() * (high - low) / len(middle)) == pytest.approx(1.0, abs=2e-3)


@EVERY
def test_samples_are_as_frequent_as_the_density_says(name: str) -> None:
    """Kolmogorov's statistic of each dimension against the integrated density, below its 0.1 % point."""
    for number in range(3):
        found = draws(name, number).astype(np.float64)
        for dimension in range(2):
            low, high = _range(name, found, dimension)
            edges = np.linspace(low, high, 20_001)
            middle = torch.from_numpy((edges[1:] + edges[:-1]) / 2)[:, None]
            box = Box((BOX.low[dimension],), (BOX.high[dimension],))
            row = parameters(name).double()[number][[dimension, dimension + 2]].repeat(len(middle), 1)
            density = make_distribution(name, box).log_prob(row, middle).exp().numpy()
            said = np.concatenate([[0.0], np.cumsum(density)]) * (high - low) / len(middle)
            counted = np.searchsorted(np.sort(found[:, dimension]), edges, side="right") / len(found)
            assert np.abs(said - counted).max() < 1.95 / np.sqrt(len(found)), (number, dimension)


def _range(name: str, found: Array, dimension: int) -> tuple[float, float]:
    if name == "gaussian":
        return float(found[:, dimension].min()) - 0.1, float(found[:, dimension].max()) + 0.1
    return BOX.low[dimension], BOX.high[dimension]


@EVERY
def test_entropy_is_the_mean_of_minus_log_density_and_evaluate_gives_both(name: str) -> None:
    distribution = make_distribution(name, BOX)
    for number in range(3):
        row = parameters(name)[number : number + 1]
        actions = torch.from_numpy(draws(name, number))
        log_probs = distribution.log_prob(row.repeat(len(actions), 1), actions)
        # of the squashed normal, 9 nodes of quadrature leave 0.01 at the widest
        assert float(distribution.entropy(row)) == pytest.approx(-float(log_probs.mean()), abs=0.03)
        both = distribution.evaluate(row.repeat(len(actions), 1), actions)
        assert torch.allclose(both[0], log_probs) and torch.allclose(both[1], distribution.entropy(row))


@EVERY
def test_divergence_is_torchs_and_that_of_equals_is_0(name: str) -> None:
    distribution, found = make_distribution(name, BOX), parameters(name)
    other = found.roll(1, dims=0)
    expected = kl_divergence(torchs(name, found), torchs(name, other))
    torch.testing.assert_close(distribution.divergence(found, other), expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(distribution.divergence(found, found), torch.zeros(3), rtol=0, atol=1e-4)


@EVERY
def test_modes_are_where_the_density_is_greatest(name: str) -> None:
    distribution, found = make_distribution(name, BOX), parameters(name)
    modes = distribution.mode(found)
    if name == "squashed":  # the median instead
        expected = LOW + SPAN * (0.5 + 0.5 * torch.tanh(found[:, :2]))
        torch.testing.assert_close(modes, expected)
        return
    best = distribution.log_prob(found, modes)
    for shift in (-0.02, 0.02):
        moved = (modes + shift).clamp(LOW, LOW + SPAN) if name == "beta" else modes + shift
        assert (distribution.log_prob(found, moved) <= best + 1e-5).all()


@pytest.mark.parametrize("name", ["beta", "squashed"])
def test_bounded_actions_stay_within_bounds_and_densities_at_the_ends_are_finite(name: str) -> None:
    distribution = make_distribution(name, BOX)
    extreme = torch.tensor([[1.0, 80.0, 80.0, 1.0] if name == "beta" else [-9.0, 9.0, 0.5, 0.5]])
    found = distribution.sample(extreme.repeat(2000, 1).numpy(), streams(2000))
    assert (found >= BOX.low).all() and (found <= BOX.high).all()
    ends = torch.tensor([BOX.low, BOX.high])
    assert torch.isfinite(distribution.log_prob(extreme.repeat(2, 1), ends)).all()
    assert torch.isfinite(distribution.mode(torch.ones(1, 4))).all()


def test_densities_are_per_unit_of_the_environments_actions() -> None:
    found, actions = parameters("beta"), torch.tensor([[0.3, 2.0], [-0.9, 0.4], [0.95, 0.6]])
    expected = torchs("beta", found).log_prob((actions - LOW) / SPAN) - SPAN.log().sum()
    torch.testing.assert_close(make_distribution("beta", BOX).log_prob(found, actions), expected)


def test_choices_are_torchs() -> None:
    distribution, logits = (
        make_distribution("categorical", Discrete(3)),
        torch.tensor([[0.0, 1.0, -2.0], [3.0, 3, 3]]),
    )
    chosen, other = torch.tensor([[1], [2]]), logits.roll(1, dims=0)
    theirs = Categorical(logits=logits)
    torch.testing.assert_close(distribution.log_prob(logits, chosen), theirs.log_prob(chosen[:, 0]))  # type: ignore[no-untyped-call]
    torch.testing.assert_close(distribution.entropy(logits), theirs.entropy())  # type: ignore[no-untyped-call]
    torch.testing.assert_close(
        distribution.divergence(logits, other), kl_divergence(theirs, Categorical(logits=other))
    )
    assert distribution.mode(logits)[0].tolist() == [1]
    found = distribution.sample(np.repeat(logits[:1].numpy(), 20_000, axis=0), streams(20_000))
    shares = np.bincount(found[:, 0], minlength=3) / 20_000
    np.testing.assert_allclose(shares, theirs.probs[0].numpy(), atol=0.015)


@EVERY
def test_gradients_pull_towards_an_action(name: str) -> None:
    distribution, found = make_distribution(name, BOX), parameters(name).requires_grad_()
    action = torch.tensor([[0.5, 1.0]]).repeat(3, 1)
    before = distribution.log_prob(found, action)
    before.sum().backward()  # type: ignore[no-untyped-call]
    assert found.grad is not None and torch.isfinite(found.grad).all()
    after = distribution.log_prob(found + 1e-4 * found.grad / found.grad.norm(), action)
    assert float(after.detach().sum()) > float(before.detach().sum())


def test_gamma_variates_have_the_moments_of_their_shapes() -> None:
    shapes = np.tile(np.array([[1.0, 1.7, 12.0, 300.0]]), (60_000, 1))
    found = gamma(shapes, streams(len(shapes)))
    deviations = found - shapes[0]
    np.testing.assert_allclose(found.mean(axis=0), shapes[0], rtol=0.02)
    np.testing.assert_allclose(found.var(axis=0), shapes[0], rtol=0.04)
    skewness = (deviations**3).mean(axis=0) / found.std(axis=0) ** 3
    np.testing.assert_allclose(skewness, 2.0 / np.sqrt(shapes[0]), atol=0.1)


@EVERY
def test_a_row_draws_alike_in_any_company_and_differently_at_every_step(name: str) -> None:
    distribution, row = make_distribution(name, BOX), parameters(name)[1:2].numpy()
    together = distribution.sample(np.repeat(row, 500, axis=0), streams(500))
    for alone in (0, 17, 499):
        rngs = EpisodeRandom(streams(500).keys[[alone]], np.zeros(1, np.int64))
        assert np.array_equal(distribution.sample(row, rngs), together[[alone]])
    assert len(np.unique(together[:, 0])) > 450
    later = distribution.sample(np.repeat(row, 500, axis=0), EpisodeRandom(streams(500).keys, np.ones(500, np.int64)))
    assert (later != together).any(axis=1).all()
    assert abs(np.corrcoef(together[:, 0], together[:, 1])[0, 1]) < 0.15, "dimensions have draws of their own"
    assert abs(np.corrcoef(together[:, 0], later[:, 0])[0, 1]) < 0.15


def test_a_cell_that_never_succeeds_is_told_its_mode(monkeypatch: Any) -> None:
    monkeypatch.setattr(distributions, "EDGE", 0.0)
    monkeypatch.setattr("agents.sampling.TRIES", 0)
    np.testing.assert_allclose(gamma(np.array([[1.0, 5.0]]), streams(1)), [[0.0, 4.0]], atol=1e-12)
    monkeypatch.setattr("agents.sampling.TRIES", 16)
    assert 0.0 < float(beta(np.array([[2.0]]), np.array([[3.0]]), streams(1))[0, 0]) < 1.0
