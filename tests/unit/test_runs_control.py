"""Orders: which are possible when, and how they are answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from racetui.runs.control import InvalidOrder, OrderTimeout, RunEnded, outcome, send, wait_for, wait_for_state
from racetui.runs.model import RunState
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.writer import RunWriter
from tests.runs import new_run


@pytest.fixture
def paths() -> RunPaths:
    return new_run("boss")


@pytest.fixture
def writer(paths: RunPaths) -> Iterator[RunWriter]:
    with RunWriter(paths) as writer:
        writer.identify()
        writer.set_state(RunState.RUNNING)
        yield writer


def test_order_reaches_the_run_and_its_answer_comes_back(paths: RunPaths, writer: RunWriter) -> None:
    order = send(paths, "evaluate", {"episodes": 3}, source="panel")
    other = send(paths, "pause")
    first, second = writer.pending_commands()
    assert (first.id, first.name, first.args, first.source) == (order, "evaluate", {"episodes": 3}, "panel")
    assert (second.id, second.name, second.args, second.source) == (other, "pause", {}, "cli")
    assert outcome(paths, order).taken is None
    writer.take(order)
    assert [command.id for command in writer.pending_commands()] == [other]
    assert outcome(paths, order).taken is not None
    assert outcome(paths, order).done is None
    writer.done(order, "ok")
    writer.done(other, "too late")
    assert writer.pending_commands() == []
    assert wait_for(paths, order, timeout=1).outcome == "ok"
    answer = wait_for(paths, other, timeout=1)
    assert answer.outcome == "too late"
    assert answer.taken is not None
    assert [command.id for command in RunReader(paths).commands()] == [order, other]


ALWAYS = {"queued", "starting", "running", "pausing", "paused"}


@pytest.mark.parametrize(
    ("order", "possible"),
    [
        ("pause", {"queued", "starting", "running"}),
        ("resume", {"pausing", "paused"}),
        ("stop", ALWAYS | {"evaluating"}),
        ("checkpoint", ALWAYS),
        ("evaluate", ALWAYS),
        ("kill", set()),
        ("dance", set()),
    ],
)
def test_orders_that_are_impossible_now_are_refused_in_one_line(
    order: str, possible: set[str], paths: RunPaths, writer: RunWriter
) -> None:
    for state in RunState:
        if state in (RunState.STALLED, RunState.CRASHED):
            continue
        writer.set_state(state, "why")
        if state.value in possible:
            writer.done(send(paths, order), "ok")
            continue
        with pytest.raises(InvalidOrder) as caught:
            send(paths, order)
        assert "\n" not in str(caught.value)
        assert order in str(caught.value)
        if order not in ("kill", "dance"):
            assert "run 1 (boss)" in str(caught.value)
            assert f"{state}, why" in str(caught.value)
    assert writer.pending_commands() == []


def test_stop_has_two_rungs_and_can_be_hastened(paths: RunPaths, writer: RunWriter) -> None:
    send(paths, "stop")
    assert writer.pending_commands()[0].args == {"after": "round"}
    writer.set_state(RunState.STOPPING)
    with pytest.raises(InvalidOrder):
        send(paths, "stop", {"after": "round"})
    send(paths, "stop", {"after": "now"})
    assert writer.pending_commands()[1].args == {"after": "now"}
    with pytest.raises(InvalidOrder, match="round, now"):
        send(paths, "stop", {"after": "lunch"})


def test_a_pause_that_is_not_obeyed_yet_can_be_taken_back(paths: RunPaths, writer: RunWriter) -> None:
    with pytest.raises(InvalidOrder):
        send(paths, "resume")
    pause = send(paths, "pause")
    send(paths, "resume")
    writer.done(pause, "ok")
    with pytest.raises(InvalidOrder):
        send(paths, "resume")


def test_waiting_for_an_answer_ends_in_time(paths: RunPaths, writer: RunWriter) -> None:
    order = send(paths, "pause")
    started = time.monotonic()
    with pytest.raises(OrderTimeout, match=r"run 1 \(boss\) did not pause within 0.2 s: running"):
        wait_for(paths, order, timeout=0.2)
    assert 0.2 <= time.monotonic() - started < 2
    assert issubclass(OrderTimeout, TimeoutError)
    with pytest.raises(InvalidOrder, match="99"):
        wait_for(paths, 99, timeout=1)


def test_waiting_is_over_when_the_run_is(paths: RunPaths, writer: RunWriter) -> None:
    order = send(paths, "pause")
    threading.Timer(0.2, lambda: _end(paths)).start()
    started = time.monotonic()
    with pytest.raises(RunEnded, match="failed, out of luck"):
        wait_for(paths, order, timeout=30)
    assert time.monotonic() - started < 10


def test_waiting_for_a_state(paths: RunPaths, writer: RunWriter) -> None:
    assert wait_for_state(paths, {RunState.RUNNING}, timeout=1).name == "boss"
    with pytest.raises(OrderTimeout, match=r"still running after 0\.1 s"):
        wait_for_state(paths, [RunState.PAUSED], timeout=0.1)
    threading.Timer(0.2, lambda: _end(paths)).start()
    assert wait_for_state(paths, lambda state: state.ended, timeout=30).detail == "out of luck"
    with pytest.raises(RunEnded, match="failed"):
        wait_for_state(paths, {RunState.RUNNING}, timeout=30)


def _end(paths: RunPaths) -> None:
    with RunWriter(paths) as writer:
        writer.set_state(RunState.FAILED, "out of luck")
