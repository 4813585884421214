"""What every collector owes: the right episodes, recorded exactly. A new collector joins by a row in ROWS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from agents.api import End, Segment, WeightsSnapshot
from carracing.task import Array
from collectors.api import CollectorConfig, CollectorConfigError, CollectorError
from collectors.registry import COLLECTORS, UnknownCollectorError, make_collector
from collectors.seeds import EpisodeSeeds
from tests.contract.collecting import FLOATS, ROWS, STEPS, STEPWISE, Setting, Stage, stage
from tests.fakes import CountingRules

EVERY = pytest.mark.parametrize("name", ROWS)
STEPPED = pytest.mark.parametrize("trained", STEPWISE, indirect=True)


@pytest.fixture(params=ROWS)
def trained(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Ten rounds with weights that change every time; the agent has checked every cell of every segment."""
    with stage(request.param) as made:
        made.rounds(10)
        yield made


def test_every_collector_has_a_row() -> None:
    assert ROWS.keys() == COLLECTORS.keys()


def test_unknown_collector_is_refused_by_name() -> None:
    with pytest.raises(UnknownCollectorError, match="unknown collector 'fleet': choose from sequential"):
        make_collector("fleet", Setting().plan(ROWS["sync"]))


def test_episodes_end_both_ways_and_go_on_across_rounds(trained: Stage) -> None:
    segments = trained.agent.segments
    assert {segment.end for segment in segments} == set(End)
    cut = [segment for segment in segments if segment.end is End.CUT]
    continued = {(segment.episode, segment.start) for segment in segments}
    done = {segment.episode for segment in segments if segment.version == trained.agent.version - 1}
    assert cut
    for segment in cut:
        assert segment.episode in done or (segment.episode, segment.start + len(segment)) in continued


@STEPPED
def test_a_round_has_the_steps_asked_for_and_no_more_than_a_tick_too_many(trained: Stage) -> None:
    per_version = np.bincount([segment.version for segment in trained.agent.segments for _ in segment.actions])
    spare = 0 if trained.setting.rules.cars == 1 else len(_lanes(trained)) - 1
    assert len(per_version) == 10
    assert all(STEPS <= steps <= STEPS + spare for steps in per_version)


@EVERY
def test_a_round_is_never_shorter_than_asked_for(name: str) -> None:
    with stage(name) as made:
        made.rounds(1, steps=2 * ROWS[name].lanes + 1)
        steps = sum(len(segment) for segment in made.agent.segments)
        if name in STEPWISE:
            assert steps == 3 * ROWS[name].lanes
        else:  # up to the end of the episode that makes them enough
            last = made.records[-1]
            assert 0 <= steps - (2 * ROWS[name].lanes + 1) < last.steps


@STEPPED
def test_segments_are_ordered_by_lane_then_time(trained: Stage) -> None:
    lanes = {record.episode: record.lane for record in trained.records}
    for version in range(10):
        segments = [segment for segment in trained.agent.segments if segment.version == version]
        order = [(lanes[segment.episode], segment.episode) for segment in segments if segment.episode in lanes]
        assert order == sorted(order)


