"""PPO's actor: samples actions from the policy network; all that a worker process loads is torch."""

from __future__ import annotations

from math import log, pi

import numpy as np
import numpy.typing as npt
import torch

from agents.api import Decision, WeightsSnapshot
from agents.networks import PolicyNetwork
from agents.random import EpisodeRandom
from carracing.task import Array, Box, TaskSpec

_HALF_LOG_2PI = 0.5 * log(2.0 * pi)


def make_actor(task: TaskSpec, network: str) -> PPOActor:
    """Build PPO's actor for ``task``; ``network`` as in PPOConfig."""
    return PPOActor(task, network)


class PPOActor:
    """Acts with a diagonal Gaussian (Box) or a categorical distribution (Discrete).

    With the knob ``deterministic`` at 1 it takes the most probable action instead of a sample.
    """

    def __init__(self, task: TaskSpec, network: str) -> None:
        self._task = task
        with torch.device("meta"):  # draws no initial weights: they come with load
            unloaded = PolicyNetwork(task, network)
        self._network = unloaded.to_empty(device="cpu").eval().requires_grad_(requires_grad=False)
        self._std: npt.NDArray[np.float32] = np.ones(task.action.size, np.float32)
        self._deterministic = False
        self._loaded = False

    def load(self, weights: WeightsSnapshot) -> None:
        """Act with these weights from now on. Raises KeyError or ValueError if they are another network's."""
        parameters = dict(self._network.named_parameters())
        for name, parameter in parameters.items():
            value = weights.tensors[name]
            if value.shape != tuple(parameter.shape):
                raise ValueError(f"{name} has shape {value.shape}, and this network needs {tuple(parameter.shape)}")
        for name, parameter in parameters.items():
            parameter.copy_(torch.tensor(weights.tensors[name]))
        if isinstance(self._task.action, Box):
            self._std = np.exp(weights.tensors["log_std"])
        self._deterministic = weights.knobs.get("deterministic", 0.0) == 1.0
        self._loaded = True

    def act(self, observations: Array, rngs: EpisodeRandom) -> Decision:
        """Decide for (rows, stack, *observation_shape); ``rngs`` has one stream per row."""
        if not self._loaded:
            raise RuntimeError("this actor has no weights yet: call load first")
        with torch.inference_mode():
            batch = torch.tensor(observations).reshape(len(observations), *self._network.shape)
            outputs = self._network(batch).numpy()
        if isinstance(self._task.action, Box):
            return self._gaussian(outputs, self._task.action, rngs)
        return self._categorical(outputs, rngs)

    def _gaussian(self, mean: npt.NDArray[np.float32], bounds: Box, rngs: EpisodeRandom) -> Decision:
        actions = mean if self._deterministic else mean + self._std * rngs.normal(mean.shape[1]).astype(np.float32)
        deviations = (actions - mean) / self._std
        log_probs = -(0.5 * deviations**2 + np.log(self._std) + _HALF_LOG_2PI).sum(axis=1)
        env_actions = np.clip(actions, np.asarray(bounds.low, np.float32), np.asarray(bounds.high, np.float32))
        return Decision(actions, env_actions, log_probs.astype(np.float32))

    def _categorical(self, logits: npt.NDArray[np.float32], rngs: EpisodeRandom) -> Decision:
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_all = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        if self._deterministic:
            actions = logits.argmax(axis=1)[:, None]
        else:
            cumulative = np.exp(log_all.astype(np.float64)).cumsum(axis=1)
            chosen = (cumulative < rngs.uniform(1)).sum(axis=1, dtype=np.int64)
            actions = np.minimum(chosen, logits.shape[1] - 1)[:, None]
        log_probs = np.take_along_axis(log_all, actions, axis=1)[:, 0]
        return Decision(actions, actions.copy(), log_probs)
