"""Cloning the scripted driver: a minute of training, then tracks nobody drove before."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.api import Agent, WeightsSnapshot, no_pulse
from agents.bc.config import BCConfig, DAggerConfig
from agents.bc.dagger import DAggerAgent
from agents.bc.offline import BCAgent
from carracing import TaskConfig, make_worlds, task_spec
from carracing.registry import scoring_task
from carracing.task import EVALUATION_TRACKS
from collectors.api import CollectorConfig
from collectors.episodes import EpisodePlan, run_episodes
from collectors.lanes import WorldLanes
from collectors.registry import CollectorPlan, make_collector
from collectors.seeds import EpisodeSeeds
from racetui.demos import Request, make_plan, record

VECTOR = TaskConfig(observation="vector", stack=1)
LABELLED = TaskConfig(observation="vector", stack=1, labels=True, early_stop=200)
TRACKS = 20


def score(agent: Agent) -> float:
    """Mean return over TRACKS unseen tracks under the released rules."""
    actor = agent.actor_spec().build()
    actor.load(WeightsSnapshot(0, agent.snapshot().tensors, {"deterministic": 1.0}))
    lanes = WorldLanes(make_worlds("fast", scoring_task(VECTOR, "fast"), TRACKS))
    plans = [EpisodePlan(n, EVALUATION_TRACKS[n], np.uint64(0)) for n in range(TRACKS)]
    records = run_episodes(actor, lanes, plans, no_pulse)
    lanes.close()
    return float(np.mean([record.episode_return for record in records]))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_dagger_drives_nearly_as_well_as_its_expert() -> None:
    torch.set_num_threads(1)
    spec, rounds = task_spec(LABELLED), 15
    agent = DAggerAgent(spec, DAggerConfig(network="wide"), seed=1)
    plan = CollectorPlan(
        CollectorConfig(lanes=32, workers=1),
        partial(make_worlds, "fast", LABELLED),
        spec,
        agent.actor_spec(),
        EpisodeSeeds(1),
    )
    collector = make_collector("sync", plan)
    for number in range(rounds):
        collector.publish(agent.snapshot())
        agent.learn(collector.collect(agent.demand.steps), number / rounds)
    collector.close()
    assert score(agent) > 900


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_clone_of_recorded_driving_drives(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    plan = make_plan(tmp_path / "set", Request(episodes=160, noise=[0.0, 0.02, 0.05]), VECTOR, None)
    record(plan, workers=2)
    config = BCConfig(demos=str(tmp_path / "set"), network="wide", workers=0, round=1000)
    agent = BCAgent(task_spec(VECTOR), config, seed=1)
    rounds = 3
    for number in range(rounds):
        agent.learn([], number / rounds)
    assert score(agent) > 850
