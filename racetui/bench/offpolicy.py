"""How many gradient steps a second SAC and DQN take, beside stable-baselines3's ``train()`` on the same batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3 import DQN, SAC
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.type_aliases import ReplayBufferSamples

from agents.dqn.config import DQNConfig
from agents.dqn.learner import DQNLearner
from agents.dqn.networks import HIDDEN, PictureLayers
from agents.network_plans import policy_input_shape
from agents.offpolicy.encoders import is_images
from agents.replay.replay import Batch
from agents.sac.config import SACConfig
from agents.sac.learner import SACLearner
from agents.sac.networks import PictureEncoder
from carracing.task import Box, TaskSpec

STOCK = "stable-baselines3"
Measurement = Callable[[float], float]
"""Learns for about so many seconds; updates per second."""


def contenders(task: TaskSpec, config: SACConfig | DQNConfig) -> Mapping[str, Measurement]:
    """name -> measurement, all with the same networks and batch; the last is as configured.

    Of pictures SAC of stable-baselines3 has an encoder for the policy and one for the critics, and sees them
    unshifted; ours has one for both.
    """
    batch = _made_up(task, config.sizes(task).batch)
    plain = replace(config, precision="float32")
    plain = replace(plain, double=False) if isinstance(plain, DQNConfig) else plain
    return {
        STOCK: _stock(task, config, batch),
        "ours, float32": _ours(task, plain, batch),
        "ours, default": _ours(task, config, batch),
    }


def _made_up(task: TaskSpec, rows: int) -> Batch:
    rng, shape = np.random.default_rng(0), (rows, task.stack, *task.observation_shape)
    if is_images(task):
        seen, following = rng.integers(0, 256, (2, *shape), np.uint8)
    else:
        seen, following = rng.random((2, *shape), np.float32)
    actions = np.zeros((rows, task.action.size), task.action_dtype)
    return Batch(seen, actions, np.ones(rows, np.float32), following, np.full(rows, 0.99, np.float32))


def _repeat(update: Callable[[int], object], seconds: float) -> float:
    update(1)
    count, started = 1, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds:
        count += 1
        update(count)
    return (count - 1) / elapsed


def _ours(task: TaskSpec, config: SACConfig | DQNConfig, batch: Batch) -> Measurement:
    def measure(seconds: float) -> float:
        learner = SACLearner(task, config) if isinstance(config, SACConfig) else DQNLearner(task, config)
        rng = np.random.default_rng(1)
        return _repeat(lambda number: learner.update(batch, rng, number), seconds)

    return measure


class _SACFeatures(BaseFeaturesExtractor):
    """Our encoder as stable-baselines3 wants it."""

    def __init__(self, observation_space: spaces.Box, task: TaskSpec, config: SACConfig) -> None:
        super().__init__(observation_space, config.features)
        self.encoder = PictureEncoder(task, config.network, config.features)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Encode a batch."""
        encoded: torch.Tensor = self.encoder(images)
        return encoded


class _DQNFeatures(BaseFeaturesExtractor):
    """The same of DQN's."""

    def __init__(self, observation_space: spaces.Box, task: TaskSpec, config: DQNConfig) -> None:
        layers = PictureLayers(task, config.network)
        super().__init__(observation_space, layers.width)
        self.layers = layers

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Encode a batch."""
        encoded: torch.Tensor = self.layers(images)
        return encoded


class _OneBatch:
    """In the place of stable-baselines3's replay."""

    def __init__(self, task: TaskSpec, batch: Batch) -> None:
        rows, shape = len(batch.rewards), policy_input_shape(task)
        columns = (np.zeros(rows, np.float32), batch.rewards, batch.discounts)
        over, rewards, discounts = (torch.from_numpy(column)[:, None] for column in columns)
        self._samples = ReplayBufferSamples(
            torch.from_numpy(batch.observations.reshape(rows, *shape)),
            torch.from_numpy(batch.actions),
            torch.from_numpy(batch.next_observations.reshape(rows, *shape)),
            over,
            rewards,
            discounts,
        )

    def sample(self, _rows: int, env: None = None) -> ReplayBufferSamples:  # noqa: ARG002  (its signature)
        """Always the same."""
        return self._samples


def _stock(task: TaskSpec, config: SACConfig | DQNConfig, batch: Batch) -> Measurement:
    def measure(seconds: float) -> float:
        model: Any = _model(task, config)
        model.replay_buffer = _OneBatch(task, batch)
        return _repeat(lambda _: model.train(1, len(batch.rewards)), seconds)

    return measure


def _model(task: TaskSpec, config: SACConfig | DQNConfig) -> Any:
    sac, images = isinstance(config, SACConfig), is_images(task)
    settings: dict[str, Any] = {"net_arch": list(HIDDEN)} if sac or not images else {"net_arch": []}
    if images:
        settings["features_extractor_class"] = _SACFeatures if sac else _DQNFeatures
        settings["features_extractor_kwargs"] = {"task": task, "config": config}
    options: dict[str, Any] = {
        "device": config.device,
        "policy_kwargs": settings,
        "buffer_size": 1,
        "_init_setup_model": False,
    }
    model: Any = SAC("MlpPolicy", None, target_entropy=-2.0, **options) if sac else DQN("MlpPolicy", None, **options)  # type: ignore[arg-type]
    shape = policy_input_shape(task)
    model.observation_space = spaces.Box(0, 255, shape, np.uint8) if images else spaces.Box(-9, 9, shape)
    if isinstance(task.action, Box):
        model.action_space = spaces.Box(np.array(task.action.low, "f"), np.array(task.action.high, "f"))
    else:
        model.action_space = spaces.Discrete(task.action.n)
    model.n_envs = 1
    model._setup_model()
    model.set_logger(Logger(None, []))
    return model
