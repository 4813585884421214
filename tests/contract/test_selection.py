"""Episodes that drive a track side by side: the best is found, and if asked the learner gets no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from agents.api import End, State, StateError
from collectors.api import CollectorConfig, CollectorConfigError, EpisodeRecord, Heat
from collectors.competition import Competition
from collectors.registry import make_collector
from collectors.seeds import EpisodeSeeds, SeedsConfig
from collectors.selection import Judge
from tests.contract.collecting import (
    STEPS,
    Setting,
    Stage,
    same_segments,
    same_states,
    stage,
    through_json,
)
from tests.fakes import CountingRules

SIDE_BY_SIDE = {
    "multicar": (CollectorConfig(4, 4, 1), SeedsConfig()),
    "hybrid": (CollectorConfig(6, 2, 2), SeedsConfig()),
    "sync": (CollectorConfig(5, 1, 1), SeedsConfig("shared")),
    "async": (CollectorConfig(5, 1, 2), SeedsConfig("shared")),
    "executor": (CollectorConfig(6, 1, 2, depth=3, max_segment=5), SeedsConfig("shared")),
}
"""Collectors by name, with what makes their episodes share tracks."""
EVERY = pytest.mark.parametrize("name", SIDE_BY_SIDE)
LAG = 20
"""Versions; more than an episode lasts."""


def staged(
    name: str, select: Literal["all", "best"] = "all", constant: bool = False, setting: Setting | None = None
) -> Stage:
    config, seeds = SIDE_BY_SIDE[name]
    config = replace(config, select=select)
    rules = CountingRules(cars=config.cars, fickle=True)
    episode_seeds = EpisodeSeeds(11, config.cars, seeds, config.lanes)
    setting = replace(setting or Setting(), rules=rules, seeds=episode_seeds, constant=constant, lag=LAG)
    return Stage(make_collector(name, setting.plan(config)), setting)


@pytest.fixture(params=SIDE_BY_SIDE)
def everyone(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Ten rounds of everyone's episodes."""
    with staged(request.param) as made:
        made.rounds(10)
        yield made


