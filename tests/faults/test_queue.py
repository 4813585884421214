"""Runs that wait their turn: real processes, that start, are ordered about, and die as they do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from racetui.cli.attach import follow
from racetui.launching import resume_run
from racetui.runs.control import InvalidOrder, RunBusy, kill, send, wait_for, wait_for_state
from racetui.runs.errors import NotWritable
from racetui.runs.launch import launch
from racetui.runs.model import RunState, RunSummary
from racetui.runs.paths import RunPaths
from racetui.runs.queue import Queue
from racetui.runs.reader import RunReader
from racetui.runs.writer import RunWriter
from racetui.trainer.__main__ import main
from racetui.trainer.orders import Orders
from racetui.trainer.turn import Turn
from tests.program import racetui, started, until
from tests.runs import Looks, new_run, python, send_signal

TRAINER = """
    from racetui.runs.claim import claim
    from racetui.runs.model import RunState
    from racetui.runs.writer import RunWriter
    from racetui.trainer.turn import Turn
    with claim(paths), RunWriter(paths) as writer:
        writer.identify()
        turn = Turn(paths, writer)
        try:
            if turn.wait():
                writer.set_state(RunState.RUNNING)
                while not (orders := writer.pending_commands()):
                    writer.show_life()
                    time.sleep(0.02)
                writer.set_state(RunState.FINISHED)
                writer.done(orders[0].id, "ok")
        finally:
            turn.leave()
