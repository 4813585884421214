"""SAC and DQN learn to drive from vectors: some minutes of training from fixed seeds, then tracks never seen."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from agents.api import Agent, WeightsSnapshot, no_pulse
from agents.registry import agent_entry, config_class, make_agent
from carracing import TaskConfig, make_worlds, task_spec
from carracing.registry import scoring_task
from collectors.api import CollectorConfig
from collectors.episodes import EpisodePlan, run_episodes
from collectors.lanes import WorldLanes
from collectors.registry import CollectorPlan, make_collector
from collectors.seeds import EpisodeSeeds

TRACKS = 20


def trained(name: str, task: TaskConfig, steps: int, **settings: Any) -> Agent:
    agent = make_agent(name, task_spec(task), config_class(name)(**settings), seed=1)
    worlds = partial(make_worlds, "fast", task)
    plan = CollectorPlan(
        CollectorConfig(lanes=16, workers=1), worlds, task_spec(task), agent.actor_spec(), EpisodeSeeds(1)
    )
    collector, done = make_collector("sync", plan), 0
    while done < steps:
        collector.publish(agent.snapshot())
        segments = collector.collect(agent.demand.steps)
        agent.learn(segments, done / steps)
        done += sum(map(len, segments))
    collector.close()
    return agent


def score(agent: Agent, task: TaskConfig) -> float:
    snapshot = agent.snapshot()
    actor = agent.actor_spec().build()
    actor.load(WeightsSnapshot(snapshot.version, snapshot.tensors, {"deterministic": 1.0}))
    lanes = WorldLanes(make_worlds("fast", scoring_task(task, "fast"), TRACKS))
    seeds = EpisodeSeeds(1)
    plans = [EpisodePlan(number, 1_000_000 + number, seeds.key(number)) for number in range(TRACKS)]
    records = run_episodes(actor, lanes, plans, no_pulse, lambda record: None)
    lanes.close()
    return float(np.mean([record.episode_return for record in records]))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("name", "steps"), [("sac", 60_000), ("dqn", 120_000)])
def test_from_vectors(name: str, steps: int) -> None:
    torch.set_num_threads(1)
    task = TaskConfig(observation="vector", stack=1, action=agent_entry(name).action)
    agent = trained(name, task, steps)
    assert score(agent, task) > 700
