"""DQN's actor: the best action, or any; all that a worker process loads is torch."""

from __future__ import annotations

import numpy as np
import torch

from agents.api import Decision, WeightsSnapshot
from agents.arithmetic import Arithmetic
from agents.dqn.networks import QNetwork
from agents.offpolicy.encoders import network_inputs
from agents.offpolicy.loading import load_parameters, unloaded
from agents.random import EpisodeRandom
from carracing.task import Array, Discrete, TaskSpec

EPSILON = "epsilon"
"""Knob: share of actions taken at random; 0 where it is not given."""


def make_actor(task: TaskSpec, network: str) -> DQNActor:
    """Build DQN's actor for ``task``; ``network`` as in DQNConfig."""
    return DQNActor(task, network)


class DQNActor:
    """Takes the action of highest value, or with probability epsilon any; never with ``deterministic`` at 1."""

    def __init__(self, task: TaskSpec, network: str) -> None:
        if not isinstance(task.action, Discrete):
            raise TypeError("DQN acts by discrete actions only")
        self._task, self._choices = task, task.action.n
        self._network = unloaded(lambda: QNetwork(task, network))
        self._arithmetic = Arithmetic(channels_last=False)
        self._epsilon, self._loaded = 0.0, False

    def load(self, weights: WeightsSnapshot) -> None:
        """Act with these weights from now on. Raises KeyError or ValueError if they are another network's."""
        load_parameters(self._network, weights)
        deterministic = weights.knobs.get("deterministic", 0.0) == 1.0
        self._epsilon = 0.0 if deterministic else weights.knobs.get(EPSILON, 0.0)
        self._loaded = True

    def act(self, observations: Array, rngs: EpisodeRandom) -> Decision:
        """Decide for (rows, stack, *observation_shape); ``rngs`` has one stream per row."""
        if not self._loaded:
            raise RuntimeError("this actor has no weights yet: call load first")
        with torch.inference_mode():
            values = self._network(network_inputs(torch.tensor(observations), self._task, self._arithmetic))
        drawn = rngs.uniform(2)
        anything = np.minimum((drawn[:, 1] * self._choices).astype(np.int64), self._choices - 1)
        actions = np.where(drawn[:, 0] < self._epsilon, anything, values.argmax(dim=1).numpy())[:, None]
        return Decision(actions, actions.copy(), None)
