"""Small untrained policies as checkpoints, whose episodes take 20 steps."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from agents.api import Agent, State
from agents.checkpoint import Checkpoint, save_checkpoint
from agents.ppo.config import PPOConfig
from agents.registry import make_agent
from carracing.task import TaskConfig, task_spec

TASK = TaskConfig(frame_skip=50)


STRAIGHT = (0.0, 0.5)
"""Straight on at half throttle: off the playfield after some 200 frames."""


def make_policy(task: TaskConfig = TASK, **settings: Any) -> tuple[Agent, Checkpoint]:
    """An untrained PPO whose actions differ from observation to observation, and its checkpoint.

    With ``always=(steer, accel)`` it does that, whatever it sees.
    """
    always = settings.pop("always", None)
    if always is not None:
        settings["distribution"] = "gaussian"
    config = PPOConfig(**{"rollout": 48, "minibatch": 16, "epochs": 1} | settings)
    agent = make_agent("ppo", task_spec(task), config, seed=1)
    state = agent.state()
    rng = np.random.default_rng(5)
    # The action layer begins with next to no weights; a mistake in reading the others would not show.
    lively = {
        name: rng.normal(0.0, 0.3, value.shape).astype(np.float32) if name.endswith("action_net.weight") else value
        for name, value in state.tensors.items()
    }
    if always is not None:
        lively["policy/action_net.weight"] = np.zeros_like(lively["policy/action_net.weight"])
        lively["policy/action_net.bias"] = np.array(always, np.float32)
    agent.restore(State(lively, state.facts))
    return agent, Checkpoint("ppo", asdict(config), asdict(task), {"frames": 1}, agent.state(), None)


def save_policy(root: Path, task: TaskConfig = TASK, **settings: Any) -> Path:
    """The directory of such a checkpoint."""
    return save_checkpoint(root, make_policy(task, **settings)[1], "end")
