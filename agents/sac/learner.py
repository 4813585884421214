"""SAC's gradient step: Haarnoja et al., "Soft actor-critic algorithms and applications", 2018, in the order of
operations of stable-baselines3's SAC.train(), to which it is equal on vectors.

On pictures, the critics train the encoder and the policy sees its features as they are, as in DrQ; a picture is
encoded once per update, so the policy's step takes the features from before the critics'. A policy that was taken
over keeps its encoder if the settings say so: trained by critics, it gave features that policy had not learned to
drive by.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from math import log, pi

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from agents.api import ActorSpec
from agents.arithmetic import choose_arithmetic
from agents.distributions import make_distribution
from agents.offpolicy.encoders import is_images, network_inputs, place
from agents.offpolicy.meters import Meters
from agents.replay.replay import Batch
from agents.sac.actor import WARMING_UP
from agents.sac.config import SACConfig
from agents.sac.networks import Acting, Critics, encoded_size
from agents.sac.shift import random_shift
from carracing.task import Array, TaskSpec

_HALF_LOG_2PI = 0.5 * log(2.0 * pi)
_EPSILON = 1e-6
"""Keeps the logarithm of tanh's slope finite, as stable-baselines3 has it."""


class Networks(nn.Module):
    """Everything SAC learns."""

    def __init__(self, task: TaskSpec, config: SACConfig) -> None:
        super().__init__()
        self.acting = Acting(task, config.network, config.features)
        self.critics = Critics(encoded_size(task, config.features), task.action.size)
        self.target_encoder = deepcopy(self.acting.encoder).requires_grad_(requires_grad=False)
        self.target_critics = deepcopy(self.critics).requires_grad_(requires_grad=False)
        self.log_entropy = nn.Parameter(torch.full((1,), log(config.entropy_coefficient)))
        """Logarithm of the entropy's coefficient."""
        self.start = deepcopy(self.acting).requires_grad_(requires_grad=False) if config.pull else None
        """The policy that the run started with, where it is held on to."""


