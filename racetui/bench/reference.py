"""The reference: stable-baselines3's own PPO with SubprocVecEnv, on the same task, network and settings."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import SubprocVecEnv, VecFrameStack

from agents.network_plans import NETWORKS
from agents.ppo.reference import SharedImageEncoder
from carracing.actions import to_controls
from carracing.observation import grey
from carracing.stock import make_stock_world
from carracing.task import TaskConfig
from racetui.bench.measurement import Measurement, Watch
from racetui.spec import RunSpec

SLICE = 16
"""Steps of each environment between looks at the clock, where nothing is learned."""


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


def train(spec: RunSpec, seconds: float, drawn: bool) -> Measurement:
    """Whole rounds of PPO, learning included, after a first one."""
    envs = _environments(spec, drawn)
    model = _model(spec, envs)
    clock = _Clock(seconds)
    with closing(envs):
        model.learn(10**9, callback=clock)
    if clock.measured is None:
        raise RuntimeError("stable-baselines3 stopped before the measurement was over")
    return clock.measured


def collect(spec: RunSpec, seconds: float, drawn: bool) -> Measurement:
    """Rollouts of PPO's policy without learning from them."""
    envs = _environments(spec, drawn)
    model = _model(spec, envs)
    clock = _Clock(seconds)
    with closing(envs):
        _, callback = model._setup_learn(10**9, clock)
        while clock.measured is None:
            model.collect_rollouts(envs, callback, model.rollout_buffer, SLICE)
    return clock.measured


class _Clock(BaseCallback):
    """Counts steps and frames from the end of the first round on, and stops after whole rounds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._rounds = 0
        self._watch: Watch | None = None
        self.measured: Measurement | None = None

    def _on_rollout_start(self) -> None:
        if self._rounds == 1:
            self._watch = Watch()
        elif self._watch is not None and self.measured is None and self._watch.seconds >= self._seconds:
            self.measured = self._watch.read()
        self._rounds += 1

    def _on_step(self) -> bool:
        if self._watch is not None:
            infos = self.locals["infos"]
            self._watch.add(len(infos), sum(info["frames"] for info in infos))
        return self.measured is None


def _environments(spec: RunSpec, drawn: bool) -> VecFrameStack:
    task = spec.task
    make: Callable[[], gymnasium.Env[Any, Any]]
    make = partial(StockEnv, task.frame_skip) if drawn else partial(UndrawnEnv, task)
    processes = SubprocVecEnv([make] * spec.collector_config.lanes, start_method="forkserver")
    return VecFrameStack(processes, task.stack, channels_order="first")


def _model(spec: RunSpec, envs: VecFrameStack) -> PPO:
    config = spec.agent_config
    return PPO(
        "CnnPolicy",
        envs,
        learning_rate=config.learning_rate,
        n_steps=config.rollout // spec.collector_config.lanes,
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
