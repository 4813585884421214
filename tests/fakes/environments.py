"""Environments of another package: registered when imported, as ``tests.fakes.environments:Probe-v0`` has it."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

LIMIT = 7
"""Steps after which an episode is truncated."""
VECTOR = spaces.Box(-np.inf, np.inf, (2, 2), np.float64)
IMAGE = spaces.Box(0, 255, (40, 44, 3), np.uint8)
BOX = spaces.Box(np.array([-2.0, 0.0]), np.array([2.0, 10.0]), dtype=np.float64)
SPACES: dict[str, spaces.Space[Any]] = {
    "vector": VECTOR,
    "image": IMAGE,
    "number": spaces.Discrete(5, start=3),
    "bits": spaces.MultiBinary(4),
    "bytes": spaces.Box(0, 255, (8,), np.uint8),
    "dict": spaces.Dict(here=VECTOR),
    "box": BOX,
    "choice": spaces.Discrete(3, start=1),
    "choices": spaces.MultiDiscrete([2, 2]),
    "unbounded": spaces.Box(-np.inf, np.inf, (1,), np.float32),
}


class Probe(gymnasium.Env[Any, Any]):
    """Shows its seed (thousandths), its step and a noise drawn from the seed; rewards are what it was told.

    Odd seeds terminate after ``until`` steps. ``fault``: "raise" or "nan" at the second step.
    """

    def __init__(
        self,
        seen: str = "vector",
        told: str = "box",
        until: int = 5,
        fault: str = "",
        render_mode: str | None = None,
    ) -> None:
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": 50}
        self.observation_space, self.action_space = SPACES[seen], SPACES[told]
        self._until, self._fault, self.render_mode = until, fault, render_mode
        self._seed = self._number = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin; one that begins by itself would have no seed."""
        super().reset(seed=seed, options=options)
        assert seed is not None
        self._seed, self._number = seed, 0
        return self._look(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Take the action; it must lie in the space."""
        assert self.action_space.contains(action), action
        self._number += 1
        if self._fault == "raise" and self._number == 2:
            raise RuntimeError("the probe broke")
        reward = float(np.sum(action)) if self._fault != "nan" or self._number < 2 else float("nan")
        return self._look(), reward, self._seed % 2 == 1 and self._number >= self._until, False, {}

    def render(self) -> Any:
        """Grey that grows with each step, of odd sides."""
        return np.full((41, 61, 3), 10 * self._number, np.uint8)

    def _look(self) -> Any:
        if self.observation_space is VECTOR:
            return np.array([[self._seed % 1000 / 1000, self._number], [self.np_random.random(), 0.0]])
        if self.observation_space is IMAGE:
            picture = np.zeros((40, 44, 3), np.uint8)
            picture[:, :, 0], picture[:, :, 2] = self._number, self._seed % 251
            return picture
        return self.observation_space.sample()


gymnasium.register("Probe-v0", "tests.fakes.environments:Probe", max_episode_steps=LIMIT)
