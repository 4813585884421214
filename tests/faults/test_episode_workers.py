"""Workers of whole episodes that die, hang or fail: replaced without a trace in the results, never left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import psutil
import pytest

from carracing.each_world import each
from collectors import child_process, dispatcher
from collectors.api import CollectorConfig, CollectorError, WorkerError
from collectors.blocks import BlockTask
from collectors.dispatcher import Dispatcher
from collectors.episode_collector import collector_over, driving_plan
from collectors.episode_pool import Event, Ready, Vitals
from collectors.process_pool import ProcessPool
from collectors.registry import CollectorPlan
from tests.contract.collecting import LAG, Setting, Stage, same_segments
from tests.fakes import CountingRules, CountingWorld
from tests.fakes.faulty import SILENCE, Fault, FaultyWorld, broken_factory
from tests.runs import send_signal

SETTING = Setting(rules=CountingRules(shortest=6), lag=LAG)
CONFIG = CollectorConfig(lanes=4, workers=2, worker_timeout=20.0)
VICTIM = SETTING.seeds.track(9)
"""Track of an episode that is driven beside episode 8."""


class _Workers(Stage):
    """A stage over workers whose processes are known."""

    def __init__(self, plan: CollectorPlan) -> None:
        driving = driving_plan(plan)
        self.pool = ProcessPool(driving, plan.config.workers, plan.preload)
        super().__init__(collector_over(plan, driving, self.pool), SETTING)


class _Strikes:
    """A pulse that sends a signal to a worker at given ticks."""

    def __init__(self, workers: dict[int, int], number: signal.Signals) -> None:
        self._workers, self._signal, self._ticks = workers, number, 0
        self.pool: ProcessPool | None = None

    def __call__(self) -> None:
        self._ticks += 1
        if self.pool is not None and self._ticks in self._workers:
            send_signal(self.pool.pids[self._workers[self._ticks]], self._signal)


def _undisturbed(rounds: int) -> Stage:
    with _Workers(SETTING.plan(CONFIG)) as made:
        made.rounds(rounds)
    return made


def _faulty(fault: Fault, marker: Path | None, **changes: float) -> CollectorPlan:
    world = partial(FaultyWorld, SETTING.rules, fault, VICTIM, 4, marker)
    return replace(SETTING.plan(replace(CONFIG, **changes)), worlds=each(world))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("kill", r"died \(signal 9\)"),
        ("stop", "took no step for 1.5 s"),
        ("hang", "took no step for 1.5 s"),
    ],
)
def test_a_worker_lost_within_an_episode_leaves_no_trace(fault: Fault, words: str, tmp_path: Path) -> None:
    timeout = 20.0 if fault == "kill" else SILENCE
    with _Workers(_faulty(fault, tmp_path / "failed", worker_timeout=timeout)) as made:
        pids = made.pool.pids
        made.rounds(4)
        expected = _undisturbed(rounds=4)
        assert same_segments(made.agent.segments, expected.agent.segments)
        assert made.records == expected.records
        assert len(made.incidents) == 1
        told = re.fullmatch(
            rf"worker (\d) \(pid (\d+)\) {words} while driving episodes 8 to 9; replaced", made.incidents[0]
        )
        assert told, made.incidents
        assert pids[int(told[1])] == int(told[2]) != made.pool.pids[int(told[1])]
        assert not psutil.pid_exists(int(told[2]))
    assert (tmp_path / "failed").exists()


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGSTOP"])
def test_workers_lost_at_any_moment_leave_no_trace(name: str) -> None:
    strike = _Strikes({3: 0, 7: 1, 12: 1, 20: 0}, signal.Signals[name])
    timeout = SILENCE if name == "SIGSTOP" else CONFIG.worker_timeout
    with _Workers(replace(SETTING.plan(replace(CONFIG, worker_timeout=timeout)), pulse=strike)) as made:
        strike.pool = made.pool
        made.rounds(4)
        assert same_segments(made.agent.segments, _undisturbed(rounds=4).agent.segments)
        assert 1 <= len(made.incidents) <= 4  # one that was stopped with nothing more to do is not missed


def test_a_worker_lost_while_the_learner_learns_leaves_no_trace() -> None:
    with _Workers(SETTING.plan(CONFIG)) as made:
        for count, victim in enumerate((0, 1, 1), 1):
            made.rounds(1)
            send_signal(made.pool.pids[victim], signal.SIGKILL)
            time.sleep(0.1)
            while len(made.incidents) < count:  # what it had driven before may do for a round or two
                assert len(made.stats) < 12, "nobody misses it"
                made.rounds(1)
        assert same_segments(made.agent.segments, _undisturbed(len(made.stats)).agent.segments)
        assert len(made.incidents) == 3


class _Silent:
    """A pool whose only worker is ready, and gives no sign of life after that."""

    num = 1

    def __init__(self) -> None:
        self._events: list[Event] = []

    def start(self, worker: int) -> None:
        self._events.append(Ready(worker))

    def ask(self, worker: int, task: BlockTask) -> None:
        """It does not hear."""

    def wait(self, seconds: float) -> list[Event]:
        events, self._events = self._events, []
        return events

    def vitals(self, worker: int) -> Vitals:
        return Vitals()

    def name(self, worker: int) -> str:
        return f"worker {worker}"

    def kill(self, worker: int) -> None:
        """It is gone."""


def test_a_pause_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looked for longer than the time limit: that says nothing about the workers."""
    now, pool = [0.0], cast("Any", _Silent())
    monkeypatch.setattr(dispatcher, "monotonic", lambda: now[0])
    made = Dispatcher(pool, episodes=1, timeout=60.0, ahead=1)
    made.start()
    made.submit(BlockTask(ticket=0, first=7, weights=0))
    told: list[str] = []
    for seconds in (0.1, 1000.0, *[0.5] * 119):  # it is learned or paused for a while
        now[0] += seconds
        made.receive(0.0)
        told += made.incidents()
    assert told == []
    for _ in range(3):
        now[0] += 0.5
        made.receive(0.0)
    assert made.incidents() == ["worker 0 took no step for 60 s while driving episode 7; replaced"]


