"""Gradient steps of PPO: Schulman et al., "Proximal policy optimization algorithms", 2017.

In float32 the parameters and Adam's moments become what stable-baselines3's ``PPO.train()`` makes of them, to the
bit, in ``agents.arithmetic.PLAIN``; the operations below keep its order. What it does beside is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from agents.api import Pulse
from agents.distributions import Distribution
from agents.networks import ActorCritic
from agents.ppo.config import PPOConfig
from agents.ppo.experience import Experience

ADAM_EPSILON = 1e-5
"""stable-baselines3's, after the original implementation of PPO."""


@dataclass(frozen=True, slots=True)
class Learner:
    """What is trained, and how its actions are distributed."""

    network: ActorCritic
    distribution: Distribution
    optimizer: torch.optim.Adam


@dataclass(frozen=True, slots=True)
class Targets:
    """What is learned of each of N steps, as evaluated before the first gradient step."""

    values: torch.Tensor
    """(N,) V(s)."""
    log_probs: torch.Tensor
    """(N,) of the action taken."""
    advantages: torch.Tensor
    """(N,)."""
    returns: torch.Tensor
    """(N,) advantages + values: targets of the value."""
    start: torch.Tensor | None
    """(N, ...) parameters of the distribution that the starting policy has, if there is a pull towards it."""


@dataclass(frozen=True, slots=True)
class Strengths:
    """What the schedules come to in this round."""

    learning_rate: float
    entropy: float
    pull: float
    value_only: bool
    """Learn in the value's own layers alone."""


@dataclass(frozen=True, slots=True)
class _Minibatch:
    observations: torch.Tensor
    actions: torch.Tensor
    log_probs: torch.Tensor
    advantages: torch.Tensor
    returns: torch.Tensor
    start: torch.Tensor | None


def make_optimizer(network: ActorCritic, learning_rate: float) -> torch.optim.Adam:
    """Adam over all parameters."""
    fused = network.arithmetic.fused
    return torch.optim.Adam(network.parameters(), lr=learning_rate, eps=ADAM_EPSILON, fused=fused)


class Update:
    """One round of gradient steps: ``epochs`` passes over all steps in random order."""

    def __init__(self, learner: Learner, config: PPOConfig, strengths: Strengths) -> None:
        self._learner, self._config, self._strengths = learner, config, strengths
        self._parameters = list(learner.network.parameters())
        self._found: dict[str, list[torch.Tensor]] = {}

    def run(
        self, experience: Experience, targets: Targets, rng: np.random.RandomState, pulse: Pulse
    ) -> dict[str, float]:
        """Take the steps; ``rng`` decides their order, ``pulse`` is called after each. Returns means of figures."""
        for group in self._learner.optimizer.param_groups:
            group["lr"] = self._strengths.learning_rate
        for _ in range(self._config.epochs):
            order = torch.from_numpy(rng.permutation(len(experience)))
            for part in self._minibatches(experience, targets, order):
                loss = self._value_loss(part) if self._strengths.value_only else self._loss(part)
                self._step(loss)
                pulse()
        return {name: float(torch.stack(values).mean()) for name, values in self._found.items()}

    def _minibatches(self, experience: Experience, targets: Targets, order: torch.Tensor) -> Iterator[_Minibatch]:
        device = self._learner.network.arithmetic.device
        for chosen in torch.split(order, self._config.minibatch):
            yield _Minibatch(
                experience.observations(experience.first_frame[chosen]),
                experience.actions[chosen].to(device),
                targets.log_probs[chosen].to(device),
                targets.advantages[chosen].to(device),
                targets.returns[chosen].to(device),
                None if targets.start is None else targets.start[chosen].to(device),
            )

    def _value_loss(self, part: _Minibatch) -> torch.Tensor:
        values = self._learner.network.values(part.observations, frozen_encoder=True)
        loss = functional.mse_loss(part.returns, values)
        self._note("loss/value", loss)
        return self._config.value_coefficient * loss

    def _loss(self, part: _Minibatch) -> torch.Tensor:
        config, distribution, strengths = self._config, self._learner.distribution, self._strengths
        parameters, values = self._learner.network.evaluate(part.observations)
        log_probs, entropies = distribution.evaluate(parameters, part.actions)
        advantages = part.advantages
        if len(advantages) > 1:
            advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        log_ratio = log_probs - part.log_probs
        ratio = torch.exp(log_ratio)
        clipped = advantages * torch.clamp(ratio, 1 - config.clip_range, 1 + config.clip_range)
        policy_loss = -torch.min(advantages * ratio, clipped).mean()
        value_loss = functional.mse_loss(part.returns, values)
        entropy_loss = -torch.mean(entropies)
        loss = policy_loss + strengths.entropy * entropy_loss + config.value_coefficient * value_loss
        if part.start is not None:
            divergence = distribution.divergence(part.start, parameters).mean()
            loss = loss + strengths.pull * divergence
            self._note("divergence", divergence)
        for name, figure in (("policy", policy_loss), ("value", value_loss), ("entropy", entropy_loss)):
            self._note(f"loss/{name}", figure)
        ratio = ratio.detach()
        self._note("approx_kl", (ratio - 1 - log_ratio).mean())
        self._note("clip_fraction", ((ratio - 1).abs() > config.clip_range).float().mean())
        return loss

    def _step(self, loss: torch.Tensor) -> None:
        optimizer = self._learner.optimizer
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._parameters, self._config.max_grad_norm)
        optimizer.step()

    def _note(self, name: str, value: torch.Tensor) -> None:
        self._found.setdefault(name, []).append(value.detach())
