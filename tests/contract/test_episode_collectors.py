"""Whole episodes: in their order, acted by the weights that a pure function of the run decides, none left out."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import psutil
import pytest

from agents.api import End, Segment, WeightsSnapshot
from carracing.each_world import each
from collectors.api import CollectorConfig, CollectorError
from collectors.episode_collector import collector_over, driving_plan
from collectors.process_pool import ProcessPool, make_executor
from collectors.registry import make_collector
from collectors.seeds import EpisodeSeeds
from tests.contract.collecting import EPISODES, LAG, ROWS, STEPS, Setting, Stage, same_segments, stage
from tests.fakes import CountingRules, CountingWorld
from tests.fakes.agent import copied
from tests.fakes.faulty import DawdlingWorld
from tests.runs import send_signal

EVERY = pytest.mark.parametrize("name", EPISODES)
WHOLE = CollectorConfig(lanes=4, workers=2)
SETTING = Setting(lag=LAG)


def _stage(config: CollectorConfig = WHOLE, setting: Setting = SETTING) -> Stage:
    return Stage(make_executor(setting.plan(config)), setting)


@EVERY
def test_every_episode_is_released_once_in_order_and_whole(name: str) -> None:
    with stage(name) as made:
        made.rounds(8)
        numbers = [record.episode for record in made.records]
        assert numbers == list(range(len(numbers)))
        assert [record.lane for record in made.records] == [number % ROWS[name].lanes for number in numbers]
        told = made.agent.episodes()
        assert list(told) == numbers
        assert all(len(told[record.episode]["actions"]) == record.steps for record in made.records)
        assert all(told[number]["start"] == 0 and told[number]["end"] is not End.CUT for number in numbers)


@pytest.mark.parametrize(
    "config",
    [WHOLE, replace(WHOLE, depth=2), replace(WHOLE, depth=9), CollectorConfig(lanes=1, workers=1, depth=3)],
)
def test_a_block_acts_with_the_newest_weights_when_the_block_depth_before_it_was_released(
    config: CollectorConfig,
) -> None:
    block, depth = config.lanes // config.workers, config.depth or 2 * config.workers
    expected = dict.fromkeys(range(depth), 0)
    episode = 0
    for version in range(9):
        steps = 0
        while steps < STEPS:
            steps += _length(episode)
            episode += 1
            if episode % block == 0:
                expected[episode // block - 1 + depth] = version
    with _stage(config) as made:
        made.rounds(9)
        acted = {segment.episode: segment.version for segment in made.agent.segments}
    assert len(acted) == episode
    assert acted == {number: expected[number // block] for number in acted}
    assert len(set(acted.values())) > 4


def test_a_run_repeats_bit_for_bit_whatever_workers_and_learner_take() -> None:
    slow = replace(SETTING.plan(WHOLE), worlds=each(partial(DawdlingWorld, SETTING.rules, 0.004)))
    with _stage() as quick, Stage(make_executor(slow), SETTING) as made:
        quick.rounds(8)
        moods = random.Random(os.urandom(8))
        for _ in range(8):
            made.rounds(1)
            time.sleep(moods.random() * 0.05)
        assert same_segments(made.agent.segments, quick.agent.segments)
        assert made.records == quick.records
        assert max(segment.version for segment in quick.agent.segments) > 3


def test_workers_go_on_while_the_learner_learns_up_to_the_depth() -> None:
    slow = replace(SETTING.plan(WHOLE), worlds=each(partial(DawdlingWorld, SETTING.rules, 0.02)))
    driving = driving_plan(slow)
    pool = ProcessPool(driving, WHOLE.workers, slow.preload)
    with Stage(collector_over(slow, driving, pool), SETTING) as made:
        made.rounds(1, steps=20)
        _learn_until_idle(made)
        for pid in pool.pids:
            send_signal(pid, signal.SIGSTOP)
        made.rounds(1, steps=20)  # with what they have driven
        assert made.incidents == []
        for pid in pool.pids:
            send_signal(pid, signal.SIGCONT)
        made.collector.publish(made.agent.snapshot())
        made.collector.collect(200)
        assert made.collector.stats().seconds_waiting > 0.1


@pytest.mark.parametrize("longest", [1, 4, 11])
def test_pieces_of_episodes_have_the_same_content(longest: int) -> None:
    with _stage() as whole, _stage(replace(WHOLE, max_segment=longest)) as cut:
        for each_stage in (whole, cut):
            each_stage.rounds(1, steps=200)
        assert whole.agent.episodes().keys() == cut.agent.episodes().keys()
        for number, told in cut.agent.episodes().items():
            for key, value in whole.agent.episodes()[number].items():
                assert np.array_equal(told[key], value), (number, key)
        for number in cut.agent.episodes():
            pieces = [segment for segment in cut.agent.segments if segment.episode == number]
            assert [len(piece) for piece in pieces[:-1]] == [longest] * (len(pieces) - 1)
            assert all(piece.end is End.CUT for piece in pieces[:-1])
            assert all(left.start + longest == right.start for left, right in pairwise(pieces))


def test_stats_tell_lag_waiting_and_how_busy_workers_were() -> None:
    with _stage() as made:
        made.rounds(5)
        made.collector.publish(made.agent.snapshot())
        made.collector.collect(STEPS)
        made.collector.stats()
        made.collector.publish(WeightsSnapshot(105, made.agent.snapshot().tensors))
        segments = made.collector.collect(STEPS)
        lags = np.array([105 - segment.version for segment in segments for _ in segment.actions])
        stats = made.collector.stats()
        assert stats.lag_mean == pytest.approx(lags.mean())
        assert stats.lag_max == lags.max() >= 100
        assert stats.seconds_waiting == pytest.approx(stats.seconds_env + stats.seconds_act)
        assert len(stats.worker_busy) == 2 and all(0 <= share <= 1 for share in stats.worker_busy)
        assert made.collector.stats().lag_max == 0


def test_idle_workers_are_not_busy_and_working_ones_are() -> None:
    slow = replace(SETTING.plan(WHOLE), worlds=each(partial(DawdlingWorld, SETTING.rules, 0.05)))
    with Stage(make_executor(slow), SETTING) as made:
        made.rounds(1, steps=20)
        _learn_until_idle(made)
        time.sleep(0.1)
        assert made.collector.stats().worker_busy == (0.0, 0.0), "and they stay so"
        made.collector.publish(made.agent.snapshot())
        made.collector.collect(200)
        assert min(made.collector.stats().worker_busy) > 0.4


def test_the_same_version_with_other_knobs_is_another_publication() -> None:
    with _stage(replace(WHOLE, depth=2)) as made:
        weights = made.agent.snapshot()
        seen: list[Segment] = []
        for deterministic in (0.0, 0.0, 1.0, 1.0):
            made.collector.publish(WeightsSnapshot(0, weights.tensors, {"deterministic": deterministic}))
            seen += [copied(segment) for segment in made.collector.collect(STEPS)]
    noisy = [_noisy(segment) for segment in seen]
    assert noisy[0] and not noisy[-1]
    assert noisy == sorted(noisy, reverse=True), "noise came back"


@EVERY
def test_lanes_that_do_not_make_blocks_are_refused(name: str) -> None:
    with pytest.raises(CollectorError, match=r"lanes \(5\) must be a multiple of workers \(2\) .*: use 4 or 6"):
        make_collector(name, SETTING.plan(CollectorConfig(lanes=5, workers=2)))


def test_worlds_of_another_task_are_refused() -> None:
    other = CountingRules(replace(SETTING.rules.spec, stack=2))
    plan = replace(SETTING.plan(WHOLE), worlds=each(partial(CountingWorld, other)))
    with pytest.raises(CollectorError, match="the worlds pose another task than planned"):
        make_executor(plan)


def test_memory_and_descriptors_stay_as_they_are() -> None:
    with _stage() as made:
        made.rounds(10)
        process = psutil.Process()
        descriptors, children = process.num_fds(), len(process.children(recursive=True))
        made.rounds(20)
        assert process.num_fds() <= descriptors + 1  # one more version may be on its way
        assert len(process.children(recursive=True)) == children
    before = process.num_fds()
    for _ in range(3):
        with _stage() as made:
            made.rounds(1)
    assert process.num_fds() == before


def test_closing_twice_and_collecting_before_weights() -> None:
    with closing(make_executor(SETTING.plan(WHOLE))) as collector:
        with pytest.raises(CollectorError, match="publish weights before collecting"):
            collector.collect(1)
        collector.close()


def _learn_until_idle(made: Stage) -> None:
    """For so long that workers have driven as far ahead as they may."""
    idle, deadline = 0, time.monotonic() + 30
    while idle < 3:
        assert time.monotonic() < deadline, "they never rest"
        time.sleep(0.1)
        idle = idle + 1 if made.collector.stats().worker_busy == (0.0, 0.0) else 0


def _noisy(segment: Segment) -> bool:
    return segment.log_probs is not None and bool(segment.log_probs.any())


def _length(episode: int) -> int:
    return CountingRules().length(EpisodeSeeds(run_seed=11).track(episode), 0)
