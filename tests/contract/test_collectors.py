"""What every collector owes: the right episodes, recorded exactly. A new collector joins by a row in ROWS."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from agents.api import End, Segment, WeightsSnapshot
from carracing.task import Array
from collectors.api import CollectorConfig, CollectorError
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
def test_a_round_has_exactly_the_steps_asked_for(trained: Stage) -> None:
    per_version = np.bincount([segment.version for segment in trained.agent.segments for _ in segment.actions])
    assert per_version.tolist() == [STEPS] * 10


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
    lanes = len(trained.collector.state().tensors["roster.episodes"])
    expected, driving = {}, dict(enumerate(range(lanes)))
    ends_at = {lane: _length(lane) for lane in range(lanes)}
    for tick in range(1, 10 * STEPS // lanes + 1):
        for lane in range(lanes):
            if ends_at[lane] == tick:
                expected[driving[lane]] = lane
                driving[lane] = max(driving.values()) + 1
                ends_at[lane] = tick + _length(driving[lane])
    assert [(record.episode, record.lane) for record in trained.records] == list(expected.items())


def test_records_are_what_the_segments_add_up_to(trained: Stage) -> None:
    rules, seeds = CountingRules(), EpisodeSeeds(run_seed=11)
    episodes = trained.agent.episodes()
    assert trained.records
    for record in trained.records:
        told = episodes[record.episode]
        assert record.seed == seeds.track(record.episode)
        assert record.steps == len(told["actions"]) == rules.length(record.seed, 0)
        assert record.episode_return == told["rewards"].sum()
        assert record.end is told["end"]
        assert record.frames == sum(rules.frames(record.seed, 0, step + 1) for step in range(record.steps))
        assert list(record.facts.values()) == rules.facts(record.seed, 0, record.steps)
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
        assert stats.frames == sum(map(_frames, segments))
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


def test_same_episodes_on_every_collector_with_any_number_of_lanes() -> None:
    reference: dict[int, dict[str, Array]] = {}
    stepped = [("sync", 4), ("sequential", 1), ("sync", 1), ("sync", 7), ("async", 3), ("async", 6)]
    for name, lanes in [*stepped, ("executor", 2), ("executor", 8), ("ray", 6)]:
        with stage(name, Setting(constant=True), lanes) as made:
            made.rounds(5)
            episodes = made.agent.episodes()
        finished = {number: told for number, told in episodes.items() if told["end"] is not End.CUT}
        reference = reference or finished
        shared = reference.keys() & finished.keys()
        assert len(shared) > 15
        for number in shared:
            assert finished[number].keys() == reference[number].keys()
            for key, value in finished[number].items():
                assert np.array_equal(value, reference[number][key]), (name, lanes, number, key)


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
        ("sync", CollectorConfig(lanes=2, workers=2), "workers must be 1 in one process, not 2"),
    ],
)
def test_settings_that_a_collector_has_no_use_for_are_refused(name: str, config: CollectorConfig, words: str) -> None:
    with pytest.raises(CollectorError, match=words):
        make_collector(name, Setting().plan(config))


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


def _length(episode: int) -> int:
    return CountingRules().length(EpisodeSeeds(run_seed=11).track(episode), 0)


def _frames(segment: Segment) -> int:
    seed = EpisodeSeeds(run_seed=11).track(segment.episode)
    steps = range(segment.start + 1, segment.start + len(segment) + 1)
    return sum(CountingRules().frames(seed, 0, step) for step in steps)


def _root(array: Array) -> int:
    """Address of the memory that a view is of."""
    base = array
    while isinstance(base.base, np.ndarray):
        base = base.base
    return base.ctypes.data
