"""What is DQN's own: random actions that grow fewer, and two networks that check each other."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from agents.api import Actor, WeightsSnapshot
from agents.dqn.agent import DQNAgent
from agents.dqn.config import DQNConfig
from agents.dqn.learner import DQNLearner
from agents.errors import UnsupportedTaskError
from agents.random import EpisodeRandom
from agents.replay.replay import Batch
from carracing.task import TaskSpec
from tests.unit.ppo_rounds import CHOICE, COLOUR, GREY, VECTOR, make_round, observations

PLAIN = DQNConfig(replay=64, warmup=0, batch=8, precision="float32")


def loaded(learner: DQNLearner, **knobs: float) -> Actor:
    actor = learner.actor_spec().build()
    actor.load(WeightsSnapshot(1, learner.acting(), knobs))
    return actor


def stacks(task: TaskSpec, rows: int) -> Any:
    frames = observations(task, rows * task.stack, np.random.default_rng(1))
    return frames.reshape(rows, task.stack, *task.observation_shape)


def streams(rows: int) -> EpisodeRandom:
    return EpisodeRandom(np.arange(rows, dtype=np.uint64) + np.uint64(9), np.arange(rows))


@pytest.mark.parametrize("task", [CHOICE, COLOUR], ids=str)
def test_the_best_action_is_taken_but_for_a_share(task: TaskSpec) -> None:
    learner, rows = DQNLearner(task, PLAIN), 4000
    seen = stacks(task, 8)
    best = loaded(learner, deterministic=1.0, epsilon=1.0).act(seen, streams(8)).actions[:, 0]
    network = learner.networks.online
    inputs = torch.from_numpy(seen)
    inputs = inputs.reshape(8, -1, *task.observation_shape[-2:]) / 255.0 if task is COLOUR else inputs.flatten(1)
    with torch.no_grad():
        assert best.tolist() == network(inputs).argmax(dim=1).tolist()
    assert np.array_equal(loaded(learner).act(seen, streams(8)).actions[:, 0], best), "no epsilon, no chance"
    same = np.repeat(seen[:1], rows, axis=0)
    decision = loaded(learner, epsilon=0.4).act(same, streams(rows))
    assert decision.log_probs is None and np.array_equal(decision.actions, decision.env_actions)
    shares = np.bincount(decision.actions[:, 0], minlength=task.action.n) / rows  # type: ignore[union-attr]
    expected = np.full(len(shares), 0.4 / len(shares))
    expected[best[0]] += 0.6
    np.testing.assert_allclose(shares, expected, atol=0.03)


def test_random_actions_grow_fewer_with_the_budget() -> None:
    config = replace(PLAIN, warmup=30, epsilon_start=0.9, epsilon_end=0.1, exploration=0.5)
    agent = DQNAgent(CHOICE, config, seed=1)
    assert agent.snapshot().knobs == {"epsilon": 1.0}, "warming up"
    for seed, (progress, epsilon) in enumerate([(0.0, 1.0), (0.0, 0.9), (0.25, 0.5), (0.5, 0.1), (1.0, 0.1)]):
        agent.learn(make_round(agent, CHOICE, seed), progress)
        assert agent.snapshot().knobs == {"epsilon": pytest.approx(epsilon)}
    other = DQNAgent(CHOICE, config, seed=2)
    other.restore(agent.state())
    assert other.snapshot().knobs == agent.snapshot().knobs
    assert replace(config, exploration=0.0).epsilon(0.0) == pytest.approx(0.1)


@pytest.mark.parametrize("double", [True, False])
def test_targets_are_as_defined(double: bool) -> None:
    learner = DQNLearner(CHOICE, replace(PLAIN, double=double, target_every=2))
    rng = np.random.default_rng(0)
    with torch.no_grad():
        for parameter in learner.networks.target.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(3)))
    batch = Batch(
        stacks(CHOICE, 30),
        rng.integers(0, 3, (30, 1)),
        rng.normal(size=30).astype(np.float32),
        stacks(CHOICE, 30)[::-1].copy(),
        np.linspace(0, 1, 30, dtype=np.float32),
    )
    online, target = learner.networks.online, learner.networks.target
    with torch.no_grad():
        following = torch.from_numpy(batch.next_observations).flatten(1)
        chooser = online if double else target
        worth = target(following)[torch.arange(30), chooser(following).argmax(dim=1)]
        wanted = torch.from_numpy(batch.rewards) + torch.from_numpy(batch.discounts) * worth
        taken = online(torch.from_numpy(batch.observations).flatten(1))[torch.arange(30), batch.actions[:, 0]]
        expected = functional.huber_loss(taken, wanted)
    before = [parameter.clone() for parameter in target.parameters()]
    learner.update(batch, rng, 1)
    assert learner.figures()["loss/value"] == pytest.approx(float(expected), rel=1e-5)
    assert all(torch.equal(one, other) for one, other in zip(before, target.parameters(), strict=True))
    learner.update(batch, rng, 2)
    assert all(torch.equal(one, other) for one, other in zip(online.parameters(), target.parameters(), strict=True))


def test_only_the_encoder_computes_in_bfloat16() -> None:
    learner = DQNLearner(COLOUR, replace(PLAIN, precision="bfloat16"))
    for network in (learner.networks.online, learner.networks.target):
        torch.nn.init.zeros_(network.values.weight)
        torch.nn.init.constant_(network.values.bias, 100.2)  # bfloat16 knows 100 and 100.5
    rewards, discounts = np.zeros(8, np.float32), np.ones(8, np.float32)
    seen = stacks(COLOUR, 8)
    learner.update(Batch(seen, np.zeros((8, 1), np.int64), rewards, seen, discounts), np.random.default_rng(0), 1)
    figures = learner.figures()
    assert figures["q_mean"] == pytest.approx(100.2, abs=1e-3)
    assert figures["loss/value"] == pytest.approx(0.0, abs=1e-6)


def test_misuse_is_told() -> None:
    actor = DQNAgent(CHOICE, PLAIN, seed=0).actor_spec().build()
    with pytest.raises(RuntimeError, match="load"):
        actor.act(stacks(CHOICE, 1), streams(1))
    for task in (VECTOR, GREY):
        with pytest.raises(UnsupportedTaskError, match=r"task\.action to discrete"):
            DQNAgent(task, PLAIN, seed=0)


def test_a_worker_loads_torch_but_nothing_that_learning_needs() -> None:
    code = (
        "import sys; from carracing.task import TaskConfig, task_spec; from agents.dqn.actor import make_actor;"
        "make_actor(task_spec(TaskConfig(action='discrete')), 'small');"
        "print(sorted({'stable_baselines3', 'gymnasium', 'numba', 'agents.replay'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
