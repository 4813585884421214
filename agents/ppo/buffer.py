"""What stable-baselines3's PPO.train() reads its minibatches from: our experience behind its rollout buffer."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.type_aliases import RolloutBufferSamples

from agents.api import Pulse
from agents.ppo.advantages import Floats
from agents.ppo.experience import Experience


class ExperienceBuffer(RolloutBuffer):
    """A rollout buffer without storage of its own: ``fill`` it, then train; minibatches gather their stacks.

    ``rng`` is the generator numpy's global functions use, so that stable-baselines3's order of steps, which
    comes from them, can be had by giving it their state.
    """

    def __init__(self, *args: Any, rng: np.random.RandomState, pulse: Pulse, **kwargs: Any) -> None:
        self._rng = rng
        self._pulse = pulse
        self._experience: Experience | None = None
        super().__init__(*args, **kwargs)

    def reset(self) -> None:
        """Let go of the experience; allocates nothing."""
        self._experience = None
        self.values = self.log_probs = self.advantages = self.returns = np.zeros(0, np.float32)

    def fill(self, experience: Experience, values: Floats, log_probs: Floats, advantages: Floats) -> None:
        """Take a round; the three are (N,), and the targets of the value are values + advantages."""
        self._experience = experience
        self.values, self.log_probs, self.advantages = values, log_probs, advantages
        self.returns = advantages + values

    def get(self, batch_size: int | None = None) -> Generator[RolloutBufferSamples, None, None]:
        """Yield every step once, in random order, ``batch_size`` at a time; the last may be smaller."""
        if self._experience is None:
            raise RuntimeError("the buffer has no experience: fill it first")
        experience, size = self._experience, batch_size or len(self._experience)
        order = self._rng.permutation(len(experience))
        columns = [
            torch.from_numpy(column) for column in (self.values, self.log_probs, self.advantages, self.returns)
        ]
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            index = torch.from_numpy(chosen)
            yield RolloutBufferSamples(
                experience.observations(experience.first_frame[chosen]),
                experience.actions[index],
                *(column[index] for column in columns),
            )
            self._pulse()
