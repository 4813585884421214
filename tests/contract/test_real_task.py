"""The real task on every collector: small, but with the simulator, actions and pictures that training has."""

from __future__ import annotations

import signal
from contextlib import closing
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from agents.api import ActorSpec, End, Segment, WeightsSnapshot
from carracing import make_worlds
from carracing.task import TaskConfig, task_spec
from collectors.api import Collector, CollectorConfig
from collectors.process_lanes import ProcessLanes
from collectors.registry import CollectorPlan, make_collector
from collectors.seeds import EpisodeSeeds
from collectors.step import StepCollector
from tests.contract.collecting import same_segments, share_ray
from tests.fakes.agent import copied
from tests.runs import send_signal

TASK = TaskConfig(frame_skip=8, early_stop=120)
PLAN = CollectorPlan(
    CollectorConfig(lanes=3, workers=2),
    partial(make_worlds, "gymnasium", TASK),
    task_spec(TASK),
    ActorSpec("tests.fakes:make_scripted_actor", task_spec(TASK)),
    EpisodeSeeds(5),
    preload=("carracing.stock",),
)
INSIDE = replace(PLAN, config=CollectorConfig(lanes=3, workers=1))


def _collect(collector: Collector, rounds: int = 2) -> list[Segment]:
    segments: list[Segment] = []
    for version in range(rounds):
        collector.publish(WeightsSnapshot(version, {"bias": np.full(2, 0.1 * version, np.float32)}))
        segments += [copied(segment) for segment in collector.collect(36)]
    return segments


@pytest.fixture(scope="module")
def expected() -> list[Segment]:
    with closing(make_collector("sync", INSIDE)) as collector:
        return _collect(collector)


@pytest.mark.parametrize(("name", "workers", "threads"), [("sync", 1, 1), ("sync", 1, 2), ("async", 2, 1)])
def test_the_fast_backend_collects_the_same(name: str, workers: int, threads: int, expected: list[Segment]) -> None:
    worlds = partial(make_worlds, "fast", TASK, threads=threads)
    config = CollectorConfig(lanes=3, workers=workers, threads=threads)
    with closing(make_collector(name, replace(PLAN, config=config, worlds=worlds))) as collector:
        assert same_segments(_collect(collector), expected)


@pytest.mark.parametrize(("name", "backend"), [("executor", "fast"), ("executor", "gymnasium"), ("ray", "fast")])
def test_whole_episodes_are_those_of_cars_stepped_together(name: str, backend: str) -> None:
    """With the same weights all along, since blocks act with older ones."""
    weights = WeightsSnapshot(0, {"bias": np.full(2, 0.1, np.float32)})
    config = CollectorConfig(lanes=4, workers=2)
    if name == "ray":
        share_ray()
    with closing(make_collector("sync", INSIDE)) as collector:
        collector.publish(weights)
        together = _episodes(collector.collect(150))
    worlds = partial(make_worlds, backend, TASK)
    with closing(make_collector(name, replace(PLAN, config=config, worlds=worlds))) as collector:
        collector.publish(weights)
        apart = _episodes(collector.collect(100))
    both = together.keys() & apart.keys()
    assert len(both) >= 3
    for episode in both:
        assert same_segments([together[episode]], [apart[episode]])


def _episodes(segments: list[Segment]) -> dict[int, Segment]:
    """Those that are whole, by number."""
    return {
        segment.episode: copied(segment) for segment in segments if segment.start == 0 and segment.end is not End.CUT
    }


def test_episodes_end_and_go_on(expected: list[Segment]) -> None:
    assert len({segment.end for segment in expected}) >= 2
    assert max(segment.episode for segment in expected) >= 3
    assert all(np.ptp(segment.frames) > 100 for segment in expected)


BACKENDS = pytest.mark.parametrize("backend", ["fast", "gymnasium"])


@BACKENDS
def test_workers_collect_the_same_though_one_is_killed(backend: str, expected: list[Segment]) -> None:
    ticks = iter(range(1000))

    def strike() -> None:
        if next(ticks) == 9:
            send_signal(lanes.pids[1], signal.SIGKILL)

    plan = replace(PLAN, pulse=strike, worlds=partial(make_worlds, backend, TASK))
    lanes = ProcessLanes(plan)
    with closing(StepCollector(plan, lanes)) as collector:
        assert same_segments(_collect(collector), expected)
        assert len(collector.stats().incidents) == 1


@BACKENDS
def test_a_state_goes_on_in_workers(backend: str) -> None:
    plans = [replace(plan, worlds=partial(make_worlds, backend, TASK)) for plan in (INSIDE, PLAN)]
    with closing(make_collector("sync", plans[0])) as collector, closing(make_collector("async", plans[1])) as other:
        _collect(collector, rounds=1)
        other.restore(collector.state())
        for each in (collector, other):
            each.publish(WeightsSnapshot(1, {"bias": np.full(2, 0.1, np.float32)}))
        assert same_segments(other.collect(36), collector.collect(36))
