"""The actor of cloning agents: takes the mode of its policy, with noise if the learner wants to see more road."""

from __future__ import annotations

import numpy as np
import torch

from agents.api import Decision, WeightsSnapshot
from agents.arithmetic import Arithmetic
from agents.bc.networks import make_student
from agents.distributions import make_distribution
from agents.noise import held_noise
from agents.random import EpisodeRandom
from carracing.task import Array, Box, TaskSpec


def make_actor(task: TaskSpec, network: str, distribution: str, bfloat16: bool) -> CloneActor:
    """Build the actor of the named network for ``task``; ``bfloat16`` encodes images so while it learns."""
    return CloneActor(task, network, distribution, bfloat16)


class CloneActor:
    """Samples actions; with the knob ``mode`` at 1 takes the distribution's mode, plus held noise of knob ``noise``.

    With the knob ``deterministic`` at 1 it takes the mode alone and encodes images in float32, so that scores are the
    same on every machine.
    """

    def __init__(self, task: TaskSpec, network: str, distribution: str, bfloat16: bool) -> None:
        with torch.device("meta"):  # draws no initial weights: they come with load
            unloaded = make_student(task, network, distribution)
        self._network = unloaded.to_empty(device="cpu").eval().requires_grad_(requires_grad=False)
        self._distribution = make_distribution(unloaded.distribution, task.action)
        self._task, self._bfloat16 = task, bfloat16
        self._noise, self._sampling, self._loaded = 0.0, True, False

    def load(self, weights: WeightsSnapshot) -> None:
        """Act with these weights from now on. Raises KeyError or ValueError if they are another network's."""
        for name, parameter in self._network.named_parameters():
            value = weights.tensors[name]
            if value.shape != tuple(parameter.shape):
                raise ValueError(f"{name} has shape {value.shape}, and this network needs {tuple(parameter.shape)}")
        knobs = weights.knobs
        deterministic = knobs.get("deterministic", 0.0) == 1.0
        self._network.compute_with(Arithmetic(bfloat16=self._bfloat16 and not deterministic, acting=True))
        for name, parameter in self._network.named_parameters():
            parameter.copy_(torch.tensor(weights.tensors[name]))
        self._sampling = not deterministic and knobs.get("mode", 0.0) != 1.0
        self._noise = 0.0 if deterministic else knobs.get("noise", 0.0)
        self._loaded = True

    def act(self, observations: Array, rngs: EpisodeRandom) -> Decision:
        """Decide for (rows, stack, *observation_shape); ``rngs`` has one stream per row."""
        if not self._loaded:
            raise RuntimeError("this actor has no weights yet: call load first")
        with torch.inference_mode():
            parameters = self._network(torch.tensor(observations).reshape(len(observations), *self._network.shape))
            if self._sampling:
                actions = self._distribution.sample(parameters.numpy(), rngs)
            else:
                actions = self._distribution.mode(parameters).numpy()
        box = self._task.action
        if not isinstance(box, Box):
            return Decision(actions, actions.copy(), None)
        if self._noise:
            actions = actions + np.float32(self._noise) * held_noise(rngs, box.size, self._task.frame_skip)
            actions = actions.astype(np.float32)
        low, high = np.asarray(box.low, np.float32), np.asarray(box.high, np.float32)
        return Decision(actions, np.clip(actions, low, high), None)
