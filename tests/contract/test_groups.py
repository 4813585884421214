"""Cars that share a track: one group, one seed, reset together. Driven in this process and by workers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from agents.api import End
from carracing.each_world import EachWorld
from collectors.api import CollectorConfig, CollectorError, Lanes
from collectors.lanes import WorldLanes
from collectors.process_lanes import ProcessLanes
from collectors.seeds import EpisodeSeeds
from collectors.step import StepCollector
from tests.contract.collecting import STEPS, Setting, Stage, same_segments, through_json
from tests.fakes import CountingRules, CountingWorld

CARS, LANES = 2, 6
PAIRS = Setting(rules=CountingRules(cars=CARS), seeds=EpisodeSeeds(run_seed=11, cars_per_track=CARS))
KINDS = ("in process", "workers")


def _lanes(kind: str) -> Lanes:
    if kind == "workers":
        return ProcessLanes(PAIRS.plan(CollectorConfig(LANES, CARS, workers=2)))
    return WorldLanes(EachWorld([CountingWorld(PAIRS.rules) for _ in range(LANES // CARS)]))


def _stage(kind: str) -> Stage:
    return Stage(StepCollector(PAIRS.plan(CollectorConfig(LANES, CARS)), _lanes(kind)), PAIRS)


@pytest.fixture(params=KINDS)
def trained(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with _stage(request.param) as made:
        made.rounds(10)
        yield made


def test_cars_of_a_group_share_a_track_and_have_successive_numbers(trained: Stage) -> None:
    records = {record.episode: record for record in trained.records}
    pairs = [
        (records[number], records[number + 1]) for number in records if number % CARS == 0 and number + 1 in records
    ]
    assert len(pairs) > 10
    for first, second in pairs:
        assert (first.seed, first.group) == (second.seed, second.group)
        assert (first.lane, second.lane) == (first.group * CARS, first.group * CARS + 1)


def test_a_group_starts_again_when_its_last_car_has_ended(trained: Stage) -> None:
    """The longer episode of each pair decides: its steps add up to those of the lane's time."""
    longest: dict[int, list[int]] = {}
    for record in trained.records:
        longest.setdefault(record.episode // CARS, []).append(record.steps)
    uneven = [steps for steps in longest.values() if len(steps) == CARS and len(set(steps)) == CARS]
    assert uneven, "no car ever waited"


def test_rounds_have_at_least_the_steps_asked_for_though_cars_wait(trained: Stage) -> None:
    per_version = np.bincount([segment.version for segment in trained.agent.segments for _ in segment.actions])
    assert per_version.min() >= STEPS
    assert per_version.max() < STEPS + LANES


@pytest.mark.parametrize("kind", KINDS)
def test_states_go_on_while_cars_wait(kind: str) -> None:
    with _stage(kind) as made, _stage("in process") as other:
        for _ in range(20):
            made.rounds(1, steps=7)
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


def test_both_kinds_collect_the_same() -> None:
    with _stage("workers") as workers, _stage("in process") as inside:
        workers.rounds(4)
        inside.rounds(4)
        assert same_segments(workers.agent.segments, inside.agent.segments)
        assert {segment.end for segment in inside.agent.segments} == set(End)


def test_worlds_must_have_the_cars_that_share_tracks() -> None:
    single = Setting(rules=PAIRS.rules)
    with pytest.raises(CollectorError, match="1 episodes share a track, but the worlds have 2 cars"):
        StepCollector(single.plan(CollectorConfig(LANES)), _lanes("in process"))