def test_a_block_that_kills_every_worker_is_an_error() -> None:
    with _Workers(_faulty("kill", None)) as made:
        made.rounds(1, steps=20)
        state = made.collector.state()
        with pytest.raises(
            WorkerError,
            match=r"worker \d \(pid \d+\) died \(signal 9\) while driving episodes 8 to 9, as did 3 before it",
        ):
            made.rounds(2)
        # A quick worker drives ahead, and may be lost before its episode is wanted.
        incidents = [*made.incidents, *made.collector.stats().incidents]
        assert len(incidents) == 3 and all("episodes 8 to 9; replaced" in incident for incident in incidents)
        assert made.collector.state().facts == state.facts


def test_an_exception_in_an_environment_is_told_with_its_traceback(tmp_path: Path) -> None:
    with _Workers(_faulty("raise", tmp_path / "raised")) as made:
        with pytest.raises(WorkerError) as caught:
            made.rounds(3)  # a quick worker drives ahead, and fails rounds before its episode is wanted
        words = str(caught.value)
        assert re.match(
            r"worker \d \(pid \d+\): the environment of episode 9 failed in step: ZeroDivisionError", words
        )
        assert "faulty.py" in words and 'ZeroDivisionError("the road ends here")' in words
        made.rounds(2)  # it fails only once: the next round starts again from where this one began
        assert [record.episode for record in made.records] == list(range(len(made.records)))


@pytest.mark.parametrize("fails", [broken_factory, lambda: None])
def test_a_factory_that_fails_leaves_nothing_behind(fails: Callable[[], CountingWorld]) -> None:
    _Workers(SETTING.plan(CONFIG)).collector.close()
    process = psutil.Process()
    children, descriptors = set(process.children(recursive=True)), process.num_fds()
    expected = (
        "must be importable"
        if fails is not broken_factory
        else r"worker \d \(pid \d+\): its worlds could not be made"
    )
    with pytest.raises(CollectorError, match=expected):
        _Workers(replace(SETTING.plan(CONFIG), worlds=each(fails)))
    assert set(process.children(recursive=True)) == children
    assert process.num_fds() == descriptors


@pytest.mark.parametrize("suspended", [True, False])
def test_closing_ends_workers_at_once(suspended: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "_EXIT_SECONDS", 60.0)
    with _Workers(_faulty("hang", tmp_path / "hangs")) as made:
        made.rounds(1, steps=20)
        workers = [psutil.Process(pid) for pid in made.pool.pids if pid]
        if suspended:
            workers[0].suspend()
        started = time.monotonic()
        made.collector.close()
        assert time.monotonic() - started < 20, "it waits for them to hear"
        assert not any(worker.is_running() for worker in workers)


def test_a_round_that_an_exception_cuts_short_never_happened(tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        with _Workers(_faulty("dawdle", tmp_path / "dawdled")) as made:
            made.collector.publish(made.agent.snapshot())
            with pytest.raises(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, 0.2)
                made.collector.collect(10_000)
            made.rounds(3)
            assert same_segments(made.agent.segments, _undisturbed(rounds=3).agent.segments)
    finally:
        signal.signal(signal.SIGALRM, previous)


_PARENT = """
import sys, time
from dataclasses import replace
from functools import partial
from carracing.each_world import each
from collectors.api import CollectorConfig
from collectors.episode_collector import collector_over, driving_plan
from collectors.process_pool import ProcessPool
from tests.contract.collecting import Setting
from tests.fakes.faulty import FaultyWorld
setting = Setting()
world = partial(FaultyWorld, setting.rules, "hang", setting.seeds.track(0), 0)
plan = replace(setting.plan(CollectorConfig(lanes=4, workers=2)), worlds=each(world))
pool = ProcessPool(driving_plan(plan), 2, ())
collector = collector_over(plan, driving_plan(plan), pool)
print(*pool.pids, flush=True)
if sys.argv[1] == "hanging":
    collector.publish(setting.agent().snapshot())
    collector.collect(100)
time.sleep(60)
"""


@pytest.mark.parametrize("how", ["idle", "hanging"])
def test_workers_of_a_killed_parent_are_gone(how: str, tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(_PARENT)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, str(script), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        workers = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        time.sleep(0.3)
        assert len(workers) == 2 and all(worker.is_running() for worker in workers)
        parent.kill()
    deadline = time.monotonic() + 20
    while not all(map(_is_gone, workers)):
        assert time.monotonic() < deadline, "a worker outlives its parent"
        time.sleep(0.01)


def _is_gone(process: psutil.Process) -> bool:
    """Ended; whoever inherits it may not have taken note yet."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