class SACLearner:
    """Implements ``agents.offpolicy.learner.Learner``; draws its first weights from torch's generator."""

    def __init__(self, task: TaskSpec, config: SACConfig) -> None:
        self._task, self._config = task, config
        self._arithmetic = choose_arithmetic(config.precision, config.device, is_images(task))
        self._networks = Networks(task, config)
        place(self._networks, self._arithmetic)
        networks = self._networks
        self._head_parameters: list[torch.Tensor] = list(networks.critics.parameters())
        self._critic_parameters: list[torch.Tensor] = [
            *networks.acting.encoder.parameters(),
            *self._head_parameters,
        ]
        self._policy_parameters: list[torch.Tensor] = list(networks.acting.policy.parameters())
        self._target_heads: list[torch.Tensor] = list(networks.target_critics.parameters())
        self._targets: list[torch.Tensor] = [*networks.target_encoder.parameters(), *self._target_heads]
        self._optimizers = {
            "critics": torch.optim.Adam(self._critic_parameters, config.learning_rate),
            "policy": torch.optim.Adam(self._policy_parameters, config.policy_learning_rate or config.learning_rate),
            "entropy": torch.optim.Adam([networks.log_entropy], config.learning_rate),
        }
        self._distribution = make_distribution("squashed", task.action)
        self._target_entropy = config.entropy or -float(task.action.size)
        self._meters = Meters()

    @property
    def networks(self) -> Networks:
        """Everything learned."""
        return self._networks

    @property
    def optimizers(self) -> Mapping[str, torch.optim.Adam]:
        """Of critics (with the encoder), policy and entropy coefficient."""
        return self._optimizers

    def actor_spec(self) -> ActorSpec:
        """How workers build the actor."""
        options = {"network": self._config.network, "features": self._config.features}
        return ActorSpec("agents.sac.actor:make_actor", self._task, options)

    def acting(self) -> Mapping[str, Array]:
        """Encoder and policy, copied."""
        return {
            name: value.detach().cpu().numpy().copy(order="C")
            for name, value in self._networks.acting.named_parameters()
        }

    def knobs(self, steps: int, progress: float) -> Mapping[str, float]:
        """Uniform actions while warming up, unless there is a policy already."""
        del progress
        return {WARMING_UP: float(steps < self._config.warmup and not self._config.init_from)}

    @property
    def begins(self) -> str:
        """Encoder and policy."""
        return "acting."

    def follow(self, whole: bool) -> None:
        """The policy is spread; the target encoder becomes as the encoder is, unless it came along; the pull is to
        what came, spread."""
        networks = self._networks
        with torch.no_grad():
            networks.acting.policy.log_std.bias.add_(log(self._config.spread))
        if not whole:
            networks.target_encoder.load_state_dict(networks.acting.encoder.state_dict())
        if networks.start is not None:
            networks.start.load_state_dict(networks.acting.state_dict())

    def update(self, batch: Batch, rng: np.random.Generator, number: int, progress: float = 0.0) -> None:
        """One step of the entropy coefficient, the critics, the policy and the targets; at first of critics alone."""
        value_only = number <= self._config.value_warmup
        trained = self._head_parameters if value_only or self._config.freeze_encoder else self._critic_parameters
        networks, device = self._networks, self._arithmetic.device
        seen = self._inputs(batch.observations, rng)
        rewards, discounts = (
            torch.from_numpy(values).to(device)[:, None] for values in (batch.rewards, batch.discounts)
        )
        with torch.set_grad_enabled(trained is self._critic_parameters), self._arithmetic.encoding():
            features = networks.acting.encoder(seen).float()
        actions, log_densities = self._sample(features.detach(), rng)
        coefficient = networks.log_entropy.detach().exp()
        excess = (log_densities + self._target_entropy).detach()
        entropy_loss = -(networks.log_entropy * excess).mean()
        if not value_only:
            self._step("entropy", entropy_loss, [networks.log_entropy])
        targets = self._value_targets(batch, rng, coefficient, rewards, discounts)
        values = networks.critics(features, torch.from_numpy(batch.actions).to(device))
        errors = [functional.mse_loss(value, targets) for value in values]
        critic_loss = 0.5 * (errors[0] + errors[1])
        self._step("critics", critic_loss, trained)
        expected = torch.min(*networks.critics(features.detach(), actions))
        policy_loss = (coefficient * log_densities - expected).mean()
        if not value_only:
            pulled = policy_loss + self._pull(seen, features.detach(), progress)
            self._step("policy", pulled, self._policy_parameters)
        self._follow()
        self._meters.add(
            {
                "loss/critic": critic_loss,
                "loss/policy": policy_loss,
                "loss/entropy": entropy_loss,
                "q_mean": values[0].mean(),
                "entropy_coefficient": coefficient.mean(),
                "entropy": -log_densities.mean(),
            }
        )

    def _pull(self, seen: torch.Tensor, features: torch.Tensor, progress: float) -> torch.Tensor | float:
        """Weighted divergence from the policy that the run started with."""
        weight, start = self._config.pull_at(progress), self._networks.start
        if not weight or start is None:
            return 0.0
        with torch.no_grad(), self._arithmetic.encoding():
            remembered = features if self._config.freeze_encoder else start.encoder(seen).float()
        found, then = (
            torch.cat([mean, log_std.exp()], dim=1)
            for mean, log_std in (self._networks.acting.policy(features), start.policy(remembered))
        )
        divergence = self._distribution.divergence(then, found).mean()
        self._meters.add({"divergence": divergence})
        return weight * divergence

    def figures(self) -> dict[str, float]:
        """Losses, mean value, entropy and its coefficient, as means since the last call."""
        return self._meters.take()

    def _inputs(self, observations: Array, rng: np.random.Generator) -> torch.Tensor:
        tensor = torch.from_numpy(observations).to(self._arithmetic.device)
        if is_images(self._task) and self._config.shift:
            tensor = random_shift(tensor, self._config.shift, rng)
        return network_inputs(tensor, self._task, self._arithmetic)

    def _sample(self, features: torch.Tensor, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """(rows, A) actions of the policy and (rows, 1) their log-densities."""
        mean, log_std = self._networks.acting.policy(features)
        noise = torch.from_numpy(rng.standard_normal(mean.shape, np.float32)).to(mean.device)
        std = log_std.exp()
        raw = mean + noise * std
        actions = torch.tanh(raw)
        densities = -((raw - mean) ** 2) / (2 * std**2) - std.log() - _HALF_LOG_2PI
        slopes = torch.log(1 - actions**2 + _EPSILON)
        return actions, (densities.sum(dim=1) - slopes.sum(dim=1))[:, None]

    @torch.no_grad()
    def _value_targets(
        self,
        batch: Batch,
        rng: np.random.Generator,
        coefficient: torch.Tensor,
        rewards: torch.Tensor,
        discounts: torch.Tensor,
    ) -> torch.Tensor:
        networks, following = self._networks, self._inputs(batch.next_observations, rng)
        with self._arithmetic.encoding():
            features = networks.acting.encoder(following).float()
            target_features = features if self._config.freeze_encoder else networks.target_encoder(following).float()
        actions, log_densities = self._sample(features, rng)
        value = torch.min(*networks.target_critics(target_features, actions)) - coefficient * log_densities
        targets: torch.Tensor = rewards + discounts * value
        return targets

    @torch.no_grad()
    def _follow(self) -> None:
        """Let the targets go their share of the way."""
        frozen, rate = self._config.freeze_encoder, self._config.target_rate
        targets = self._target_heads if frozen else self._targets
        torch._foreach_mul_(targets, 1.0 - rate)
        torch._foreach_add_(targets, self._head_parameters if frozen else self._critic_parameters, alpha=rate)

    def _step(self, name: str, loss: torch.Tensor, parameters: list[torch.Tensor]) -> None:
        self._optimizers[name].zero_grad()
        torch.autograd.backward(loss, inputs=parameters)
        self._optimizers[name].step()
