"""Real training, some rounds of it: where cars are stepped changes no bit of what is learned."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np
import pytest

from agents.api import State
from agents.ppo.agent import PPOAgent
from agents.ppo.config import PPOConfig
from carracing import make_worlds
from carracing.task import TaskConfig, task_spec
from collectors.api import CollectorConfig
from collectors.registry import CollectorPlan, make_collector
from collectors.seeds import EpisodeSeeds, SeedsConfig
from tests.contract.collecting import same_states

TASK = TaskConfig(observation="vector", frame_skip=8, early_stop=60, stack=2)
PPO = PPOConfig(rollout=96, minibatch=32, epochs=2)
INDEPENDENT, SHARED = SeedsConfig(), SeedsConfig("shared", seed_base=1000)
ROUNDS = 3


def train(name: str, config: CollectorConfig, seeds: SeedsConfig = INDEPENDENT, backend: str = "fast") -> State:
    """What an agent has come to."""
    agent = PPOAgent(task_spec(TASK), PPO, seed=1)
    worlds = partial(make_worlds, backend, TASK, threads=config.threads, cars=config.cars)
    episode_seeds = EpisodeSeeds(5, config.cars, seeds, config.lanes)
    plan = CollectorPlan(config, worlds, task_spec(TASK), agent.actor_spec(), episode_seeds)
    with closing(make_collector(name, plan)) as collector:
        for number in range(ROUNDS):
            collector.publish(agent.snapshot())
            metrics = agent.learn(collector.collect(agent.demand.steps), number / ROUNDS)
            assert all(np.isfinite(value) for value in metrics.values())
    return agent.state()


@pytest.mark.parametrize(
    ("seeds", "select", "backend"),
    [(INDEPENDENT, "all", "gymnasium"), (SHARED, "all", "fast"), (SHARED, "best", "gymnasium")],
)
def test_sync_and_async_runs_are_the_same_to_the_last_bit(
    seeds: SeedsConfig, select: Literal["all", "best"], backend: str
) -> None:
    config = CollectorConfig(6, workers=1, select=select)
    sync = train("sync", config, seeds)
    assert same_states(train("sync", replace(config, threads=2), seeds), sync)
    assert same_states(train("async", replace(config, workers=2), seeds, backend), sync)


@pytest.mark.parametrize("select", ["all", "best"])
def test_hybrid_runs_are_the_same_with_any_number_of_workers_and_on_every_backend(
    select: Literal["all", "best"],
) -> None:
    config = CollectorConfig(6, cars=2, workers=1, select=select)
    one = train("hybrid", config)
    assert same_states(train("hybrid", replace(config, workers=2), backend="gymnasium"), one)
    assert not same_states(train("hybrid", replace(config, select="all" if select == "best" else "best")), one)


def test_multicar_runs_are_those_of_hybrid_on_one_track() -> None:
    config = CollectorConfig(4, cars=4, workers=1)
    multicar = train("multicar", config)
    assert same_states(train("hybrid", config), multicar)
    assert same_states(train("multicar", replace(config, threads=2)), multicar)
    assert same_states(train("multicar", config, backend="gymnasium"), multicar)


def test_executor_runs_repeat_to_the_last_bit() -> None:
    config = CollectorConfig(4, workers=2, select="best")
    assert same_states(train("executor", config, SHARED), train("executor", config, SHARED))