@pytest.fixture(params=SIDE_BY_SIDE)
def winners(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Six rounds of winners' episodes; the agent has checked every cell of every segment."""
    with staged(request.param, "best") as made:
        made.rounds(6)
        yield made


def _fields(made: Stage) -> dict[int, list[EpisodeRecord]]:
    """Records by heat, of the complete ones."""
    sharing = made.setting.seeds.sharing
    fields: dict[int, list[EpisodeRecord]] = {}
    for record in sorted(made.records, key=lambda record: record.episode):
        fields.setdefault(record.episode // sharing, []).append(record)
    return {number: records for number, records in fields.items() if len(records) == sharing}


def test_the_best_lane_of_each_heat_is_found(everyone: Stage) -> None:
    fields = _fields(everyone)
    assert len(fields) > 8
    assert sorted(heat.number for heat in everyone.heats) == sorted(fields)
    for heat in everyone.heats:
        records = fields[heat.number]
        returns = [record.episode_return for record in records]
        best = records[int(np.argmax(returns))]
        assert heat == Heat(
            heat.number,
            records[0].seed,
            len(records),
            best.lane,
            best.episode,
            max(returns),
            max(returns) - min(returns),
        )
    assert len({heat.lane for heat in everyone.heats}) > 1


def test_the_learner_gets_winners_only_and_whole(winners: Stage) -> None:
    learned = winners.agent.episodes()
    best = {heat.episode for heat in winners.heats}
    assert len(best) > 8 and learned.keys() == best
    records = {record.episode: record for record in winners.records}
    for episode, told in learned.items():
        assert told["start"] == 0 and told["end"] is records[episode].end is not End.CUT
        assert len(told["actions"]) == records[episode].steps
        assert told["rewards"].sum() == records[episode].episode_return


def test_losers_count_as_driven(winners: Stage) -> None:
    given = sum(map(len, winners.agent.segments))
    driven = sum(stats.steps for stats in winners.stats)
    assert driven > given * 1.5
    assert sum(record.steps for record in winners.records) <= driven
    assert sum(stats.frames for stats in winners.stats) >= sum(record.frames for record in winners.records)
    assert len(winners.records) >= len(winners.heats) * winners.setting.seeds.sharing


def test_a_round_of_winners_has_at_least_the_steps_asked_for(winners: Stage) -> None:
    versions: dict[int, int] = {}
    for stats, segments in zip(winners.stats, winners.agent.lags, strict=True):
        lags = np.repeat([lag for lag, _ in segments], [steps for _, steps in segments])
        assert len(lags) >= STEPS
        assert stats.lag_mean == pytest.approx(lags.mean()) and stats.lag_max == lags.max()
        versions[len(versions)] = int(lags.max())
    assert max(versions.values()) > 0, "no winner was begun with older weights"


@EVERY
def test_winners_of_constant_weights_are_those_of_everyone(name: str) -> None:
    with staged(name, constant=True) as everyone, staged(name, "best", constant=True) as winners:
        everyone.rounds(12)
        winners.rounds(3)
    shared = {heat.number: heat for heat in everyone.heats}
    both = [heat for heat in winners.heats if heat.number in shared]
    assert len(both) > 4 and all(heat == shared[heat.number] for heat in both)
    driven, learned = everyone.agent.episodes(), winners.agent.episodes()
    for heat in both:
        for key, value in learned[heat.episode].items():
            assert np.array_equal(value, driven[heat.episode][key])


def _withholding(name: str) -> Stage:
    """Stopped at the end of a round in mid-heat."""
    made = staged(name, "best")
    for _ in range(20):
        made.rounds(1)
        state = made.collector.state()
        if len(state.tensors["judge.entries"]) and state.facts["withheld"]["segments"]:
            return made
    raise AssertionError("never stopped in mid-heat")


@EVERY
def test_a_state_in_mid_heat_goes_on_bit_for_bit(name: str) -> None:
    with _withholding(name) as made, staged(name, "best") as other:
        state = through_json(made.collector.state())
        other.collector.restore(state)
        assert same_states(other.collector.state(), state)
        other.agent.restore(made.agent.state())
        seen, known = len(made.agent.segments), len(made.heats)
        made.rounds(4)
        other.rounds(4)
        assert same_segments(made.agent.segments[seen:], other.agent.segments)
        assert made.heats[known:] == other.heats
        assert same_states(made.collector.state(), other.collector.state())


@EVERY
def test_no_more_is_withheld_than_the_heats_that_are_going_on(name: str) -> None:
    with _withholding(name) as made:
        for _ in range(5):
            made.rounds(1)
            kept = {segment[2] for segment in made.collector.state().facts["withheld"]["segments"]}
            assert len(kept) <= SIDE_BY_SIDE[name][0].lanes


class _AbandonError(Exception):
    """What a trainer's pulse raises to stop now."""


@EVERY
@pytest.mark.parametrize("ticks", [1, 40])
def test_an_abandoned_round_never_happened(name: str, ticks: int) -> None:
    left = [-1]

    def pulse() -> None:
        left[0] -= 1
        if left[0] == 0:
            raise _AbandonError

    made = staged(name, "best", setting=Setting(pulse=pulse))
    with made, staged(name, "best") as undisturbed:
        for each in (made, undisturbed):
            each.rounds(2)
        before = made.collector.state()
        left[0] = ticks
        made.collector.publish(made.agent.snapshot())
        with pytest.raises(_AbandonError):
            made.collector.collect(4 * STEPS)
        assert same_states(made.collector.state(), before)
        stats = made.collector.stats()
        assert (stats.steps, list(stats.episodes), list(stats.heats)) == (0, [], [])
        for each in (made, undisturbed):
            each.rounds(2)
        assert same_segments(made.agent.segments, undisturbed.agent.segments)
        assert (made.records, made.heats) == (undisturbed.records, undisturbed.heats)


def _with(state: State, name: str, value: object) -> State:
    return State({**state.tensors, name: np.asarray(value)}, state.facts)


def _described(state: State, change: Callable[[list[object]], list[object]]) -> State:
    segments = [change(list(segment)) for segment in state.facts["withheld"]["segments"]]
    return State(state.tensors, {**state.facts, "withheld": {"segments": segments}})


def _without(state: State, part: str) -> State:
    return State({name: tensor for name, tensor in state.tensors.items() if part not in name}, state.facts)


def _facts(state: State, **facts: object) -> State:
    return State(state.tensors, {**state.facts, **facts})


WRONG: dict[str, tuple[Callable[[State], State], str]] = {
    "no judge": (lambda state: _without(state, "judge"), "lacks entries"),
    "too many entries": (
        lambda state: _with(state, "judge.entries", np.repeat(state.tensors["judge.entries"], 9, axis=0)),
        "returns of the collector's state is float64",
    ),
    "no segments": (lambda state: _facts(state, withheld={}), "segments of the collector's state is None"),
    "segments missing": (lambda state: _facts(state, withheld={"segments": []}), "lacks segments of episodes"),
    "taken of everyone": (lambda state: _facts(state, competition={"select": "all"}), "not taken with select best"),
    "no such end": (lambda state: _described(state, lambda one: ["over", *one[1:]]), "'over' is not a valid End"),
    "half a segment": (lambda state: _described(state, lambda one: one[:2]), "segment 0 of the collector's state"),
    "other frames": (
        lambda state: _with(state, "withheld.0.frames", state.tensors["withheld.0.frames"][1:]),
        "segment 0 of the collector's state: .* frames",
    ),
    "other pixels": (lambda state: _with(state, "withheld.0.frames", np.zeros((9, 2), np.uint8)), "0.frames of the"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_state_changes_nothing(fault: str) -> None:
    spoil, words = WRONG[fault]
    with _withholding("multicar") as made:
        state = made.collector.state()
        with pytest.raises(StateError, match=words):
            made.collector.restore(spoil(state))
        assert same_states(made.collector.state(), state)
        made.rounds(1)


def test_a_complete_heat_in_a_state_is_refused() -> None:
    judge = Judge(2)
    judge.add([_ended(0, 0, 5.0)])
    state = judge.state()
    twice = State({name: np.repeat(tensor, 2, axis=0) for name, tensor in state.tensors.items()}, {})
    with pytest.raises(StateError, match="a heat that is complete"):
        judge.restored(twice)


def _ended(episode: int, lane: int, episode_return: float) -> EpisodeRecord:
    return EpisodeRecord(episode, 70 + episode // 3, lane, 0, 0, 1, 4, episode_return, End.TERMINATED)


@pytest.mark.parametrize(
    ("returns", "episode", "spread"),
    [((1.0, 3.0, 2.0), 4, 2.0), ((-5.0, -9.0, -5.0), 3, 4.0), ((0.0, 0.0, 0.0), 3, 0.0), ((1.0, 2.0, 2.5), 5, 1.5)],
)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_the_highest_return_wins_and_the_first_among_equals(
    returns: tuple[float, ...], episode: int, spread: float, order: tuple[int, ...]
) -> None:
    judge = Judge(3)
    records = [_ended(3 + index, 10 + index, returns[index]) for index in order]
    assert judge.add(records[:2]) == []
    best = returns[episode - 3]
    assert judge.add(records[2:]) == [Heat(1, 71, 3, 7 + episode, episode, best, spread)]
    assert judge.add([_ended(8, 0, 1.0)]) == []


def test_without_anyone_beside_there_is_no_best() -> None:
    with stage("sync") as made:
        made.rounds(2)
        assert not isinstance(made.collector, Competition) and made.heats == []
    with pytest.raises(CollectorConfigError, match="select best needs cars that drive the same track"):
        make_collector("sync", Setting().plan(CollectorConfig(4, workers=1, select="best")))
