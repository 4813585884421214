"""Distributions of actions: sampled with numpy where steps are taken, differentiated with torch where one learns.

Each is a function of the parameters that ``agents.networks.PolicyNetwork`` gives, one row per observation. Actions
and densities are in the environment's units.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi, sqrt
from typing import Protocol

import numpy as np
import torch
from torch.nn import functional

from agents.random import EpisodeRandom
from agents.sampling import Floats, beta
from carracing.task import Array, Box, Discrete

EDGE = 1e-6
"""Share of a bounded action's range, at either end, in which densities are taken as at its inner border: they may
be 0 or infinite at the very ends, and float32 holds few numbers close to them."""
_HALF_LOG_2PI = log(sqrt(2.0 * pi))
_NODES, _WEIGHTS = (values.astype(np.float32) for values in np.polynomial.hermite_e.hermegauss(9))


class Distribution(Protocol):
    """Distributions of actions, one for each row of parameters."""

    def sample(self, parameters: Floats, rngs: EpisodeRandom) -> Array:
        """(rows, A) actions drawn from the rows' own streams."""

    def mode(self, parameters: torch.Tensor) -> torch.Tensor:
        """(rows, A) actions of a policy that does not explore."""

    def log_prob(self, parameters: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """(rows,) log-densities of (rows, A) actions."""

    def entropy(self, parameters: torch.Tensor) -> torch.Tensor:
        """(rows,) entropies in nats."""

    def evaluate(self, parameters: torch.Tensor, actions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Both ``log_prob`` and ``entropy``, with what they share computed once."""

    def divergence(self, reference: torch.Tensor, parameters: torch.Tensor) -> torch.Tensor:
        """(rows,) Kullback-Leibler divergences of ``parameters`` from ``reference``: E_reference[log ratio]."""


def make_distribution(name: str, action: Box | Discrete) -> Distribution:
    """The named distribution over the task's actions; ``agents.network_plans.choose_distribution`` names it."""
    if isinstance(action, Discrete):
        return Categorical()
    kinds: dict[str, Callable[[Box], Distribution]] = {"beta": Beta, "squashed": Squashed, "gaussian": Gaussian}
    return kinds[name](action)


def _halves(parameters: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    size = parameters.shape[1] // 2
    return parameters[:, :size], parameters[:, size:]


class Gaussian:
    """Independent normal distributions; actions beyond the bounds are clipped by whoever drives.

    Arithmetic in the order of torch.distributions.Normal, so that results equal stable-baselines3's to the bit.
    """

    def __init__(self, action: Box) -> None:
        del action  # unbounded

    def sample(self, parameters: Floats, rngs: EpisodeRandom) -> Array:
        """(rows, A): mean + std * noise."""
        size = parameters.shape[1] // 2
        return parameters[:, :size] + parameters[:, size:] * rngs.normal(size).astype(np.float32)

    def mode(self, parameters: torch.Tensor) -> torch.Tensor:
        """(rows, A) means."""
        return _halves(parameters)[0]

    def log_prob(self, parameters: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """(rows,)."""
        return self.evaluate(parameters, actions)[0]

    def entropy(self, parameters: torch.Tensor) -> torch.Tensor:
        """(rows,)."""
        return _normal_entropy(_halves(parameters)[1]).sum(dim=1)

    def evaluate(self, parameters: torch.Tensor, actions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(rows,) each."""
        mean, std = _halves(parameters)  # once: gradients then add up in stable-baselines3's order
        log_probs = _normal_log_prob(mean, std, actions).sum(dim=1)
        return log_probs, _normal_entropy(std).sum(dim=1)

    def divergence(self, reference: torch.Tensor, parameters: torch.Tensor) -> torch.Tensor:
        """(rows,)."""
        return _normal_divergence(reference, parameters)


def _normal_log_prob(mean: torch.Tensor, std: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    return -((values - mean) ** 2) / (2 * std**2) - std.log() - _HALF_LOG_2PI


def _normal_entropy(std: torch.Tensor) -> torch.Tensor:
    return 0.5 + 0.5 * log(2 * pi) + std.log()


def _normal_divergence(reference: torch.Tensor, parameters: torch.Tensor) -> torch.Tensor:
    """(rows,)."""
    (mean, std), (other, width) = _halves(reference), _halves(parameters)
    ratio = (std / width) ** 2
    return 0.5 * (ratio + ((mean - other) / width) ** 2 - 1.0 - ratio.log()).sum(dim=1)


class _Bounded:
    """What bounded distributions share: the way between an action and its share x of the range, 0 to 1."""

    def __init__(self, action: Box) -> None:
        self._low = np.asarray(action.low, np.float32)
        self._span = np.asarray(action.high, np.float32) - self._low
        self._log_volume = float(np.log(self._span.astype(np.float64)).sum())

    def _actions(self, shares: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(self._low).to(shares) + torch.from_numpy(self._span).to(shares) * shares

    def _shares(self, actions: torch.Tensor) -> torch.Tensor:
        """Away from the ends by ``EDGE``."""
        shares = (actions - torch.from_numpy(self._low).to(actions)) / torch.from_numpy(self._span).to(actions)
        return shares.clamp(EDGE, 1.0 - EDGE)


class Squashed(_Bounded):
    """Normal distributions squashed into the bounds by tanh (Haarnoja et al., "Soft actor-critic", 2018, app. C)."""

    def sample(self, parameters: Floats, rngs: EpisodeRandom) -> Array:
        """(rows, A)."""
        size = parameters.shape[1] // 2
        raw = parameters[:, :size] + parameters[:, size:] * rngs.normal(size).astype(np.float32)
        return np.asarray(self._low + self._span * (0.5 + 0.5 * np.tanh(raw)), np.float32)

    def mode(self, parameters: torch.Tensor) -> torch.Tensor:
        """(rows, A): tanh of the mean, which is the median."""
        return self._actions(0.5 + 0.5 * torch.tanh(_halves(parameters)[0]))

    def log_prob(self, parameters: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """(rows,)."""
        mean, std = _halves(parameters)
        raw = torch.atanh(2.0 * self._shares(actions) - 1.0)
        return (_normal_log_prob(mean, std, raw) - _log_slope(raw)).sum(dim=1) - self._log_volume

    def entropy(self, parameters: torch.Tensor) -> torch.Tensor:
        """(rows,): the normal's plus the mean logarithm of tanh's slope, by Gauss-Hermite quadrature."""
        mean, std = _halves(parameters)
        nodes, weights = (torch.from_numpy(values).to(mean) for values in (_NODES, _WEIGHTS / sqrt(2 * pi)))
        slopes = _log_slope(mean[..., None] + std[..., None] * nodes) @ weights
        return (_normal_entropy(std) + slopes).sum(dim=1) + self._log_volume

    def evaluate(self, parameters: torch.Tensor, actions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(rows,) each."""
        return self.log_prob(parameters, actions), self.entropy(parameters)

    def divergence(self, reference: torch.Tensor, parameters: torch.Tensor) -> torch.Tensor:
        """(rows,): that of the normals, since both are squashed alike."""
        return _normal_divergence(reference, parameters)


def _log_slope(raw: torch.Tensor) -> torch.Tensor:
    """Logarithm of d share / d raw, where share = (1 + tanh raw) / 2: log(2 sigmoid(2 raw) sigmoid(-2 raw))."""
    return log(2.0) + functional.logsigmoid(2.0 * raw) + functional.logsigmoid(-2.0 * raw)


class Beta(_Bounded):
    """Beta distributions over the bounds, each with one peak.

    Chou, Maturana and Scherer, "Improving stochastic policy gradients in continuous control with deep reinforcement
    learning using the Beta distribution", ICML 2017.
    """

    def sample(self, parameters: Floats, rngs: EpisodeRandom) -> Array:
        """(rows, A)."""
        size = parameters.shape[1] // 2
        shares = beta(parameters[:, :size], parameters[:, size:], rngs)
        return np.asarray(self._low + self._span * shares.clip(EDGE, 1.0 - EDGE), np.float32)

    def mode(self, parameters: torch.Tensor) -> torch.Tensor:
        """(rows, A): the peaks."""
        alpha, beta = _halves(parameters)
        return self._actions((alpha - 1.0) / (alpha + beta - 2.0).clamp(min=1e-9))

    def log_prob(self, parameters: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """(rows,)."""
        return self._log_prob(parameters, actions, _log_beta(*_halves(parameters)))

    def entropy(self, parameters: torch.Tensor) -> torch.Tensor:
        """(rows,)."""
        return self._entropy(parameters, _log_beta(*_halves(parameters)))

    def evaluate(self, parameters: torch.Tensor, actions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(rows,) each."""
        log_beta = _log_beta(*_halves(parameters))
        return self._log_prob(parameters, actions, log_beta), self._entropy(parameters, log_beta)

    def _log_prob(self, parameters: torch.Tensor, actions: torch.Tensor, log_beta: torch.Tensor) -> torch.Tensor:
        (alpha, beta), shares = _halves(parameters), self._shares(actions)
        powers = (alpha - 1.0) * shares.log() + (beta - 1.0) * torch.log1p(-shares)
        return (powers - log_beta).sum(dim=1) - self._log_volume

    def _entropy(self, parameters: torch.Tensor, log_beta: torch.Tensor) -> torch.Tensor:
        alpha, beta = _halves(parameters)
        both = (alpha + beta - 2.0) * torch.digamma(alpha + beta)
        own = (alpha - 1.0) * torch.digamma(alpha) + (beta - 1.0) * torch.digamma(beta)
        return (log_beta + both - own).sum(dim=1) + self._log_volume

    def divergence(self, reference: torch.Tensor, parameters: torch.Tensor) -> torch.Tensor:
        """(rows,)."""
        (alpha, beta), (other_alpha, other_beta) = _halves(reference), _halves(parameters)
        found = (
            _log_beta(other_alpha, other_beta)
            - _log_beta(alpha, beta)
            + (alpha - other_alpha) * torch.digamma(alpha)
            + (beta - other_beta) * torch.digamma(beta)
            + (other_alpha - alpha + other_beta - beta) * torch.digamma(alpha + beta)
        )
        return found.sum(dim=1)


def _log_beta(alpha: torch.Tensor, beta: torch.Tensor) -> torch.Tensor:
    return torch.lgamma(alpha) + torch.lgamma(beta) - torch.lgamma(alpha + beta)


class Categorical:
    """A choice among n actions; actions are (rows, 1) int64, their densities probabilities."""

    def sample(self, parameters: Floats, rngs: EpisodeRandom) -> Array:
        """(rows, 1)."""
        weights = np.exp((parameters - parameters.max(axis=1, keepdims=True)).astype(np.float64))
        cumulative = weights.cumsum(axis=1) / weights.sum(axis=1, keepdims=True)
        chosen = (cumulative < rngs.uniform(1)).sum(axis=1, dtype=np.int64)
        last = parameters.shape[1] - 1  # rounding may leave the whole sum just below 1
        return np.asarray(np.minimum(chosen, last)[:, None], np.int64)

    def mode(self, parameters: torch.Tensor) -> torch.Tensor:
        """(rows, 1): the likeliest."""
        return parameters.argmax(dim=1, keepdim=True)

    def log_prob(self, parameters: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """(rows,)."""
        return self.evaluate(parameters, actions)[0]

    def entropy(self, parameters: torch.Tensor) -> torch.Tensor:
        """(rows,)."""
        return _choice_entropy(_log_all(parameters))

    def evaluate(self, parameters: torch.Tensor, actions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(rows,) each."""
        logits = _log_all(parameters)
        return logits.gather(1, actions)[:, 0], _choice_entropy(logits)

    def divergence(self, reference: torch.Tensor, parameters: torch.Tensor) -> torch.Tensor:
        """(rows,)."""
        logits = _log_all(reference)
        return (logits.exp() * (logits - _log_all(parameters))).sum(dim=1)


def _log_all(logits: torch.Tensor) -> torch.Tensor:
    """Normalised as torch.distributions.Categorical does it."""
    return logits - logits.logsumexp(dim=1, keepdim=True)


def _choice_entropy(logits: torch.Tensor) -> torch.Tensor:
    """(rows,), of normalised logits."""
    return -(logits * functional.softmax(logits, dim=1)).sum(dim=1)
