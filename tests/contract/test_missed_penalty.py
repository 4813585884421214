"""What training takes for missed tiles: in the rewards that are learned from, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from agents.api import ActorSpec, Segment
from carracing import TaskConfig, make_worlds, task_spec
from carracing.registry import UnsupportedTaskOptionError, check_backend, scoring_task
from carracing.task import BONUS, FACTS, Array
from collectors.api import Collector, CollectorConfig, EpisodeRecord
from collectors.registry import CollectorPlan, make_collector
from collectors.seeds import EpisodeSeeds

PLAIN = TaskConfig(observation="vector", stack=1, early_stop=60)
SHAPED = replace(PLAIN, missed_penalty=2.5)
MISSED = FACTS.index("missed_tiles")


def weave(step: int, cars: int) -> Array:
    """Full gas in ever other bends: cars leave the road, miss tiles, and some come back."""
    steer = np.sin(step / 7 + np.arange(cars))
    return np.stack([0.4 * steer, np.full(cars, 0.6)], axis=1).astype(np.float32)


def test_the_bonus_is_what_became_of_the_missed_tiles_and_nothing_else_changes() -> None:
    cars = 16
    plain, shaped = (make_worlds("fast", task, cars) for task in (PLAIN, SHAPED))
    everyone, seeds = np.ones(cars, np.bool_), np.arange(cars)
    for worlds in (plain, shaped):
        worlds.reset(everyone, seeds)
    live, before = everyone.copy(), np.zeros(cars, np.float32)
    for number in range(60):
        one, other = (worlds.step(weave(number, cars), live) for worlds in (plain, shaped))
        assert np.array_equal(one.rewards, other.rewards) and np.array_equal(one.observations, other.observations)
        assert np.array_equal(one.facts, other.facts[:, :-1])
        bonus, missed = other.facts[:, -1], other.facts[:, MISSED]
        assert np.array_equal(bonus[live], 2.5 * (before - missed)[live]) and not bonus[~live].any()
        before = np.where(live, missed, before)
        live = live & ~other.terminated & ~other.truncated
    assert before.max() > 5.0, "nobody missed anything"


def collector(task: TaskConfig) -> Collector:
    spec = task_spec(task)
    actor = ActorSpec("tests.fakes:make_scripted_actor", spec, {"log_probs": True})
    config = CollectorConfig(lanes=8, workers=1)
    plan = CollectorPlan(config, partial(make_worlds, "fast", task), spec, actor, EpisodeSeeds(3))
    return make_collector("sync", plan)


def collected(task: TaskConfig) -> tuple[list[Segment], list[EpisodeRecord]]:
    from agents.api import WeightsSnapshot

    source = collector(task)
    source.publish(WeightsSnapshot(1, {"bias": np.array([0.05, 0.6], np.float32)}))
    segments = source.collect(1200)
    return segments, list(source.stats().episodes)


def test_segments_have_the_bonus_and_returns_do_not() -> None:
    plain, records = collected(PLAIN)
    shaped, same = collected(SHAPED)
    assert [record.episode_return for record in records] == [record.episode_return for record in same]
    assert records and all(BONUS in record.facts for record in same)
    whole = {record.episode: record for record in same}
    lost = 0.0
    for one, other in zip(plain, shaped, strict=True):
        assert np.array_equal(one.actions, other.actions)
        difference = float((one.rewards.astype(np.float64) - other.rewards).sum())
        if other.episode in whole and other.start == 0:
            assert difference == pytest.approx(2.5 * whole[other.episode].facts["missed_tiles"], abs=1e-3)
        lost += difference
    assert lost > 10.0


def test_scores_and_other_backends_go_without() -> None:
    assert scoring_task(SHAPED, "fast").missed_penalty == 0.0
    assert task_spec(PLAIN).facts == FACTS
    with pytest.raises(UnsupportedTaskOptionError, match=r"use backend fast, or task.missed_penalty 0"):
        check_backend("gymnasium", TaskConfig(missed_penalty=1.0))
    for bad in (-1.0, float("nan"), 1e6):
        with pytest.raises(ValueError, match="missed_penalty"):
            TaskConfig(missed_penalty=bad)
