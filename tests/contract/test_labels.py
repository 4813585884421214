"""Labels: beside every recorded step, what the expert would have done there, whichever collector recorded it."""

from __future__ import annotations

import signal
from contextlib import closing
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from agents.api import ActorSpec, Segment, State, WeightsSnapshot
from carracing import make_worlds
from carracing.registry import UnsupportedTaskOptionError, check_backend, scoring_task
from carracing.task import TaskConfig, labelled, task_spec
from collectors.api import Collector, CollectorConfig
from collectors.leading import led
from collectors.process_lanes import ProcessLanes
from collectors.registry import CollectorPlan, make_collector
from collectors.seeds import EpisodeSeeds, SeedsConfig
from collectors.step import StepCollector
from tests.contract.collecting import same_segments, through_json
from tests.fakes.agent import copied
from tests.runs import send_signal

TASK = TaskConfig(observation="vector", frame_skip=8, stack=2, early_stop=120, random_start=True, labels=True)
SEEDS = EpisodeSeeds(7)
PLAN = CollectorPlan(
    CollectorConfig(lanes=3, workers=2),
    partial(make_worlds, "fast", TASK),
    task_spec(TASK),
    ActorSpec("tests.fakes:make_scripted_actor", task_spec(TASK)),
    SEEDS,
    preload=("carracing.simulator.worlds",),
)
INSIDE = replace(PLAN, config=CollectorConfig(lanes=3, workers=1))


def collect(collector: Collector, versions: range = range(2), share: float = 0.0) -> list[Segment]:
    if isinstance(collector, StepCollector):
        collector.poison()
    segments: list[Segment] = []
    for version in versions:
        bias = {"bias": np.full(2, 0.1 * version, np.float32)}
        collector.publish(WeightsSnapshot(version, bias, {"expert_share": share}))
        segments += [copied(segment) for segment in collector.collect(90)]
    return segments


@pytest.fixture(scope="module")
def expected() -> list[Segment]:
    with closing(make_collector("sync", INSIDE)) as collector:
        return collect(collector)


def check_labels(segments: list[Segment], seeds: EpisodeSeeds = SEEDS) -> None:
    """Drive every episode again, and ask the expert at each step."""
    episodes = {segment.episode for segment in segments}
    assert len(episodes) >= 3
    for episode in episodes:
        parts = sorted((segment for segment in segments if segment.episode == episode), key=lambda part: part.start)
        worlds = labelled(make_worlds("fast", TASK, 1))
        assert worlds is not None
        one = np.ones(1, np.bool_)
        worlds.reset(one, np.array([seeds.track(episode)]))
        for part in parts:
            assert part.labels is not None
            for label, action in zip(part.labels, part.actions, strict=True):
                assert label.tolist() == worlds.labels()[0].tolist()
                worlds.step(np.clip(action, -1, 1)[None], one)


def test_labels_are_the_experts(expected: list[Segment]) -> None:
    check_labels(expected)


def test_workers_label_the_same_though_one_is_killed(expected: list[Segment]) -> None:
    ticks = iter(range(1000))

    def strike() -> None:
        if next(ticks) == 13:
            send_signal(lanes.pids[1], signal.SIGKILL)

    plan = replace(PLAN, pulse=strike)
    lanes = ProcessLanes(plan)
    with closing(StepCollector(plan, lanes)) as collector:
        assert same_segments(collect(collector), expected)
        assert len(collector.stats().incidents) == 1


@pytest.mark.parametrize("name", ["sync", "async"])
def test_a_restored_collector_labels_on(name: str, expected: list[Segment]) -> None:
    def made() -> Collector:
        return make_collector(name, INSIDE if name == "sync" else PLAN)

    with closing(made()) as collector, closing(made()) as other:
        collect(collector, range(1))
        state: State = collector.state()
        other.restore(through_json(state))
        again = collect(other, range(1, 2))
        assert same_segments(again, collect(collector, range(1, 2)))


def test_winners_keep_the_labels_of_earlier_rounds() -> None:
    seeds = EpisodeSeeds(7, config=SeedsConfig("shared"), lanes=3)
    plan = replace(INSIDE, config=replace(INSIDE.config, select="best"), seeds=seeds)
    with closing(make_collector("sync", plan)) as collector, closing(make_collector("sync", plan)) as other:
        check_labels(collect(collector, range(4)), seeds)
        state = collector.state()
        assert state.facts["withheld"]["segments"], "nothing is withheld: the state says nothing of labels"
        other.restore(through_json(state))
        assert same_segments(collect(other, range(4, 6)), collect(collector, range(4, 6)))


def test_workers_of_whole_episodes_label_and_are_led() -> None:
    config = CollectorConfig(lanes=4, workers=2)
    for share in (0.0, 0.5):
        with closing(make_collector("executor", replace(PLAN, config=config))) as collector:
            segments = collect(collector, share=share)
        check_labels(segments)
        followed = [(part.labels == part.actions).all(axis=1) for part in segments if part.labels is not None]
        assert np.concatenate(followed).mean() == pytest.approx(share, abs=0.2)


def test_nobody_labels_unasked() -> None:
    task = replace(TASK, labels=False)
    spec = task_spec(task)
    plan = replace(INSIDE, worlds=partial(make_worlds, "fast", task), task=spec, actor=replace(PLAN.actor, task=spec))
    with closing(make_collector("sync", plan)) as collector:
        assert all(segment.labels is None for segment in collect(collector))


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_the_expert_leads_its_share(share: float) -> None:
    with closing(make_collector("sync", INSIDE)) as inside, closing(make_collector("async", PLAN)) as workers:
        segments = collect(inside, share=share)
        assert same_segments(collect(workers, share=share), segments)
    check_labels(segments)
    followed = [(segment.labels == segment.actions).all(axis=1) for segment in segments if segment.labels is not None]
    assert np.concatenate(followed).mean() == pytest.approx(share, abs=0.2)
    assert all(segment.log_probs is None for segment in segments)


def test_turns_belong_to_the_episode() -> None:
    from agents.api import Decision
    from agents.random import EpisodeRandom

    own, labels = np.zeros((6, 2), np.float32), np.ones((6, 2), np.float32)
    keys = np.arange(6, dtype=np.uint64)
    decision = Decision(own, own, None)
    together = led(decision, labels, 0.5, EpisodeRandom(keys, np.full(6, 20)))
    alone = led(Decision(own[2:3], own[2:3], None), labels[2:3], 0.5, EpisodeRandom(keys[2:3], np.full(1, 20)))
    assert (together.actions[2] == alone.actions[0]).all()
    assert (led(decision, labels, 0.0, EpisodeRandom(keys, np.full(6, 20))).env_actions == own).all()


def test_scores_and_stock_have_no_labels() -> None:
    assert not scoring_task(TASK, "fast").labels
    with pytest.raises(UnsupportedTaskOptionError, match="scripted driver"):
        check_backend("gymnasium", TaskConfig(labels=True))
