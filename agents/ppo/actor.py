"""PPO's actor: samples actions from the policy network; all that a worker process loads is torch."""

from __future__ import annotations

import numpy as np
import torch

from agents.api import Decision, WeightsSnapshot
from agents.arithmetic import Arithmetic
from agents.distributions import make_distribution
from agents.networks import PolicyNetwork
from agents.random import EpisodeRandom
from carracing.task import Array, Box, TaskSpec


def make_actor(task: TaskSpec, network: str, distribution: str, bfloat16: bool) -> PPOActor:
    """Build the actor of a PolicyNetwork for ``task``; ``bfloat16`` encodes images so while it explores."""
    return PPOActor(task, network, distribution, bfloat16)


class PPOActor:
    """Acts with the policy network's distribution.

    With the knob ``deterministic`` at 1 it takes the distribution's mode instead of a sample, and computes in
    float32, so that scores are the same on every machine.
    """

    def __init__(self, task: TaskSpec, network: str, distribution: str, bfloat16: bool) -> None:
        with torch.device("meta"):  # draws no initial weights: they come with load
            unloaded = PolicyNetwork(task, network, distribution)
        self._network = unloaded.to_empty(device="cpu").eval().requires_grad_(requires_grad=False)
        self._distribution = make_distribution(unloaded.distribution, task.action)
        self._action = task.action
        self._bfloat16 = bfloat16
        self._deterministic = False
        self._loaded = False

    def load(self, weights: WeightsSnapshot) -> None:
        """Act with these weights from now on. Raises KeyError or ValueError if they are another network's."""
        for name, parameter in self._network.named_parameters():
            value = weights.tensors[name]
            if value.shape != tuple(parameter.shape):
                raise ValueError(f"{name} has shape {value.shape}, and this network needs {tuple(parameter.shape)}")
        self._deterministic = weights.knobs.get("deterministic", 0.0) == 1.0
        self._network.compute_with(Arithmetic(bfloat16=self._bfloat16 and not self._deterministic, acting=True))
        for name, parameter in self._network.named_parameters():
            parameter.copy_(torch.tensor(weights.tensors[name]))
        self._loaded = True

    def act(self, observations: Array, rngs: EpisodeRandom) -> Decision:
        """Decide for (rows, stack, *observation_shape); ``rngs`` has one stream per row."""
        if not self._loaded:
            raise RuntimeError("this actor has no weights yet: call load first")
        with torch.inference_mode():
            batch = torch.tensor(observations).reshape(len(observations), *self._network.shape)
            parameters = self._network(batch)
            if self._deterministic:
                actions = self._distribution.mode(parameters).numpy()
            else:
                actions = self._distribution.sample(parameters.numpy(), rngs)
            log_probs = self._distribution.log_prob(parameters, torch.from_numpy(actions)).numpy()
        return Decision(actions, self._for_environment(actions), log_probs)

    def _for_environment(self, actions: Array) -> Array:
        if not isinstance(self._action, Box):
            return actions.copy()
        return np.clip(actions, np.asarray(self._action.low, np.float32), np.asarray(self._action.high, np.float32))
