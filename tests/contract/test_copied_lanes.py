"""Worlds that can be copied: the same experience as others, states that are copies, and no log of actions."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from agents.api import State, StateError
from carracing.task import Array
from collectors.api import CollectorConfig
from collectors.journal import Journal
from collectors.process_lanes import ProcessLanes
from collectors.registry import make_collector
from collectors.step import StepCollector
from tests.contract.collecting import (
    ROWS,
    STEPS,
    STEPWISE,
    Setting,
    Stage,
    same_segments,
    same_states,
    stage,
)
from tests.contract.going_on import (
    advance,
    check_another_kind_goes_on,
    check_it_goes_back,
    check_the_other_goes_on,
)
from tests.fakes import CountingRules, CountingWorld
from tests.fakes.faulty import SILENCE, Fault, FaultyWorld
from tests.fakes.savable import savable
from tests.runs import send_signal

RULES = CountingRules(shortest=6)
SETTING = Setting(rules=RULES)
WORLD = partial(CountingWorld, RULES)
EVERY = pytest.mark.parametrize("name", STEPWISE)
VICTIM = SETTING.seeds.track(3)


def copied_stage(name: str) -> Stage:
    setting = SETTING.of(ROWS[name])
    plan = replace(setting.plan(ROWS[name]), worlds=savable(partial(CountingWorld, setting.rules)))
    return Stage(make_collector(name, plan), setting)


@EVERY
def test_the_same_is_collected(name: str) -> None:
    with copied_stage(name) as made, stage(name, SETTING) as other:
        assert same_segments(advance(made, 5), advance(other, 5))
        assert made.records == other.records


@EVERY
@pytest.mark.parametrize("rounds", [0, 1, 4])
def test_another_collector_goes_on_bit_for_bit(name: str, rounds: int) -> None:
    with copied_stage(name) as made, copied_stage(name) as other:
        made.rounds(rounds)
        check_the_other_goes_on(made, other)


@EVERY
def test_the_same_collector_goes_back(name: str) -> None:
    with copied_stage(name) as made:
        made.rounds(2)
        check_it_goes_back(made)


@pytest.mark.parametrize(("source", "target"), [("sync", "async"), ("async", "sync")])
def test_a_collector_of_another_kind_goes_on(source: str, target: str) -> None:
    with copied_stage(source) as made, copied_stage(target) as other:
        made.rounds(3)
        check_another_kind_goes_on(made, other)


@EVERY
def test_a_state_of_logged_actions_is_driven_again(name: str) -> None:
    with stage(name, SETTING) as made, copied_stage(name) as other:
        made.rounds(2)
        check_another_kind_goes_on(made, other)


def _with(state: State, name: str, value: Array) -> State:
    return State({**state.tensors, name: value}, state.facts)


def _damaged(state: State) -> State:
    cars = state.tensors["lanes.cars"].copy()
    cars[-1, 8:16] = 255
    return _with(state, "lanes.cars", cars)


WRONG: dict[str, tuple[Callable[[State], State], str]] = {
    "copies of another kind": (
        lambda state: _with(state, "lanes.cars", state.tensors["lanes.cars"].astype(np.int8)),
        "cars of the collector's state is int8",
    ),
    "short copies": (lambda state: _with(state, "lanes.cars", state.tensors["lanes.cars"][:, :8]), "counting cars"),
    "damaged copies": (_damaged, "less than no step"),
    "no seeds": (
        lambda state: State({k: v for k, v in state.tensors.items() if k != "lanes.seeds"}, state.facts),
        "lacks seeds",
    ),
}


@EVERY
@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_state_changes_nothing(name: str, fault: str) -> None:
    spoil, words = WRONG[fault]
    with copied_stage(name) as made, copied_stage(name) as undisturbed:
        for each in (made, undisturbed):
            each.rounds(2, steps=STEPS + 2 * ROWS[name].lanes)
        with pytest.raises(StateError, match=words):
            made.collector.restore(spoil(made.collector.state()))
        assert same_segments(advance(made), advance(undisturbed))


def test_a_log_that_leads_elsewhere_changes_nothing() -> None:
    with stage("sync", SETTING) as made, copied_stage("sync") as other, copied_stage("sync") as undisturbed:
        made.rounds(2, steps=STEPS + 10)
        state = made.collector.state()
        assert state.tensors["lanes.lengths"].any()
        for each in (other, undisturbed):
            each.rounds(2)
        with pytest.raises(StateError, match="led elsewhere"):
            other.collector.restore(_with(state, "lanes.actions", state.tensors["lanes.actions"] * 0))
        assert same_segments(advance(other), advance(undisturbed))


@EVERY
def test_worlds_that_cannot_be_copied_say_so(name: str) -> None:
    with copied_stage(name) as made, stage(name, SETTING) as other:
        made.rounds(1)
        with pytest.raises(StateError, match="copies of cars that this backend cannot take"):
            other.collector.restore(made.collector.state())


def _workers(make_world: Callable[[], CountingWorld], timeout: float = 20.0) -> tuple[Stage, ProcessLanes]:
    """A stage over workers whose processes are known."""
    plan = replace(SETTING.plan(replace(ROWS["async"], worker_timeout=timeout)), worlds=savable(make_world))
    lanes = ProcessLanes(plan)
    return Stage(StepCollector(plan, lanes), SETTING), lanes


@pytest.mark.parametrize("fault", ["kill", "hang"])
@pytest.mark.parametrize("steps", [10, 60])
def test_a_worker_lost_within_a_step_leaves_no_trace(fault: Fault, steps: int, tmp_path: Path) -> None:
    """With rounds of 10 steps the worker has cars in mid-episode when copies are taken."""
    world = partial(FaultyWorld, RULES, fault, VICTIM, 4, tmp_path / "failed")
    made, _ = _workers(world, 20.0 if fault == "kill" else SILENCE)
    with made, stage("sync", SETTING) as expected:
        for each in (made, expected):
            each.rounds(120 // steps, steps)
        assert same_segments(made.agent.segments, expected.agent.segments)
        assert made.records == expected.records
        assert len(made.incidents) == 1, made.incidents
    assert (tmp_path / "failed").exists()


def test_a_worker_lost_while_its_cars_are_copied_or_put_back_is_replaced() -> None:
    with copied_stage("async") as source:
        source.rounds(2)
        state = source.collector.state()
    made, lanes = _workers(WORLD)
    with made:
        made.rounds(1)
        for _ in range(2):
            send_signal(lanes.pids[1], signal.SIGKILL)
            made.collector.state()
        assert same_states(made.collector.state(), made.collector.state())
        send_signal(lanes.pids[0], signal.SIGKILL)
        made.collector.restore(state)
        assert same_states(made.collector.state(), state)
        incidents = made.collector.stats().incidents
        assert [incident.split(" (")[0] for incident in incidents] == ["worker 1", "worker 1", "worker 0"]


def test_orders_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Journal, "MOST_ORDERS", 7)
    plan = replace(SETTING.plan(CollectorConfig(lanes=4, workers=2)), worlds=savable(WORLD))
    lanes = ProcessLanes(plan)
    everyone, actions = np.ones(4, np.bool_), np.zeros((4, 2), np.float32)
    try:
        lanes.reset(everyone, np.arange(4))
        for step in range(30):
            assert lanes._journal is not None and len(list(lanes._journal.orders(slice(0, 4)))) < 7
            if step == 20:
                send_signal(lanes.pids[0], signal.SIGKILL)
            before = lanes._arrays.observations.copy()
            ended = lanes.step(actions, everyone)
            assert (RULES.read(ended.observations)[:, 2] == RULES.read(before)[:, 2] + 1).all()
            over = ended.terminated | ended.truncated
            if over.any():
                lanes.reset(over, np.arange(4) + step)
        assert len(lanes.incidents()) == 1
    finally:
        lanes.close()
