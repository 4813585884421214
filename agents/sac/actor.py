"""SAC's actor: actions squashed by tanh; all that a worker process loads is torch."""

from __future__ import annotations

import numpy as np
import torch

from agents.api import Decision, WeightsSnapshot
from agents.arithmetic import Arithmetic
from agents.offpolicy.encoders import network_inputs
from agents.offpolicy.loading import load_parameters, unloaded
from agents.random import EpisodeRandom
from agents.sac.networks import Acting
from carracing.task import Array, Box, TaskSpec

WARMING_UP = "uniform"
"""Knob: at 1 actions are drawn uniformly from all there are, whatever is seen."""


def make_actor(task: TaskSpec, network: str, features: int) -> SACActor:
    """Build SAC's actor for ``task``; the others as in SACConfig."""
    return SACActor(task, network, features)


class SACActor:
    """Acts with a Gaussian squashed into -1 to 1, which is what it emits; environments get it within their bounds.

    With the knob ``deterministic`` at 1 it takes the squashed mean. Gives no log-densities: replays need none.
    """

    def __init__(self, task: TaskSpec, network: str, features: int) -> None:
        if not isinstance(task.action, Box):
            raise TypeError("SAC acts on continuous actions only")
        self._task = task
        self._low, self._high = (np.asarray(bound, np.float32) for bound in (task.action.low, task.action.high))
        self._network = unloaded(lambda: Acting(task, network, features))
        self._arithmetic = Arithmetic(channels_last=False)
        self._deterministic = self._uniform = self._loaded = False

    def load(self, weights: WeightsSnapshot) -> None:
        """Act with these weights from now on. Raises KeyError or ValueError if they are another network's."""
        load_parameters(self._network, weights)
        self._deterministic = weights.knobs.get("deterministic", 0.0) == 1.0
        self._uniform = weights.knobs.get(WARMING_UP, 0.0) == 1.0 and not self._deterministic
        self._loaded = True

    def act(self, observations: Array, rngs: EpisodeRandom) -> Decision:
        """Decide for (rows, stack, *observation_shape); ``rngs`` has one stream per row."""
        if not self._loaded:
            raise RuntimeError("this actor has no weights yet: call load first")
        if self._uniform:
            actions = (2.0 * rngs.uniform(len(self._low)) - 1.0).astype(np.float32)
        else:
            actions = self._decide(observations, rngs)
        share = (actions + 1.0) * np.float32(0.5)
        env_actions = np.clip(self._low + share * (self._high - self._low), self._low, self._high)
        return Decision(actions, env_actions, None)

    def _decide(self, observations: Array, rngs: EpisodeRandom) -> Array:
        with torch.inference_mode():
            inputs = network_inputs(torch.tensor(observations), self._task, self._arithmetic)
            mean, log_std = self._network.policy(self._network.encoder(inputs))
            if not self._deterministic:
                noise = torch.from_numpy(rngs.normal(mean.shape[1]).astype(np.float32))
                mean = mean + log_std.exp() * noise
            actions: Array = torch.tanh(mean).numpy()
        return actions
