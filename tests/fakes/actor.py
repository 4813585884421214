"""An actor whose every output is a pure function of what it saw: exact whatever else is in the batch."""

from __future__ import annotations

import numpy as np

from agents.api import Decision, WeightsSnapshot
from agents.random import EpisodeRandom
from carracing.task import Array, Box, TaskSpec
from tests.fakes.world import WORDS


class ScriptedActor:
    """Acts on the headers of all stacked observations plus noise; keeps the versions it was given."""

    def __init__(self, task: TaskSpec, log_probs: bool = True) -> None:
        self.task = task
        self.versions: list[int] = []
        self._log_probs = log_probs
        self._bias = np.zeros(task.action.size, dtype=np.float32)
        self._deterministic = False

    def load(self, weights: WeightsSnapshot) -> None:
        self.versions.append(weights.version)
        self._bias = weights.tensors["bias"].copy()
        self._deterministic = bool(weights.knobs.get("deterministic", 0.0))

    def act(self, observations: Array, rngs: EpisodeRandom) -> Decision:
        rows = len(observations)
        expected = (rows, self.task.stack, *self.task.observation_shape)
        assert observations.shape == expected, f"{observations.shape}, not {expected}"
        assert observations.dtype == self.task.observation_dtype
        assert rngs.keys.shape == rngs.steps.shape == (rows,)
        columns = self.task.action.size
        noise = rngs.normal(columns) * (0.0 if self._deterministic else 0.4)
        seen = self._seen(observations)
        log_probs = (-0.5 * noise[:, 0] ** 2).astype(np.float32) if self._log_probs else None
        if isinstance(self.task.action, Box):
            wanted = (seen % 64)[:, None] / 32 - 1 + noise + self._bias
            actions = wanted.astype(np.float32)
            low, high = (np.array(bound, dtype=np.float32) for bound in (self.task.action.low, self.task.action.high))
            return Decision(actions, np.clip(actions, low, high), log_probs)
        choice = (seen + np.floor(noise[:, 0] * 4).astype(np.int64)) % self.task.action.n
        return Decision(choice[:, None], choice[:, None], log_probs)

    def _seen(self, observations: Array) -> Array:
        """(rows,) int64, different for each order of the stack."""
        flat = observations.reshape(*observations.shape[:2], -1)[..., : 2 * WORDS].astype(np.int64)
        weights = np.arange(1, flat.shape[1] * flat.shape[2] + 1).reshape(flat.shape[1:])
        seen: Array = (flat * weights).sum(axis=(1, 2))
        return seen


def make_scripted_actor(task: TaskSpec, log_probs: bool = True) -> ScriptedActor:
    """What an ActorSpec names."""
    return ScriptedActor(task, log_probs)
