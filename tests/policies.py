"""Small untrained policies as checkpoints, whose episodes take 20 steps."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from agents.api import Agent, State
from agents.checkpoint import Checkpoint, save_checkpoint
from agents.registry import config_class, make_agent
from carracing.environments.task import EnvTask
from carracing.task import Array, TaskConfig, task_spec

TASK = TaskConfig(frame_skip=50)
STRAIGHT = (0.0, 0.5)
"""Straight on at half throttle: off the playfield after some 200 frames."""
_SMALL: dict[str, dict[str, Any]] = {
    "ppo": {"rollout": 48, "minibatch": 16, "epochs": 1},
    "dagger": {"rollout": 48, "minibatch": 16, "replay": 50},
}


def make_policy(
    task: TaskConfig | EnvTask = TASK, agent: str = "ppo", always: tuple[float, ...] | None = None, **settings: Any
) -> tuple[Agent, Checkpoint]:
    """An untrained agent whose actions differ from observation to observation, and its checkpoint.

    With ``always``, as (steer, accel), PPO does that, whatever it sees.
    """
    if always is not None:
        settings["distribution"] = "gaussian"
    config = config_class(agent)(**_SMALL.get(agent, {}) | settings)
    made = make_agent(agent, task_spec(task), config, seed=1)
    state = made.state()
    tensors = {name: _lively(name, value) for name, value in state.tensors.items()}
    if always is not None:
        tensors["policy/action_net.weight"] = np.zeros_like(tensors["policy/action_net.weight"])
        tensors["policy/action_net.bias"] = np.array(always, np.float32)
    made.restore(State(tensors, state.facts))
    return made, Checkpoint(agent, asdict(config), asdict(task), {"frames": 1}, made.state(), None)


def save_policy(root: Path, task: TaskConfig | EnvTask = TASK, agent: str = "ppo", **settings: Any) -> Path:
    """The directory of such a checkpoint."""
    return save_checkpoint(root, make_policy(task, agent, **settings)[1], "end")


def _lively(name: str, value: Array) -> Array:
    """Last layers begin with next to no weights, and a mistake in reading the others would not show."""
    rng = np.random.default_rng(5)
    if name.endswith("action_net.weight"):
        return rng.normal(0.0, 0.3, value.shape).astype(np.float32)
    if name.startswith("networks/"):
        return (value + rng.normal(0.0, 0.03, value.shape)).astype(np.float32)
    return value