"""
"""Trains nothing, but waits its turn as a trainer does, and ends at its first order."""


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RACETUI_QUEUE", "runs=1,cores=64,memory=1000")


def summary(paths: RunPaths) -> RunSummary:
    with RunReader(paths) as reader:
        return reader.summary()


def state(paths: RunPaths) -> RunState:
    return summary(paths).state


def begin(now: bool = False) -> RunPaths:
    paths = new_run()
    launch(paths, command=python(TRAINER, paths.root), now=now)
    return paths


def begun(count: int) -> list[RunPaths]:
    """So many runs, of which the first goes and the others wait."""
    runs = [begin() for _ in range(count)]
    wait_for_state(runs[0], {RunState.RUNNING}, timeout=20)
    return runs


def test_an_interrupted_foreground_says_what_becomes_of_a_run_that_waits(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    going, waiting = begun(2)
    wait_for_state(waiting, {RunState.QUEUED}, timeout=20)
    looks = Looks(monkeypatch)

    def interrupt() -> None:
        looks.wait()  # it listens by then
        signal.raise_signal(signal.SIGINT)

    person = threading.Thread(target=interrupt)
    person.start()
    assert follow(waiting)
    person.join()
    told = capsys.readouterr().err
    assert "taking it out of the queue, nothing has been trained yet" in told
    assert "with a checkpoint" not in told
    assert state(waiting) is RunState.STOPPED
    end(going)


def end(paths: RunPaths) -> None:
    assert wait_for(paths, send(paths, "stop"), timeout=20).outcome == "ok"


def until_running(paths: RunPaths) -> None:
    wait_for_state(paths, {RunState.RUNNING}, timeout=20)


def until_told(paths: RunPaths) -> None:
    """Its process is up, and has said in the log what it waits for."""
    until(lambda: any(event.kind == "queue" for event in RunReader(paths).events()), 20)


def waiting_for(paths: RunPaths, words: str) -> Callable[[], bool]:
    return lambda: words in summary(paths).detail


def test_they_take_turns_in_their_order_and_say_what_they_wait_for() -> None:
    first, second, third = begun(3)
    run = summary(second)
    assert (run.state, run.pid is not None) == (RunState.QUEUED, True)
    assert run.detail == "waiting for run 1 to end: 1 of 1 runs at once"
    assert summary(third).detail.endswith("; run 2 is before it")
    end(first)
    until_running(second)
    until(waiting_for(third, "waiting for run 2 to end: 1 of 1 runs at once"), 10)
    assert "run 2 is before it" not in summary(third).detail
    end(second)
    until_running(third)
    events = [event.text for event in RunReader(third).events() if event.kind == "queue"]
    assert events[0].startswith("waiting for run ")
    assert events[-1].startswith("its turn after 0 min")
    end(third)


def test_a_killed_waiter_is_crashed_lets_others_pass_and_can_be_resumed() -> None:
    first, second, third = begun(3)
    send_signal(summary(second).pid, signal.SIGKILL)
    until(lambda: state(second) is RunState.CRASHED, 10)
    until(waiting_for(third, "waiting for run 1 to end: 1 of 1 runs at once"), 10)
    until(lambda: "run 2" not in summary(third).detail, 10)
    send_signal(summary(first).pid, signal.SIGKILL)  # a trainer that says no last word holds its place as little
    until_running(third)
    assert state(first) is RunState.CRASHED
    launch(second, command=python(TRAINER, second.root))
    assert summary(second).detail == "waiting for run 3 to end: 1 of 1 runs at once"
    with pytest.raises(RunBusy, match=r"run 2 \(run-2\) is already waiting its turn as process"):
        launch(second)
    end(third)
    until_running(second)
    end(second)


def test_of_those_who_start_at_once_one_goes_and_no_two_ever_do() -> None:
    runs = [new_run() for _ in range(4)]

    def start(paths: RunPaths) -> None:
        launch(paths, command=python(TRAINER, paths.root))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(start, runs))
    for left in range(4, 0, -1):
        running = until(lambda: [paths for paths in runs if state(paths) is RunState.RUNNING], 20)
        assert len(running) == 1
        assert [state(paths) for paths in runs].count(RunState.QUEUED) == left - 1
        end(running[0])
    assert {state(paths) for paths in runs} == {RunState.FINISHED}


def test_orders_reach_a_run_that_waits() -> None:
    first, second, third = begun(3)
    assert wait_for(second, send(second, "checkpoint"), timeout=10).outcome.startswith("nothing is trained yet")
    assert wait_for(second, send(second, "pause"), timeout=10).outcome == "ok"
    held = summary(second)
    assert (held.state, held.detail) == (RunState.PAUSED, "before its turn: others pass")
    end(first)
    until_running(third)
    assert wait_for(second, send(second, "resume"), timeout=10).outcome == "ok"
    until(waiting_for(second, "waiting for run 3 to end"), 10)
    assert state(second) is RunState.QUEUED
    assert wait_for(second, send(second, "stop"), timeout=10).outcome == "ok"
    stopped = wait_for_state(second, {RunState.STOPPED}, timeout=10)
    assert (stopped.detail, stopped.begun) == ("by cli, before its turn", False)
    until(lambda: RunReader(second).process() is None, 10)
    waiter = begin()
    until_told(waiter)
    send_signal(summary(waiter).pid, signal.SIGTERM)
    assert wait_for_state(waiter, {RunState.STOPPED}, timeout=10).detail == "by a signal, before its turn"
    waiter = begin()
    kill(waiter)
    assert summary(waiter).detail == "killed"
    end(third)


def test_one_can_go_first_or_at_once() -> None:
    first, second, third, fourth = begun(4)
    Queue(fourth).first("4")
    until(waiting_for(second, "; run 4 is before it"), 10)
    Queue(third).now("3")
    until_running(third)
    assert state(first) is RunState.RUNNING
    with pytest.raises(InvalidOrder, match="run 3 does not wait for its turn"):
        Queue(third).first("3")
    until_running(begin(now=True))
    assert "one of 3" not in summary(second).detail
    end(first)
    end(third)
    assert state(fourth) is RunState.QUEUED
    end(RunPaths(first.root.parent / "5"))
    until_running(fourth)
    assert state(second) is RunState.QUEUED
    end(fourth)
    until_running(second)
    end(second)


def test_a_lost_or_damaged_queue_is_made_anew_by_those_who_wait(store_home: Path) -> None:
    first, second, third = begun(3)
    until_told(second)
    until_told(third)
    file = store_home / "runs" / ".queue.json"
    file.write_text('{"tickets": [{"run": "1"}]}')
    until(lambda: len(Queue(second).look().tickets) == 3, 10)
    assert [(ticket.run, ticket.going) for ticket in Queue(first).look().tickets] == [
        ("1", True),
        ("2", False),
        ("3", False),
    ]
    end(first)
    until_running(second)
    assert state(third) is RunState.QUEUED
    kill(third)
    end(second)


def test_who_waits_is_small_and_idle() -> None:
    paths = begun(1)[0]
    waiter = new_run()
    process = psutil.Process(launch(waiter))
    until_told(waiter)
    loaded = process.memory_maps()
    assert not [found.path for found in loaded if "numpy" in found.path or "torch" in found.path]
    before = process.cpu_times()
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(["sleep", "60"], timeout=3, check=False)
    after = process.cpu_times()
    assert after.user + after.system - before.user - before.system < 0.15  # seconds of 3, on a machine that is busy
    kill(waiter)
    end(paths)


def test_real_runs_queue_from_the_command_line(store_home: Path) -> None:
    going = started("--frames", "100M")
    detached = racetui("train", "--detach", "--frames", "500")
    assert detached.code == 0, detached.err
    queued = detached.out.strip()
    waiting = f"waiting for run {going} to end: 1 of 1 runs at once"
    assert detached.err == f"racetui: run {queued} is queued, {waiting}\n"
    assert racetui("runs").out.splitlines()[1].endswith(waiting)
    timed_out = racetui("wait", queued, "--timeout", "1s")
    assert timed_out.code == 5
    assert timed_out.err.count(waiting) == 2
    shown = racetui("queue", "--json").json
    assert [(entry["run"], entry["state"]) for entry in shown["queue"]] == [(going, "goes"), (queued, "waits")]
    assert shown["queue"][1]["reason"] == waiting
    assert racetui("stop", queued).code == 0
    paths = RunPaths(store_home / "runs" / queued)
    until(lambda: RunReader(paths).process() is None, 10)
    resume_run(paths)  # it never began, so it begins
    assert state(paths) is RunState.QUEUED
    assert racetui("queue", queued, "--now").code == 0
    wait_for_state(paths, {RunState.FINISHED}, timeout=120)
    assert json.loads((store_home / "runs" / ".queue.json").read_text())["limits"]["runs"] == 1
    assert racetui("stop", going, "--now").code == 0


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunPaths]:
    """The run that ``main`` of the trainer would train, in this process."""
    paths = new_run()
    monkeypatch.setattr("sys.argv", ["racetui.trainer", str(paths.root)])
    for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGTERM, lambda *_: None)  # should nobody listen, one test fails and not all of them
    yield paths
    for number, handler in before.items():
        signal.signal(number, handler)


def test_what_goes_wrong_while_it_waits_is_its_last_word(trainer: RunPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_turn: Turn) -> bool:
        raise NotWritable("cannot write to the queue: No space left on device")

    monkeypatch.setattr(Turn, "wait", full)
    assert main() == 1
    assert (state(trainer), summary(trainer).detail) == (
        RunState.FAILED,
        "cannot write to the queue: No space left on device",
    )


def test_a_signal_between_its_turn_and_its_training_stops_it(
    trainer: RunPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def signalled(writer: RunWriter, entered: RunState, detail: str = "") -> None:
        if entered is RunState.STARTING:
            os.kill(os.getpid(), signal.SIGTERM)
        set_state(writer, entered, detail)

    def train(_paths: RunPaths, _writer: RunWriter, orders: Orders, resume: bool) -> RunState:
        orders.poll()
        return RunState.STOPPED if orders.stop and not resume else RunState.FINISHED

    set_state = RunWriter.set_state
    monkeypatch.setattr(RunWriter, "set_state", signalled)
    monkeypatch.setattr("racetui.trainer.training.train", train)
    assert main() == 0
    assert state(trainer) is RunState.STOPPED
