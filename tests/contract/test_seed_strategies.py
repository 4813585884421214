"""Tracks dealt by every strategy, as collectors drive them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents.api import End, StateError
from collectors.api import CollectorConfig, CollectorError
from collectors.registry import make_collector
from collectors.seeds import EpisodeSeeds, SeedsConfig
from tests.contract.collecting import ROWS, Setting, Stage, same_segments, same_states, stage, through_json
from tests.fakes import CountingRules

SHARED = SeedsConfig("shared")


def _together(name: str, config: CollectorConfig, seeds: SeedsConfig = SHARED) -> Stage:
    rules = CountingRules(cars=config.cars, alike=True, fickle=True)
    setting = Setting(rules, EpisodeSeeds(11, config.cars, seeds, lanes=6), constant=True)
    return Stage(make_collector(name, setting.plan(config)), setting)


SIX = {
    "sync": CollectorConfig(6, workers=1),
    "async": CollectorConfig(6, workers=3),
    "hybrid": CollectorConfig(6, cars=2, workers=2),
    "multicar": CollectorConfig(6, cars=6, workers=1),
}
"""Six lanes each."""


@pytest.mark.parametrize("name", SIX)
def test_all_lanes_drive_the_same_track_each_round_and_wait_for_the_last(name: str) -> None:
    with _together(name, SIX[name]) as made:
        made.rounds(8)
        live = made.collector.state().tensors["roster.live"]
        assert len(live) == 6
    rounds = {record.episode // 6 for record in made.records}
    assert len(rounds) > 5
    for number in sorted(rounds)[:-1]:
        records = [record for record in made.records if record.episode // 6 == number]
        assert len({record.seed for record in records}) == 1
        assert sorted(record.lane for record in records) == list(range(6))
        assert all(record.episode % 6 == record.lane for record in records)
    steps = [{record.steps for record in made.records if record.episode // 6 == number} for number in rounds]
    assert max(map(len, steps)) > 2, "no lane ever waited"
    seeds = [record.seed for record in made.records]
    assert seeds == sorted(seeds, key=seeds.index), "no lane begins the next track before all have ended"


@pytest.mark.parametrize("name", SIX)
def test_one_car_alone_drives_the_episodes_of_the_round_in_turn(name: str) -> None:
    with _together("sequential", ROWS["sequential"]) as alone, _together(name, SIX[name]) as made:
        alone.rounds(6)
        made.rounds(6)
    apart, joined = alone.agent.episodes(), made.agent.episodes()
    shared = [
        number
        for number in apart.keys() & joined.keys()
        if End.CUT not in (apart[number]["end"], joined[number]["end"])
    ]
    assert len(shared) > 15
    for number in shared:
        for key, value in joined[number].items():
            assert np.array_equal(value, apart[number][key]), (number, key)


@pytest.mark.parametrize("name", ["sync", "async"])
def test_states_go_on_while_lanes_wait(name: str) -> None:
    with _together(name, SIX[name]) as made, _together("sync", SIX["sync"]) as other:
        for _ in range(20):
            made.rounds(1, steps=5)
            if not made.collector.state().tensors["roster.live"].all():
                break
        state = through_json(made.collector.state())
        assert not state.tensors["roster.live"].all()
        other.collector.restore(state)
        other.agent.restore(made.agent.state())
        seen = len(made.agent.segments)
        made.rounds(4)
        other.rounds(4)
        assert same_segments(made.agent.segments[seen:], other.agent.segments)


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        (SeedsConfig("fixed", seed_base=40), {40}),
        (SeedsConfig("curriculum", curriculum=6, seed_base=40), set(range(46, 60)) | {40}),
        (SeedsConfig(seed_base=40), set(range(40, 60))),
    ],
)
def test_records_tell_the_tracks(seeds: SeedsConfig, expected: set[int]) -> None:
    with stage("sync", Setting(seeds=EpisodeSeeds(11, config=seeds))) as made:
        made.rounds(10)
    found = {record.seed for record in made.records if record.episode < 20}
    assert found == expected


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (SeedsConfig("shared"), "another strategy: independent, not shared"),
        (SeedsConfig("fixed"), "another strategy: independent, not fixed"),
        (SeedsConfig(seed_base=7), "another seed_base: -1, not 7"),
    ],
)
def test_a_state_of_other_seeds_says_so_and_changes_nothing(other: SeedsConfig, words: str) -> None:
    usual = Setting()
    changed = replace(usual, seeds=replace(usual.seeds, config=other, lanes=5))
    with stage("sync") as made, stage("sync", changed) as different:
        made.rounds(1)
        before = different.collector.state()
        with pytest.raises(StateError, match=words):
            different.collector.restore(made.collector.state())
        assert same_states(different.collector.state(), before)
        different.rounds(1)
        kind = other.strategy if other.strategy != "independent" else "seed_base: 7"
        with pytest.raises(StateError, match=f"{kind}, not "):
            made.collector.restore(different.collector.state())


def test_a_round_must_hold_whole_groups() -> None:
    seeds = EpisodeSeeds(1, 2, SHARED, lanes=7)
    with pytest.raises(CollectorError, match="7 episodes share a track, but the worlds have 2 cars"):
        setting = Setting(CountingRules(cars=2), seeds)
        make_collector("hybrid", setting.plan(CollectorConfig(6, cars=2, workers=1)))
