"""PPO learns to drive: minutes of training from fixed seeds, then tracks it has never seen."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch

from agents.api import WeightsSnapshot, no_pulse
from agents.ppo.agent import PPOAgent
from agents.ppo.config import PPOConfig
from carracing import TaskConfig, make_worlds, task_spec
from carracing.registry import scoring_task
from collectors.api import CollectorConfig
from collectors.episodes import EpisodePlan, run_episodes
from collectors.lanes import WorldLanes
from collectors.registry import CollectorPlan, make_collector
from collectors.seeds import EpisodeSeeds

HELP = {"early_stop": 100, "missed_penalty": 10.0}
LANES = 64


def trained(task: TaskConfig, config: PPOConfig, rounds: int) -> PPOAgent:
    spec = task_spec(task)
    agent = PPOAgent(spec, config, seed=1)
    plan = CollectorPlan(
        CollectorConfig(lanes=LANES, workers=1),
        partial(make_worlds, "fast", task),
        spec,
        agent.actor_spec(),
        EpisodeSeeds(1),
    )
    collector = make_collector("sync", plan)
    for number in range(rounds):
        collector.publish(agent.snapshot())
        agent.learn(collector.collect(agent.demand.steps), number / rounds)
    collector.close()
    return agent


def score(agent: PPOAgent, task: TaskConfig, tracks: int) -> float:
    snapshot = agent.snapshot()
    actor = agent.actor_spec().build()
    actor.load(WeightsSnapshot(snapshot.version, snapshot.tensors, {"deterministic": 1.0}))
    lanes = WorldLanes(make_worlds("fast", scoring_task(task, "fast"), tracks))
    seeds = EpisodeSeeds(1)
    plans = [EpisodePlan(number, 1_000_000 + number, seeds.key(number)) for number in range(tracks)]
    records = run_episodes(actor, lanes, plans, no_pulse, lambda record: None)
    lanes.close()
    return float(np.mean([record.episode_return for record in records]))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("distribution", ["beta", "squashed", "gaussian"])
def test_from_vectors(distribution: str) -> None:
    torch.set_num_threads(1)
    task = TaskConfig(observation="vector", stack=1, **HELP)  # type: ignore[arg-type]
    agent = trained(task, PPOConfig(distribution=distribution), rounds=120)  # type: ignore[arg-type]
    assert score(agent, task, 20) > 750.0


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_from_pixels() -> None:
    torch.set_num_threads(2)
    task = TaskConfig(observation="grey-fast", **HELP)  # type: ignore[arg-type]
    agent = trained(task, PPOConfig(), rounds=80)
    assert score(agent, task, 20) > 400.0
