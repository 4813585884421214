from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from agents.api import Actor
from agents.network_plans import policy_input_shape
from agents.ppo.agent import PPOAgent
from agents.ppo.config import PPOConfig
from agents.random import EpisodeRandom
from carracing.task import TaskSpec
from tests.unit.ppo_rounds import CHOICE, GREY, TASKS, VECTOR, observations

ROWS = 6
EXACT = PPOConfig(precision="float32")
POLICIES = [(task, "auto") for task in TASKS] + [(VECTOR, "gaussian"), (VECTOR, "squashed")]
"""Tasks and distributions; auto is beta for three of the tasks."""
EVERY = pytest.mark.parametrize(("task", "distribution"), POLICIES, ids=str)


def loaded(agent: PPOAgent, **knobs: float) -> Actor:
    actor = agent.actor_spec().build()
    actor.load(replace(agent.snapshot(), knobs=knobs))
    return actor


def stacks(task: TaskSpec, rows: int = ROWS) -> Any:
    frames = observations(task, rows * task.stack, np.random.default_rng(1))
    return frames.reshape(rows, task.stack, *task.observation_shape)


def streams(rows: int = ROWS) -> EpisodeRandom:
    return EpisodeRandom(np.arange(rows, dtype=np.uint64) + np.uint64(9), np.arange(rows))


def blurred(task: TaskSpec, config: PPOConfig) -> PPOAgent:
    """An agent whose weights are far from the nearly uniform policy that training starts from."""
    agent = PPOAgent(task, config, seed=2)
    with torch.no_grad():
        for name, parameter in agent._learner.network.named_parameters():
            if name.startswith("action_net") or name == "log_std":
                parameter.add_(torch.linspace(-0.6, 0.6, parameter.numel()).reshape(parameter.shape))
    return agent


@EVERY
@pytest.mark.parametrize("deterministic", [0.0, 1.0])
def test_log_probabilities_are_those_the_learner_finds(
    task: TaskSpec, distribution: Any, deterministic: float
) -> None:
    agent = blurred(task, replace(EXACT, distribution=distribution))
    decision = loaded(agent, deterministic=deterministic).act(stacks(task), streams())
    assert decision.log_probs is not None and decision.log_probs.dtype == np.float32
    assert decision.actions.dtype == task.action_dtype and decision.actions.shape == (ROWS, task.action.size)
    actions = torch.from_numpy(decision.actions)
    learner = agent._learner
    inputs = torch.from_numpy(stacks(task)).reshape(ROWS, *policy_input_shape(task))
    with torch.no_grad():
        found = learner.distribution.log_prob(learner.network(inputs), actions)
    np.testing.assert_allclose(decision.log_probs, found.numpy(), rtol=1e-5, atol=1e-5)


def test_exploring_in_bfloat16_is_nearly_the_same_and_scores_are_exact() -> None:
    fast, exact = (blurred(GREY, PPOConfig(precision=precision)) for precision in ("bfloat16", "float32"))
    near, far = (loaded(agent).act(stacks(GREY), streams()).actions for agent in (fast, exact))
    np.testing.assert_allclose(near, far, atol=0.05)
    assert not np.array_equal(near, far), "bfloat16 was not used"
    scores = [loaded(agent, deterministic=1.0).act(stacks(GREY), streams()).actions for agent in (fast, exact)]
    assert np.array_equal(scores[0], scores[1])


@EVERY
def test_a_row_decides_alike_in_any_company(task: TaskSpec, distribution: Any) -> None:
    actor = loaded(blurred(task, replace(EXACT, distribution=distribution)))
    together = actor.act(stacks(task), streams())
    for row in range(ROWS):
        rngs = EpisodeRandom(streams().keys[[row]], streams().steps[[row]])
        alone = actor.act(stacks(task)[[row]], rngs)
        np.testing.assert_allclose(alone.actions, together.actions[[row]], atol=1e-5)


def test_gaussian_actions_have_the_policys_mean_and_deviation_and_are_clipped_for_the_environment() -> None:
    agent = blurred(VECTOR, PPOConfig(initial_log_std=0.5, distribution="gaussian"))
    rows = 20_000
    same = np.repeat(stacks(VECTOR, 1), rows, axis=0)
    decision = loaded(agent).act(same, streams(rows))
    mean = loaded(agent, deterministic=1.0).act(same[:1], streams(1)).actions[0]
    std = np.exp(agent.snapshot().tensors["log_std"])
    np.testing.assert_allclose(decision.actions.mean(axis=0), mean, atol=0.05)
    np.testing.assert_allclose(decision.actions.std(axis=0), std, rtol=0.03)
    assert decision.actions.max() > 1.0, "as emitted"
    assert (decision.env_actions <= [1.0, 0.5]).all() and (decision.env_actions >= [-1.0, -0.5]).all()


def test_choices_come_as_often_as_the_policy_says_and_the_likeliest_when_deterministic() -> None:
    agent = blurred(CHOICE, PPOConfig())
    rows = 20_000
    same = np.repeat(stacks(CHOICE, 1), rows, axis=0)
    decision = loaded(agent).act(same, streams(rows))
    assert decision.log_probs is not None
    shares = np.bincount(decision.actions[:, 0], minlength=3) / rows
    for choice in range(3):
        (said,) = np.unique(np.exp(decision.log_probs[decision.actions[:, 0] == choice]))
        assert shares[choice] == pytest.approx(said, abs=0.015)
    best = loaded(agent, deterministic=1.0).act(same[:2], streams(2))
    assert (best.actions == shares.argmax()).all() and np.array_equal(best.actions, best.env_actions)


def test_later_weights_replace_earlier_ones_and_are_copied() -> None:
    agent = blurred(VECTOR, PPOConfig())
    actor, snapshot = loaded(agent, deterministic=1.0), agent.snapshot()
    before = actor.act(stacks(VECTOR), streams()).actions
    for value in snapshot.tensors.values():
        value[...] = 0.0
    assert np.array_equal(actor.act(stacks(VECTOR), streams()).actions, before)
    actor.load(replace(snapshot, knobs={"deterministic": 1.0}))
    assert not actor.act(stacks(VECTOR), streams()).actions.any()


def test_misuse_is_told() -> None:
    actor = PPOAgent(VECTOR, PPOConfig(), seed=0).actor_spec().build()
    with pytest.raises(RuntimeError, match="load"):
        actor.act(stacks(VECTOR), streams())
    with pytest.raises((KeyError, ValueError)):
        actor.load(PPOAgent(GREY, PPOConfig(), seed=0).snapshot())
    wider = replace(VECTOR, stack=3)
    with pytest.raises(ValueError, match="shape"):
        actor.load(PPOAgent(wider, PPOConfig(), seed=0).snapshot())


def test_a_worker_loads_torch_but_nothing_that_learning_needs() -> None:
    code = (
        "import sys; from carracing.task import TaskConfig, task_spec; from agents.ppo.actor import make_actor;"
        "make_actor(task_spec(TaskConfig()), 'small', 'beta', True);"
        "print([name for name in ('stable_baselines3', 'gymnasium', 'numba') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
