"""Several cars on a real track, on every backend that has them: the same experience, and what one car alone gets."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np
import pytest

from agents.api import ActorSpec, End, Segment, WeightsSnapshot
from carracing import make_worlds
from carracing.registry import backend_module
from carracing.task import Array, TaskConfig, task_spec
from collectors.api import CollectorConfig
from collectors.registry import CollectorPlan, make_collector
from collectors.seeds import EpisodeSeeds, SeedsConfig
from tests.contract.collecting import same_segments
from tests.fakes.agent import copied

CARS = 3
TASK = TaskConfig(observation="vector", frame_skip=8, early_stop=60, stack=2)


def _plan(backend: str, config: CollectorConfig, task: TaskConfig = TASK) -> CollectorPlan:
    return CollectorPlan(
        config,
        partial(make_worlds, backend, task, threads=config.threads, cars=config.cars),
        task_spec(task),
        ActorSpec("tests.fakes:make_scripted_actor", task_spec(task)),
        EpisodeSeeds(5, CARS),
        preload=(backend_module(backend, task),),
    )


def _collect(name: str, plan: CollectorPlan, rounds: int) -> list[Segment]:
    segments: list[Segment] = []
    with closing(make_collector(name, plan)) as collector:
        for version in range(rounds):
            collector.publish(WeightsSnapshot(version, {"bias": np.full(2, 0.1, np.float32)}))
            segments += [copied(segment) for segment in collector.collect(48)]
    return segments


def _driven(segments: list[Segment]) -> dict[int, Array]:
    """Action and reward of each step of the episodes that were seen to their ends."""
    ended = sorted({segment.episode for segment in segments if segment.end is not End.CUT})
    parts = [(segment.episode, np.column_stack([segment.actions, segment.rewards])) for segment in segments]
    return {episode: np.concatenate([part for number, part in parts if number == episode]) for episode in ended}


@pytest.mark.parametrize("backend", ["gymnasium", "fast"])
def test_cars_of_a_track_get_what_one_car_gets_in_turn(backend: str) -> None:
    alone = _driven(_collect("sequential", _plan(backend, CollectorConfig(1, 1, 1)), 6))
    together = _driven(_collect("multicar", _plan(backend, CollectorConfig(CARS, CARS, 1)), 6))
    spread = _driven(_collect("hybrid", _plan(backend, CollectorConfig(4 * CARS, CARS, 2)), 6))
    shared = alone.keys() & together.keys() & spread.keys()
    assert len(shared) >= 2 * CARS
    for episode in shared:
        assert np.array_equal(alone[episode], together[episode]) and np.array_equal(alone[episode], spread[episode])
    assert len({driven.tobytes() for driven in alone.values()}) == len(alone), "every car has noise of its own"


@pytest.mark.parametrize("observation", ["vector", "grey"])
@pytest.mark.parametrize(
    ("name", "config"), [("multicar", CollectorConfig(CARS, CARS, 1)), ("hybrid", CollectorConfig(9, CARS, 2))]
)
def test_every_backend_collects_the_same(
    name: str, config: CollectorConfig, observation: Literal["vector", "grey"]
) -> None:
    task = replace(TASK, observation=observation, early_stop=100)
    stock = _collect(name, _plan("gymnasium", config, task), 2)
    threads = 2 if name == "multicar" else 1
    fast = _collect(name, _plan("fast", replace(config, threads=threads), task), 2)
    assert same_segments(stock, fast)
    assert all(np.ptp(segment.frames) > 0.5 for segment in stock)


def test_worker_processes_share_a_track_by_its_seed() -> None:
    plan = _plan("fast", CollectorConfig(4, workers=2))
    seeds = EpisodeSeeds(5, config=SeedsConfig("shared", seed_base=1000), lanes=4)
    plan = replace(plan, seeds=seeds)
    with closing(make_collector("async", plan)) as collector:
        collector.publish(WeightsSnapshot(0, {"bias": np.zeros(2, np.float32)}))
        begun = [segment for segment in collector.collect(4 * 30) if segment.start == 0]
        records = collector.stats().episodes
        starts = [{segment.frames[0].tobytes() for segment in begun if segment.episode // 4 == n} for n in (0, 1)]
    assert [len(start) for start in starts] == [1, 1] and starts[0] != starts[1]
    assert [record.seed for record in records] == [1000 + record.episode // 4 for record in records]
    assert len(records) >= 4
