"""Every agent on every collector, with real cars: acted, driven, learned from, and gone on with."""

from __future__ import annotations

from contextlib import closing
from functools import partial

import numpy as np
import pytest

from agents.registry import AGENTS, agent_entry, config_class, make_agent
from carracing import make_worlds
from carracing.task import TaskConfig, task_spec
from collectors.api import CollectorConfig
from collectors.registry import COLLECTORS, CollectorPlan, make_collector
from collectors.seeds import EpisodeSeeds
from tests.contract.collecting import share_ray
from tests.contract.test_agents import SMALL
from tests.fakes.demonstrations import made_up_set

PLACES = {
    "sequential": CollectorConfig(lanes=1, workers=1),
    "multicar": CollectorConfig(lanes=4, cars=4, workers=1),
    "sync": CollectorConfig(lanes=4, workers=1),
    "async": CollectorConfig(lanes=4, workers=2),
    "hybrid": CollectorConfig(lanes=4, cars=2, workers=2),
    "executor": CollectorConfig(lanes=4, workers=2, depth=2),
    "ray": CollectorConfig(lanes=4, workers=2, depth=2),
}
ROUNDS = 2
CELLS = [
    pytest.param(agent, collector, id=f"{agent}-{collector}", marks=[pytest.mark.slow] if entry.workers else [])
    for agent in AGENTS
    for collector, entry in COLLECTORS.items()
]
"""Those that start processes take a second each."""


@pytest.mark.parametrize(("name", "place"), CELLS)
def test_it_runs(name: str, place: str) -> None:
    entry = agent_entry(name)
    labels = bool(entry.usual.get("task.labels"))
    task = TaskConfig(observation="vector", frame_skip=8, early_stop=60, stack=2, action=entry.action, labels=labels)
    recorded = {"demos": str(made_up_set(task))} if entry.offline else {}
    agent = make_agent(name, task_spec(task), config_class(name)(**SMALL[name], **recorded), seed=1)
    config = PLACES[place]
    worlds = partial(make_worlds, "fast", task, cars=config.cars)
    plan = CollectorPlan(config, worlds, task_spec(task), agent.actor_spec(), EpisodeSeeds(5, config.cars))
    if place == "ray":
        share_ray()
    before = agent.snapshot()
    with closing(make_collector(place, plan)) as collector:
        for number in range(ROUNDS):
            collector.publish(agent.snapshot())
            segments = collector.collect(agent.demand.steps or 40)
            assert sum(map(len, segments)) >= (agent.demand.steps or 40)
            metrics = agent.learn(segments if agent.demand.steps else [], number / ROUNDS)
            assert metrics and all(np.isfinite(value) for value in metrics.values())
    after = agent.snapshot()
    assert after.version == before.version + ROUNDS
    assert any((value != before.tensors[key]).any() for key, value in after.tensors.items())
