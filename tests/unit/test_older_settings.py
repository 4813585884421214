"""What an older version stored means what it meant: the settings that PPO has gained have the values it implied."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.checkpoint import Checkpoint, build_agent, load_checkpoint, save_checkpoint
from agents.ppo.agent import PPOAgent
from agents.ppo.config import PPOConfig
from agents.random import EpisodeRandom
from carracing.task import TaskConfig, task_spec
from racetui.config import load_stored_spec

FIRST: dict[str, Any] = {
    "rollout": 64,
    "minibatch": 32,
    "epochs": 2,
    "learning_rate": 3e-4,
    "learning_rate_schedule": "linear",
    "gamma": 0.99,
    "gae_lambda": 0.95,
    "clip_range": 0.2,
    "entropy": 0.002,
    "value_coefficient": 0.5,
    "max_grad_norm": 0.5,
    "normalise_rewards": True,
    "network": "small",
    "initial_log_std": -0.5,
}
"""All settings of the first version, which knew the Gaussian only and computed in float32."""


@pytest.mark.parametrize("action", ["steer-accel", "discrete"])
def test_first_checkpoints_are_driven_and_go_on_as_they_were(tmp_path: Path, action: Any) -> None:
    task = TaskConfig(observation="vector", stack=1, action=action)
    settings = FIRST | ({"initial_log_std": 0.0} if action == "discrete" else {})
    distribution: Any = "categorical" if action == "discrete" else "gaussian"
    config = PPOConfig(**settings, distribution=distribution, precision="float32", device="cpu")
    agent = PPOAgent(task_spec(task), config, seed=1)
    path = save_checkpoint(tmp_path, Checkpoint("ppo", settings, asdict(task), {"frames": 4}, agent.state()), "test")
    found = build_agent(load_checkpoint(path))
    seen, rngs = np.ones((3, 1, 67), np.float32), EpisodeRandom(np.arange(3, dtype=np.uint64), np.arange(3))
    decisions = []
    for each in (agent, found):
        actor = each.actor_spec().build()
        actor.load(each.snapshot())
        decisions.append(actor.act(seen, EpisodeRandom(rngs.keys, rngs.steps)))
    assert np.array_equal(decisions[0].actions, decisions[1].actions)
    document = {"name": "old", "agent": "ppo", "agent_config": settings, "task": asdict(task)}
    assert load_stored_spec(document, "spec.yaml").agent_config == config


def test_a_file_that_a_person_writes_has_todays_defaults_instead() -> None:
    from racetui.config import load_spec

    document = {"name": "new", "agent": "ppo", "agent_config": {"rollout": 64, "minibatch": 32}}
    assert load_spec(document, "my.yaml").agent_config == PPOConfig(rollout=64, minibatch=32)
