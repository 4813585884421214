"""Driving given episodes to their ends: all of them, only them, in their order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.api import WeightsSnapshot
from carracing.each_world import EachWorld
from carracing.task import Array
from collectors.api import CollectorConfig, CollectorError, EpisodeRecord, Lanes
from collectors.episodes import EpisodePlan, run_episodes
from collectors.lanes import WorldLanes
from collectors.process_lanes import ProcessLanes
from tests.contract.collecting import FLOATS, Setting, stage
from tests.fakes import CountingRules, CountingWorld, ScriptedActor

SETTING = Setting(constant=True)


def _plans(*episodes: int) -> list[EpisodePlan]:
    seeds = SETTING.seeds
    return [EpisodePlan(episode, seeds.track(episode), seeds.key(episode)) for episode in episodes]


def _actor(setting: Setting = SETTING) -> ScriptedActor:
    actor = ScriptedActor(setting.rules.spec)
    actor.load(setting.agent().snapshot())
    return actor


def _lanes(count: int, rules: CountingRules = SETTING.rules) -> Lanes:
    return WorldLanes(EachWorld([CountingWorld(rules) for _ in range(count)]))


def _driven(records: list[EpisodeRecord]) -> list[EpisodeRecord]:
    """Without what may differ: where an episode was driven."""
    return [replace(record, lane=0, group=0, version=0) for record in records]


@pytest.mark.parametrize("lanes", [1, 3, 8, 20])
def test_episodes_are_those_that_training_would_have_had(lanes: int) -> None:
    episodes = [4, 0, 9, 1, 12, 7, 3, 2, 5, 6, 8]
    with stage("sync", SETTING, lanes=4) as trained:
        trained.rounds(6)
    expected = {record.episode: record for record in trained.records}
    records = run_episodes(_actor(), _lanes(lanes), _plans(*episodes))
    assert [record.episode for record in records] == episodes
    assert _driven(records) == _driven([expected[episode] for episode in episodes])


def test_nothing_but_the_planned_episodes_is_driven() -> None:
    resets: list[int] = []
    worlds = [_NotingWorld(resets) for _ in range(3)]
    ticks = 0

    def pulse() -> None:
        nonlocal ticks
        ticks += 1

    ended: list[EpisodeRecord] = []
    plans = _plans(*range(7))
    records = run_episodes(_actor(), WorldLanes(EachWorld(worlds)), plans, pulse, ended.append)
    assert resets == [plan.track_seed for plan in plans]
    assert sorted(ended, key=lambda record: record.episode) == records
    busiest = max(sum(record.steps for record in records if record.lane == lane) for lane in range(3))
    assert ticks == busiest


def test_the_same_episode_may_be_planned_twice() -> None:
    records = run_episodes(_actor(), _lanes(2), _plans(5, 5, 5))
    assert len(records) == 3 and len({repr(record) for record in _driven(records)}) == 1


def test_no_plans_no_episodes() -> None:
    assert run_episodes(_actor(), _lanes(2), []) == []


def test_workers_drive_the_same() -> None:
    lanes = ProcessLanes(SETTING.plan(CollectorConfig(lanes=3, workers=2)))
    try:
        records = run_episodes(_actor(), lanes, _plans(*range(6)))
    finally:
        lanes.close()
    assert records == run_episodes(_actor(), _lanes(3), _plans(*range(6)))


def test_other_tasks_and_knobs() -> None:
    actor = ScriptedActor(FLOATS.spec)
    actor.load(WeightsSnapshot(0, Setting(FLOATS).agent().snapshot().tensors, {"deterministic": 1.0}))
    one, other = (run_episodes(actor, _lanes(2, FLOATS), _keyed(key)) for key in (1, 2))
    assert _driven(one) == _driven(other)


def _keyed(key: int) -> list[EpisodePlan]:
    return [replace(plan, key=SETTING.seeds.key(key)) for plan in _plans(3, 4)]


def test_cars_that_share_tracks_are_refused() -> None:
    with pytest.raises(CollectorError, match="one car per track"):
        run_episodes(_actor(), _lanes(2, CountingRules(cars=2)), _plans(1))


class _NotingWorld(CountingWorld):
    """Writes down which tracks it was asked for."""

    def __init__(self, resets: list[int]) -> None:
        super().__init__(SETTING.rules)
        self._resets = resets

    def reset(self, seed: int) -> Array:
        self._resets.append(seed)
        return super().reset(seed)
