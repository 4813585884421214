"""The reference: stable-baselines3's own PPO with SubprocVecEnv, on the same task, network and settings."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import SubprocVecEnv, VecFrameStack

from agents.network_plans import NETWORKS
from agents.ppo.config import PPOConfig
from agents.ppo.reference import SharedImageEncoder
from carracing.actions import to_controls
from carracing.observation import grey
from carracing.stock import make_stock_world
from carracing.task import TaskConfig
from racetui.bench.contenders import Bench, Speed


class StockEnv(gymnasium.Env[Any, Any]):
    """Stock CarRacing-v3 with frame skip and grey observations, as wrappers make it: every frame is drawn."""

    def __init__(self, frame_skip: int) -> None:
        self.observation_space = spaces.Box(0, 255, (1, 84, 84), np.uint8)
        self.action_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
        self._skip = frame_skip
        self._env: gymnasium.Env[Any, Any] = gymnasium.make("CarRacing-v3")

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        picture, _ = self._env.reset(seed=seed, options=options)
        return grey(picture)[None], {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Repeat ``action`` for the frames of one step."""
        controls, total = to_controls(np.asarray(action)[None])[0], 0.0
        frames, terminated, truncated = 0, False, False
        while frames < self._skip and not (terminated or truncated):
            picture, reward, terminated, truncated, _ = self._env.step(controls)
            total += float(reward)
            frames += 1
        return grey(picture)[None], total, terminated, truncated, {"frames": frames}


class UndrawnEnv(gymnasium.Env[Any, Any]):
    """The same task on our stock backend, which draws only the frames that are seen."""

    def __init__(self, task: TaskConfig) -> None:
        self.observation_space = spaces.Box(0, 255, (1, 84, 84), np.uint8)
        self.action_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
        self._world = make_stock_world(task)
        self._live = np.ones(1, bool)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        super().reset(seed=seed, options=options)
        return self._world.reset(int(self.np_random.integers(2**31))), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Take one step of the world."""
        step = self._world.step(np.asarray(action, np.float32)[None], self._live)
        return (
            step.observations,
            float(step.rewards[0]),
            bool(step.terminated[0]),
            bool(step.truncated[0]),
            {"frames": int(step.frames[0])},
        )


class _Clock(BaseCallback):
    """Counts frames and seconds from the end of the first round on, and stops after whole rounds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._rounds = 0
        self._started = 0.0
        self._frames = 0
        self.speed: Speed | None = None

    def _on_rollout_start(self) -> None:
        now = time.perf_counter()
        if self._rounds == 1:
            self._started, self._frames = now, 0
        elif self._rounds > 1 and now - self._started >= self._seconds:
            self.speed = Speed(self._frames, now - self._started)
        self._rounds += 1

    def _on_step(self) -> bool:
        self._frames += sum(info["frames"] for info in self.locals["infos"])
        return self.speed is None


def measure_reference(bench: Bench, drawn: bool) -> Speed:
    """Train stable-baselines3's PPO for ``bench.seconds`` after a first round; frames per second of it all."""
    task, config = TaskConfig(), PPOConfig()
    make: Callable[[], gymnasium.Env[Any, Any]]
    make = partial(StockEnv, task.frame_skip) if drawn else partial(UndrawnEnv, task)
    envs = VecFrameStack(
        SubprocVecEnv([make] * bench.lanes, start_method="forkserver"), task.stack, channels_order="first"
    )
    model = PPO(
        "CnnPolicy",
        envs,
        learning_rate=config.learning_rate,
        n_steps=config.rollout // bench.lanes,
        batch_size=config.minibatch,
        n_epochs=config.epochs,
        ent_coef=config.entropy,
        policy_kwargs={
            "features_extractor_class": SharedImageEncoder,
            "features_extractor_kwargs": {"plan": NETWORKS[config.network]},
        },
        device="cpu",
        seed=1,
    )
    clock = _Clock(bench.seconds)
    try:
        model.learn(10**9, callback=clock)
    finally:
        envs.close()
    if clock.speed is None:
        raise RuntimeError("stable-baselines3 stopped before the measurement was over")
    return clock.speed
