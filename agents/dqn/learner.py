"""DQN's gradient step: Mnih et al., "Human-level control through deep reinforcement learning", 2015, in the order of
operations of stable-baselines3's DQN.train(), to which it is equal with ``double`` off."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from agents.api import ActorSpec
from agents.arithmetic import choose_arithmetic
from agents.dqn.actor import EPSILON
from agents.dqn.config import DQNConfig
from agents.dqn.networks import QNetwork
from agents.offpolicy.encoders import is_images, network_inputs, place
from agents.offpolicy.meters import Meters
from agents.replay.replay import Batch
from carracing.task import Array, TaskSpec


class Networks(nn.Module):
    """The network, and the target that follows it at intervals."""

    def __init__(self, task: TaskSpec, network: str) -> None:
        super().__init__()
        self.online = QNetwork(task, network)
        self.target = deepcopy(self.online).requires_grad_(requires_grad=False)


class DQNLearner:
    """Implements ``agents.offpolicy.learner.Learner``; draws its first weights from torch's generator."""

    def __init__(self, task: TaskSpec, config: DQNConfig) -> None:
        self._task, self._config = task, config
        self._arithmetic = choose_arithmetic(config.precision, config.device, is_images(task))
        self._networks = Networks(task, config.network)
        place(self._networks, self._arithmetic)
        self._parameters = list(self._networks.online.parameters())
        self._optimizers = {"values": torch.optim.Adam(self._parameters, config.learning_rate)}
        self._meters = Meters()

    @property
    def networks(self) -> Networks:
        """Everything learned."""
        return self._networks

    @property
    def optimizers(self) -> Mapping[str, torch.optim.Adam]:
        """One."""
        return self._optimizers

    def actor_spec(self) -> ActorSpec:
        """How workers build the actor."""
        return ActorSpec("agents.dqn.actor:make_actor", self._task, {"network": self._config.network})

    @property
    def begins(self) -> str:
        """Its own network; the target follows."""
        return "online."

    def follow(self, whole: bool) -> None:
        """The target becomes as the network is, unless it came along."""
        if not whole:
            self._networks.target.load_state_dict(self._networks.online.state_dict())

    def acting(self) -> Mapping[str, Array]:
        """The network, copied."""
        return {
            name: value.detach().cpu().numpy().copy(order="C")
            for name, value in self._networks.online.named_parameters()
        }

    def knobs(self, steps: int, progress: float) -> Mapping[str, float]:
        """Actions at random while warming up, unless there is a policy already, then fewer and fewer."""
        random = steps < self._config.warmup and not self._config.init_from
        return {EPSILON: 1.0 if random else self._config.epsilon(progress)}

    def update(self, batch: Batch, rng: np.random.Generator, number: int, progress: float = 0.0) -> None:
        """One step of the network, and of the target when it is due."""
        del rng, progress
        networks, device = self._networks, self._arithmetic.device
        rewards, discounts = (
            torch.from_numpy(values).to(device)[:, None] for values in (batch.rewards, batch.discounts)
        )
        targets = rewards + discounts * self._next_values(batch)
        values = self._values(networks.online, self._inputs(batch.observations))
        taken = values.gather(1, torch.from_numpy(batch.actions).to(device))
        loss = functional.smooth_l1_loss(taken, targets)
        self._optimizers["values"].zero_grad()
        torch.autograd.backward(loss)
        norm = nn.utils.clip_grad_norm_(self._parameters, self._config.max_grad_norm)
        self._optimizers["values"].step()
        if number % self._config.target_every == 0:
            networks.target.load_state_dict(networks.online.state_dict())
        self._meters.add({"loss/value": loss, "q_mean": taken.mean(), "grad_norm": norm})

    def figures(self) -> dict[str, float]:
        """Loss, mean value of the actions taken and length of the gradient, as means since the last call."""
        return self._meters.take()

    def _inputs(self, observations: Array) -> torch.Tensor:
        return network_inputs(torch.from_numpy(observations), self._task, self._arithmetic)

    def _values(self, network: QNetwork, inputs: torch.Tensor) -> torch.Tensor:
        """(rows, n) float32: only what a picture shows is rounded, not what actions are worth."""
        with self._arithmetic.encoding():
            features = network.encoder(inputs)
        values: torch.Tensor = network.values(features.float())
        return values

    @torch.no_grad()
    def _next_values(self, batch: Batch) -> torch.Tensor:
        """(rows, 1): what the best action after the step is worth to the target network."""
        inputs = self._inputs(batch.next_observations)
        worth = self._values(self._networks.target, inputs)
        choosing = self._values(self._networks.online, inputs) if self._config.double else worth
        return worth.gather(1, choosing.argmax(dim=1, keepdim=True))