@STEPPED
def test_lane_i_starts_with_episode_i_and_the_next_numbers_go_out_in_lane_order(trained: Stage) -> None:
    lanes, cars = len(_lanes(trained)), trained.setting.rules.cars
    expected: dict[int, int] = {}
    driving = {lane: lane for lane in range(lanes)}
    ends_at = {lane: _length(trained, lane) for lane in range(lanes)}
    tick, done, following = 0, 0, lanes
    while done < 10:
        steps = 0
        while steps < STEPS:
            tick += 1
            steps += sum(end >= tick for end in ends_at.values())
            expected.update({driving[lane]: lane for lane in range(lanes) if ends_at[lane] == tick})
            for lane in range(lanes):
                group = range(lane // cars * cars, lane // cars * cars + cars)
                if lane == group[0] and max(ends_at[mate] for mate in group) == tick:
                    for mate in group:
                        driving[mate], following = following, following + 1
                        ends_at[mate] = tick + _length(trained, driving[mate])
        done += 1
    assert [(record.episode, record.lane) for record in trained.records] == list(expected.items())


def test_records_are_what_the_segments_add_up_to(trained: Stage) -> None:
    rules, seeds = trained.setting.rules, trained.setting.seeds
    episodes = trained.agent.episodes()
    assert trained.records
    for record in trained.records:
        told, car = episodes[record.episode], record.episode % rules.cars
        assert record.seed == seeds.track(record.episode)
        assert record.group == record.lane // rules.cars and record.lane % rules.cars == car
        assert record.steps == len(told["actions"]) == rules.length(record.seed, car)
        assert record.episode_return == told["rewards"].sum()
        assert record.end is told["end"]
        assert record.frames == sum(rules.frames(record.seed, car, step + 1) for step in range(record.steps))
        assert list(record.facts.values()) == rules.facts(record.seed, car, record.steps)
        assert list(record.facts) == list(rules.spec.facts)
        assert record.version == max(s.version for s in trained.agent.segments if s.episode == record.episode)


@EVERY
def test_stats_are_of_the_rounds_since_they_were_last_asked_for(name: str) -> None:
    with stage(name) as made:
        made.collector.publish(made.agent.snapshot())
        segments = made.collector.collect(STEPS)
        ended = {segment.episode for segment in segments if segment.end is not End.CUT}
        stats = made.collector.stats()
        assert stats.steps == sum(map(len, segments)) >= STEPS
        assert {record.episode for record in stats.episodes} == ended
        assert stats.frames == sum(_frames(made, segment) for segment in segments)
        assert stats.seconds_env > 0 and stats.seconds_act > 0 and list(stats.incidents) == []
        again = made.collector.stats()
        assert (again.steps, again.frames, again.seconds_env, list(again.episodes)) == (0, 0, 0.0, [])


@EVERY
@pytest.mark.parametrize("log_probs", [True, False])
def test_another_kind_of_task(name: str, log_probs: bool) -> None:
    with stage(name, Setting(rules=FLOATS, log_probs=log_probs)) as made:
        made.rounds(5)
        assert made.agent.segments[0].frames.dtype == np.float32
        assert made.agent.segments[0].actions.dtype == np.int64


@EVERY
def test_episodes_of_one_step(name: str) -> None:
    with stage(name, Setting(rules=CountingRules(shortest=1, longest=2))) as made:
        made.rounds(3)
        assert min(record.steps for record in made.records) == 1


def _finished(made: Stage) -> dict[int, dict[str, Array]]:
    with made:
        made.rounds(5)
        return {number: told for number, told in made.agent.episodes().items() if told["end"] is not End.CUT}


def _assert_same_episodes(finished: dict[int, dict[str, Array]], reference: dict[int, dict[str, Array]]) -> None:
    shared = reference.keys() & finished.keys()
    assert len(shared) > 15
    for number in shared:
        assert finished[number].keys() == reference[number].keys()
        for key, value in finished[number].items():
            assert np.array_equal(value, reference[number][key]), (number, key)


STEPPING = [("sequential", 1), ("sync", 1), ("sync", 7), ("async", 3), ("async", 6)]


@pytest.mark.parametrize(("name", "lanes"), [*STEPPING, ("executor", 2), ("executor", 8), ("ray", 6)])
def test_same_episodes_on_every_collector_with_any_number_of_lanes(name: str, lanes: int) -> None:
    reference = _finished(stage("sync", Setting(constant=True), 4))
    _assert_same_episodes(_finished(stage(name, Setting(constant=True), lanes)), reference)


@pytest.mark.parametrize(("name", "lanes"), [("multicar", 4), ("hybrid", 8), ("hybrid", 12)])
def test_cars_of_one_track_drive_the_episodes_that_one_car_would_drive_in_turn(name: str, lanes: int) -> None:
    """The one car gets the tracks that four successive episodes share."""
    setting = Setting(CountingRules(alike=True, fickle=True), EpisodeSeeds(11, cars_per_track=4), constant=True)
    with Stage(make_collector("sequential", setting.plan(ROWS["sequential"])), setting) as alone:
        alone.rounds(5)
    config = CollectorConfig(lanes, cars=4, workers=1 if name == "multicar" else 2)
    together = setting.of(config)
    reference = {number: told for number, told in alone.agent.episodes().items() if told["end"] is not End.CUT}
    _assert_same_episodes(_finished(Stage(make_collector(name, together.plan(config)), together)), reference)


@pytest.mark.parametrize("name", STEPWISE)
def test_segments_are_views_of_memory_that_is_used_again(name: str) -> None:
    with stage(name) as made:
        made.rounds(3)  # by now the memory is as large as it gets for rounds of this size
        made.collector.publish(made.agent.snapshot())
        first = made.collector.collect(STEPS)
        memory = {_root(segment.frames) for segment in first}
        second = made.collector.collect(STEPS)
        assert memory == {_root(segment.frames) for segment in second}
        assert len(memory) == 1
        for segment in second:
            assert np.shares_memory(segment.observations, segment.frames)
            assert not segment.actions.flags.owndata and not segment.rewards.flags.owndata


@pytest.mark.parametrize(
    ("name", "config", "words"),
    [
        ("sequential", CollectorConfig(lanes=2, workers=1), "lanes must be 1 with collector sequential, not 2"),
        (
            "multicar",
            CollectorConfig(lanes=4, cars=2, workers=1),
            r"cars must be lanes \(4\) with collector multicar",
        ),
        ("sync", CollectorConfig(lanes=2, workers=2), "workers must be 1 with collector sync, not 2: it steps all"),
        ("sync", CollectorConfig(4, 2, 1), "cars must be 1 with collector sync, not 2: use multicar or hybrid"),
        ("async", CollectorConfig(4, 4, 1), "cars must be 1 with collector async, not 4"),
        ("sync", CollectorConfig(1, 1, 1, threads=2), "threads must be 1 for 1 lane, not 2"),
    ],
)
def test_settings_that_a_collector_has_no_use_for_are_refused(name: str, config: CollectorConfig, words: str) -> None:
    with pytest.raises(CollectorConfigError, match=words):
        make_collector(name, Setting().plan(config))


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"lanes": 0}, "lanes must be 1 to 4096, not 0"),
        ({"lanes": 8, "cars": 3}, r"cars \(on each track\) must divide lanes \(8\), not 3"),
        ({"lanes": 8, "cars": 0}, r"cars .* not 0"),
        ({"lanes": 8, "cars": 16}, r"cars .* must divide lanes \(8\), not 16"),
        ({"lanes": 8, "workers": 9}, r"workers must be 1 to lanes \(8\), not 9"),
        ({"lanes": 8, "cars": 4, "workers": 3}, r"workers must be 1 to tracks \(8 lanes / 4 cars\), not 3"),
        ({"threads": 0}, "threads must be 1 to 256, not 0"),
    ],
)
def test_impossible_numbers_are_refused(numbers: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        CollectorConfig(**numbers)


@EVERY
def test_weights_come_first(name: str) -> None:
    with stage(name) as made, pytest.raises(CollectorError, match="publish weights before collecting"):
        made.collector.collect(STEPS)


@EVERY
def test_knobs_reach_the_actor(name: str) -> None:
    with stage(name) as made:
        weights = made.agent.snapshot()
        made.collector.publish(WeightsSnapshot(0, weights.tensors, {"deterministic": 1.0}))
        log_probs = [segment.log_probs for segment in made.collector.collect(STEPS)]
        assert all(given is not None and not given.any() for given in log_probs)


def _lanes(made: Stage) -> Array:
    return made.collector.state().tensors["roster.episodes"]


def _length(made: Stage, episode: int) -> int:
    rules, seeds = made.setting.rules, made.setting.seeds
    return rules.length(seeds.track(episode), episode % rules.cars)


def _frames(made: Stage, segment: Segment) -> int:
    rules, seed = made.setting.rules, made.setting.seeds.track(segment.episode)
    steps = range(segment.start + 1, segment.start + len(segment) + 1)
    return sum(rules.frames(seed, segment.episode % rules.cars, step) for step in steps)


def _root(array: Array) -> int:
    """Address of the memory that a view is of."""
    base = array
    while isinstance(base.base, np.ndarray):
        base = base.base
    return base.ctypes.data
