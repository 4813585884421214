"""Other environments than CarRacing: what their lanes owe a collector, and every agent and collector with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import psutil
import pytest

from agents.api import ActorSpec, End, Segment, WeightsSnapshot
from agents.registry import config_class, make_agent
from carracing import make_worlds
from carracing.each_world import CarError
from carracing.environments.finding import found
from carracing.environments.task import EnvTask
from carracing.task import Array
from collectors.api import Collector, CollectorConfig, CollectorError, Lanes
from collectors.lanes import WorldLanes
from collectors.process_lanes import ProcessLanes
from collectors.registry import CollectorPlan, make_collector
from collectors.seeds import EpisodeSeeds
from tests.contract.collecting import same_segments, share_ray
from tests.fakes.agent import copied
from tests.fakes.environments import LIMIT

PROBE = "tests.fakes.environments:Probe-v0"
PLACES = {
    "sequential": CollectorConfig(lanes=1, workers=1),
    "sync": CollectorConfig(lanes=4, workers=1),
    "async": CollectorConfig(lanes=4, workers=2),
    "executor": CollectorConfig(lanes=4, workers=2, depth=2),
    "ray": CollectorConfig(lanes=4, workers=2, depth=2),
}
SMALL: dict[str, dict[str, Any]] = {
    "ppo": {"rollout": 64, "minibatch": 32, "epochs": 1},
    "sac": {"replay": 500, "round": 32, "batch": 16, "warmup": 16},
    "dqn": {"replay": 500, "round": 32, "batch": 16, "warmup": 16},
}
ALL = np.ones(4, np.bool_)
SEEDS = np.array([100, 101, 102, 103])
ACTIONS = np.tile(np.array([1.0, 2.0], np.float32), (4, 1))


def probe(stack: int = 1, frame_skip: int = 1, **options: Any) -> EnvTask:
    return found(EnvTask(PROBE, options=options, stack=stack, frame_skip=frame_skip))


def plan_of(task: EnvTask, config: CollectorConfig, actor: ActorSpec | None = None) -> CollectorPlan:
    actor = actor or ActorSpec("tests.fakes:make_scripted_actor", task.spec)
    return CollectorPlan(config, partial(make_worlds, task.library, task), task.spec, actor, EpisodeSeeds(5))


@pytest.fixture(params=["here", "workers"])
def lanes(request: pytest.FixtureRequest) -> Iterator[Lanes]:
    task = probe(until=3)
    made: Lanes = (
        WorldLanes(make_worlds("gymnasium", task, 4))
        if request.param == "here"
        else ProcessLanes(plan_of(task, CollectorConfig(lanes=4, workers=2)))
    )
    with closing(made):
        yield made


def mask(*lanes: int) -> Array:
    return np.isin(np.arange(4), lanes)


def test_lanes_are_reset_by_seed_and_never_by_themselves(lanes: Lanes) -> None:
    seen = lanes.reset(ALL, SEEDS)
    assert seen.dtype == np.float32 and seen.shape == (4, 4)
    assert np.round(1000 * seen[:, 0]).tolist() == SEEDS.tolist() and (seen[:, 1] == 0).all()
    first = seen.copy()
    for number in (1, 2):
        step = lanes.step(ACTIONS, ALL)
        assert step.observations[:, 1].tolist() == [number] * 4 and step.rewards.tolist() == [3.0] * 4
    step = lanes.step(ACTIONS, ALL)
    assert step.terminated.tolist() == [False, True, False, True] and not step.truncated.any()
    assert step.observations[:, 1].tolist() == [3] * 4  # the true successor, of those that ended too
    step = lanes.step(ACTIONS, mask(0, 2))
    assert step.observations[:, 1].tolist() == [4, 3, 4, 3]
    assert step.rewards.tolist() == [3.0, 0.0, 3.0, 0.0] and step.frames.tolist() == [1, 0, 1, 0]
    again = lanes.reset(mask(1), SEEDS)
    assert np.array_equal(again[1], first[1])
    for _ in range(LIMIT - 4):
        step = lanes.step(ACTIONS, mask(0, 2))
    assert step.truncated.tolist() == [True, False, True, False] and not step.terminated.any()


def test_lanes_go_on_from_their_state(lanes: Lanes) -> None:
    lanes.reset(ALL, SEEDS)
    lanes.step(ACTIONS, ALL)
    state = lanes.state()
    expected = lanes.step(ACTIONS, ALL).observations.copy()
    lanes.step(ACTIONS, ALL)
    lanes.restore(state)
    assert np.array_equal(lanes.step(ACTIONS, ALL).observations, expected)


def test_a_step_lasts_its_frames_or_to_the_end() -> None:
    with closing(make_worlds("gymnasium", probe(frame_skip=3, until=4), 2)) as worlds:
        worlds.reset(ALL[:2], SEEDS[:2])
        step = worlds.step(ACTIONS[:2], ALL[:2])
        assert step.frames.tolist() == [3, 3] and step.rewards.tolist() == [9.0, 9.0]
        step = worlds.step(ACTIONS[:2], ALL[:2])
        assert step.frames.tolist() == [3, 1] and step.terminated.tolist() == [False, True]
        with pytest.raises(CarError, match=r"car 1 .*reset\(seed\) before step"):
            worlds.step(ACTIONS[:2], ALL[:2])


@pytest.mark.parametrize(("fault", "words"), [("raise", "the probe broke"), ("nan", "that is no number")])
def test_what_is_wrong_in_an_environment_is_said_with_its_lane(fault: str, words: str) -> None:
    lanes = WorldLanes(make_worlds("gymnasium", probe(fault=fault), 4))
    with closing(lanes):
        lanes.reset(ALL, SEEDS)
        lanes.step(ACTIONS, ALL)
        with pytest.raises(CollectorError, match=words):
            lanes.step(ACTIONS, ALL)


def collect(collector: Collector) -> list[Segment]:
    segments: list[Segment] = []
    for version in range(2):
        collector.publish(WeightsSnapshot(version, {"bias": np.full(2, 0.1 * version, np.float32)}))
        segments += [copied(segment) for segment in collector.collect(36)]
    return segments


def test_segments_hold_the_true_successor_and_go_on_after_a_cut() -> None:
    task = probe(stack=2)
    with closing(make_collector("sync", plan_of(task, PLACES["sync"]))) as collector:
        segments = collect(collector)
    assert {segment.end for segment in segments} == {End.TERMINATED, End.TRUNCATED, End.CUT}
    for segment in segments:
        numbers = segment.observations[:, -1, 1]
        assert numbers.tolist() == list(range(segment.start, segment.start + len(segment) + 1))
        assert (segment.observations[:, -1, 0] == segment.observations[0, -1, 0]).all()
        assert len(segment) + segment.start <= LIMIT
    cut = next(segment for segment in segments if segment.end is End.CUT)
    after = next(other for other in segments if other.episode == cut.episode and other.start > cut.start)
    assert np.array_equal(after.observations[0], cut.observations[-1])
    with closing(make_collector("async", plan_of(task, PLACES["async"]))) as collector:
        assert same_segments(collect(collector), segments)


def test_nothing_is_left_behind() -> None:
    lanes = ProcessLanes(plan_of(probe(), CollectorConfig(lanes=4, workers=2)))
    lanes.reset(ALL, SEEDS)
    workers = list(lanes.pids)
    lanes.close()
    lanes.close()
    assert len(workers) == 2 and not any(psutil.pid_exists(pid) for pid in workers if pid)


CELLS = [
    ("ppo", "sync", {"told": "choice"}),
    ("ppo", "sequential", {"seen": "image"}),
    ("dqn", "sync", {"told": "choice"}),
    ("dqn", "async", {"told": "choice", "seen": "image"}),
    ("sac", "sync", {}),
    ("sac", "executor", {}),
    pytest.param("ppo", "ray", {}, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("name", "place", "options"), CELLS)
def test_agents_learn_in_them(name: str, place: str, options: dict[str, Any]) -> None:
    if place == "ray":
        share_ray()
    task = probe(stack=2, **options)
    agent = make_agent(name, task.spec, config_class(name)(**SMALL[name]), seed=1)
    before = agent.snapshot()
    with closing(make_collector(place, plan_of(task, PLACES[place], agent.actor_spec()))) as collector:
        for number in range(2):
            collector.publish(agent.snapshot())
            metrics = agent.learn(collector.collect(agent.demand.steps), number / 2)
            assert all(np.isfinite(value) for value in metrics.values())
        assert all(record.facts == {} for record in collector.stats().episodes)
    assert any((value != before.tensors[key]).any() for key, value in agent.snapshot().tensors.items())


def test_envpools_environments_depend_on_their_seed_alone() -> None:
    pytest.importorskip("envpool")
    task = found(EnvTask("CartPole-v1", "envpool"))
    action = np.zeros((3, 1), np.int64)
    with closing(make_worlds("envpool", task, 3)) as worlds:
        first = worlds.reset(ALL[:3], np.array([5, 6, 5])).copy()
        assert np.array_equal(first[0], first[2]) and not np.array_equal(first[0], first[1])
        live, steps = ALL[:3].copy(), 0
        while live[0]:
            step = worlds.step(action, live)
            live &= ~(step.terminated | step.truncated)
            steps += 1
        assert 5 < steps < 20 and np.array_equal(step.observations[0], step.observations[2])
        assert np.array_equal(worlds.reset(mask(0)[:3], np.array([5, 0, 0]))[0], first[0])


def test_an_environment_that_became_another_is_refused() -> None:
    task = probe()
    with pytest.raises(ValueError, match="is not what the run was started with"):
        make_worlds("gymnasium", replace(task, options={"seen": "image"}), 1)
