"""Gradient steps of PPO: Schulman et al., "Proximal policy optimization algorithms", 2017.

In float32 the parameters and Adam's moments become what stable-baselines3's ``PPO.train()`` makes of them, to the
bit, in ``agents.arithmetic.PLAIN``; the operations below keep its order. What it does beside is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce

import numpy as np
import torch
from torch.nn import functional

from agents.api import Pulse
from agents.distributions import Distribution
from agents.networks import ActorCritic
from agents.ppo.config import PPOConfig
from agents.ppo.experience import Experience
from agents.shards import Shards

ADAM_EPSILON = 1e-5
"""stable-baselines3's, after the original implementation of PPO."""


@dataclass(frozen=True, slots=True)
class Learner:
    """What is trained, and how its actions are distributed."""

    network: ActorCritic
    distribution: Distribution
    optimizer: torch.optim.Adam
    shards: Shards


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
class _Part:
    """A thread's share of a minibatch."""

    steps: torch.Tensor
    """(rows,) which of the round's steps."""
    advantages: torch.Tensor
    """(rows,) normalised over the whole minibatch."""
    weight: float
    """Its share of the minibatch's rows."""


_Gradients = tuple[torch.Tensor | None, ...]
_Figures = dict[str, torch.Tensor]


def make_optimizer(network: ActorCritic, learning_rate: float) -> torch.optim.Adam:
    """Adam over all parameters."""
    fused = network.arithmetic.fused
    return torch.optim.Adam(network.parameters(), lr=learning_rate, eps=ADAM_EPSILON, fused=fused)


class Update:
    """One round of gradient steps: ``epochs`` passes over all steps in random order."""

    def __init__(self, learner: Learner, config: PPOConfig, strengths: Strengths) -> None:
        self._learner, self._config, self._strengths = learner, config, strengths
        self._parameters = list(learner.network.parameters())

    def run(
        self, experience: Experience, targets: Targets, rng: np.random.RandomState, pulse: Pulse
    ) -> dict[str, float]:
        """Take the steps; ``rng`` decides their order, ``pulse`` is called after each. Returns means of figures."""
        for group in self._learner.optimizer.param_groups:
            group["lr"] = self._strengths.learning_rate
        loss = self._value_loss if self._strengths.value_only else self._loss
        found: dict[str, list[torch.Tensor]] = {}
        for _ in range(self._config.epochs):
            order = torch.from_numpy(rng.permutation(len(experience)))
            for chosen in torch.split(order, self._config.minibatch):
                work = partial(self._gradients, loss, experience, targets)
                parts = self._learner.shards.map(work, self._parts(chosen, targets))
                self._step([gradients for gradients, _ in parts])
                for name in parts[0][1]:
                    found.setdefault(name, []).append(_sum([figures[name] for _, figures in parts]))
                pulse()
        return {name: float(torch.stack(values).mean()) for name, values in found.items()}

    def _parts(self, chosen: torch.Tensor, targets: Targets) -> list[_Part]:
        advantages = targets.advantages[chosen]
        if len(advantages) > 1:
            advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        count = min(self._learner.shards.count, len(chosen))
        parts = zip(torch.tensor_split(chosen, count), torch.tensor_split(advantages, count), strict=True)
        return [_Part(steps, normalised, len(steps) / len(chosen)) for steps, normalised in parts]

    def _gradients(
        self, loss: _Loss, experience: Experience, targets: Targets, part: _Part
    ) -> tuple[_Gradients, _Figures]:
        """Of the share's part of the loss, for every parameter that takes part in it."""
        value, figures = loss(experience, targets, part)
        gradients = torch.autograd.grad(value * part.weight, self._parameters, allow_unused=True)
        return gradients, {name: figure.detach() * part.weight for name, figure in figures.items()}

    def _value_loss(self, experience: Experience, targets: Targets, part: _Part) -> tuple[torch.Tensor, _Figures]:
        observations = experience.observations(experience.first_frame[part.steps])
        values = self._learner.network.values(observations, frozen_encoder=True)
        loss = functional.mse_loss(targets.returns[part.steps].to(values.device), values)
        return self._config.value_coefficient * loss, {"loss/value": loss}

    def _loss(self, experience: Experience, targets: Targets, part: _Part) -> tuple[torch.Tensor, _Figures]:
        config, distribution, strengths = self._config, self._learner.distribution, self._strengths
        observations = experience.observations(experience.first_frame[part.steps])
        parameters, values = self._learner.network.evaluate(observations)
        device = parameters.device
        log_probs, entropies = distribution.evaluate(parameters, experience.actions[part.steps].to(device))
        log_ratio = log_probs - targets.log_probs[part.steps].to(device)
        ratio, advantages = torch.exp(log_ratio), part.advantages.to(device)
        clipped = advantages * torch.clamp(ratio, 1 - config.clip_range, 1 + config.clip_range)
        policy_loss = -torch.min(advantages * ratio, clipped).mean()
        value_loss = functional.mse_loss(targets.returns[part.steps].to(device), values)
        entropy_loss = -torch.mean(entropies)
        loss = policy_loss + strengths.entropy * entropy_loss + config.value_coefficient * value_loss
        figures = {"loss/policy": policy_loss, "loss/value": value_loss, "loss/entropy": entropy_loss}
        if targets.start is not None:
            divergence = distribution.divergence(targets.start[part.steps].to(device), parameters).mean()
            loss = loss + strengths.pull * divergence
            figures["divergence"] = divergence
        figures["approx_kl"] = (ratio.detach() - 1 - log_ratio.detach()).mean()
        figures["clip_fraction"] = ((ratio.detach() - 1).abs() > config.clip_range).float().mean()
        return loss, figures

    def _step(self, parts: list[_Gradients]) -> None:
        """One step of Adam along the sum of the shares' gradients."""
        for parameter, gradients in zip(self._parameters, zip(*parts, strict=True), strict=True):
            parameter.grad = None if gradients[0] is None else _sum([each for each in gradients if each is not None])
        torch.nn.utils.clip_grad_norm_(self._parameters, self._config.max_grad_norm)
        self._learner.optimizer.step()


_Loss = Callable[[Experience, Targets, _Part], tuple[torch.Tensor, _Figures]]


def _sum(tensors: list[torch.Tensor]) -> torch.Tensor:
    """In their order, so that results repeat."""
    return reduce(torch.add, tensors)
