"""Workers that die, hang or fail: replaced without a trace in the results, or reported, and never left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest

from carracing.each_world import each
from collectors.api import CollectorConfig, CollectorError, WorkerError
from collectors.process_lanes import ProcessLanes
from collectors.registry import CollectorPlan
from collectors.step import StepCollector
from tests.contract.collecting import Setting, Stage, same_segments, stage, through_json
from tests.fakes import CountingRules, CountingWorld
from tests.fakes.faulty import SILENCE, Fault, FaultyWorld, broken_factory
from tests.runs import send_signal

SETTING = Setting(rules=CountingRules(shortest=6))
CONFIG = CollectorConfig(lanes=5, workers=2, worker_timeout=20.0)
VICTIM = SETTING.seeds.track(3)
"""Track of an episode that worker 1 drives, beside another one."""


class _Workers(Stage):
    """A stage over workers whose processes are known."""

    def __init__(self, plan: CollectorPlan) -> None:
        self.lanes = ProcessLanes(plan)
        super().__init__(StepCollector(plan, self.lanes), SETTING)


class _Strikes:
    """A pulse that sends a signal to a worker at given ticks."""

    def __init__(self, workers: dict[int, int], number: signal.Signals) -> None:
        self._workers = workers
        self._signal = number
        self._ticks = 0
        self.lanes: ProcessLanes | None = None

    def __call__(self) -> None:
        self._ticks += 1
        if self.lanes is not None and self._ticks in self._workers:
            send_signal(self.lanes.pids[self._workers[self._ticks]], self._signal)


def _undisturbed(rounds: int) -> Stage:
    with stage("sync", SETTING, lanes=5) as made:
        made.rounds(rounds)
    return made


def _faulty(fault: Fault, marker: Path | None, **changes: float) -> CollectorPlan:
    world = partial(FaultyWorld, SETTING.rules, fault, VICTIM, 4, marker)
    return replace(SETTING.plan(replace(CONFIG, **changes)), worlds=each(world))  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", ["kill", "stop", "hang"])
def test_a_worker_lost_within_a_step_leaves_no_trace(fault: Fault, tmp_path: Path) -> None:
    timeout = 20.0 if fault == "kill" else SILENCE
    with _Workers(_faulty(fault, tmp_path / "failed", worker_timeout=timeout)) as made:
        lost = made.lanes.pids[1]
        expected = _undisturbed(rounds=4)
        made.rounds(4)
        assert same_segments(made.agent.segments, expected.agent.segments)
        assert made.records == expected.records
        assert made.lanes.pids[1] != lost
        assert [incident.split(") ")[0] for incident in made.incidents] == [f"worker 1 (pid {lost}"]
    assert (tmp_path / "failed").exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SIGKILL", r"died \(signal 9\)"),
        ("SIGSEGV", r"died \(signal 11\)"),
        ("SIGSTOP", f"gave no answer for {SILENCE} s"),
    ],
)
def test_a_worker_lost_between_steps_is_named_and_replaced(name: str, words: str) -> None:
    strike = _Strikes({11: 0, 17: 1, 30: 1}, signal.Signals[name])
    timeout = SILENCE if name == "SIGSTOP" else CONFIG.worker_timeout
    with _Workers(replace(SETTING.plan(replace(CONFIG, worker_timeout=timeout)), pulse=strike)) as made:
        strike.lanes = made.lanes
        pids = made.lanes.pids
        made.rounds(4)
        assert same_segments(made.agent.segments, _undisturbed(rounds=4).agent.segments)
    incidents = made.incidents
    expected = ((0, pids[0], 2), (1, pids[1], 3), (1, rf"(?!{pids[1]}\))\d+", 3))
    for incident, (worker, pid, episodes) in zip(incidents, expected, strict=True):
        pattern = rf"worker {worker} \(pid {pid}\) {words}; replaced in \d+\.\d s, {episodes} episodes? restored"
        assert _matches(pattern, incident), incident


def test_a_worker_lost_at_a_reset_restores_the_other_episodes_only() -> None:
    lanes = ProcessLanes(SETTING.plan(CONFIG))
    with closing(lanes):
        seeds, actions = np.arange(5), np.zeros((5, 2), np.float32)
        lanes.reset(np.ones(5, np.bool_), seeds)
        before = lanes.step(actions, np.ones(5, np.bool_)).observations.copy()
        send_signal(lanes.pids[1], signal.SIGKILL)
        observations = lanes.reset(np.array([0, 0, 1, 1, 0], np.bool_), seeds + 10)
        assert "1 episode restored" in lanes.incidents()[0]
        assert np.array_equal(observations[[0, 1, 4]], before[[0, 1, 4]])
        assert SETTING.rules.read(observations)[[2, 3], 0].tolist() == [12, 13]


def test_a_worker_that_dies_again_and_again_is_an_error() -> None:
    with _Workers(_faulty("kill", None)) as made:
        made.collector.publish(made.agent.snapshot())
        with pytest.raises(
            WorkerError, match=r"worker 1 \(pid \d+\) died \(signal 9\), as did 3 before it in the same step"
        ):
            made.collector.collect(200)
        incidents = made.collector.stats().incidents
        assert len(incidents) == 3 and all("its replacement failed as well" in incident for incident in incidents)


def test_an_exception_in_an_environment_is_told_with_its_traceback() -> None:
    with _Workers(_faulty("raise", None)) as made:
        made.rounds(1, steps=5)
        state = made.collector.state()
        with pytest.raises(WorkerError) as caught:
            made.rounds(1)
        words = str(caught.value)
        assert _matches(r"worker 1 \(pid \d+\): the environment of lane 3 failed in step: ZeroDivisionError", words)
        assert "faulty.py" in words and 'ZeroDivisionError("the road ends here")' in words
        with stage("sync", SETTING, lanes=5) as other:  # what was reached before can still be saved
            other.collector.restore(through_json(made.collector.state()))
            assert made.collector.state().facts == state.facts


@pytest.mark.parametrize("fails", [broken_factory, lambda: None])
def test_a_factory_that_fails_leaves_nothing_behind(fails: Callable[[], CountingWorld]) -> None:
    ProcessLanes(SETTING.plan(CONFIG)).close()
    children = set(psutil.Process().children(recursive=True))
    expected = (
        "must be importable" if fails is not broken_factory else r"worker 0 \(pid \d+\): its worlds could not be made"
    )
    with pytest.raises(CollectorError, match=expected):
        ProcessLanes(replace(SETTING.plan(CONFIG), worlds=each(fails)))
    assert set(psutil.Process().children(recursive=True)) == children


def test_closing_ends_workers_that_hang() -> None:
    with _Workers(SETTING.plan(CONFIG)) as made:
        made.rounds(1)
        workers = [psutil.Process(pid) for pid in made.lanes.pids if pid]
        workers[0].suspend()
        started = time.monotonic()
        made.collector.close()
        assert time.monotonic() - started < 10, "much less than a worker is waited for otherwise"
        assert not any(worker.is_running() for worker in workers)


def test_a_step_that_an_exception_cuts_short_never_happened(tmp_path: Path) -> None:
    """The worker answers when nobody waits for it any more: that must not pass for the next answer."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        with _Workers(_faulty("dawdle", tmp_path / "dawdled")) as made:
            made.collector.publish(made.agent.snapshot())
            with pytest.raises(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, 0.2)
                made.collector.collect(200)
            made.rounds(3)
            assert same_segments(made.agent.segments, _undisturbed(rounds=3).agent.segments)
    finally:
        signal.signal(signal.SIGALRM, previous)


def test_workers_ignore_the_interrupt_key() -> None:
    with _Workers(SETTING.plan(CONFIG)) as made:
        for pid in made.lanes.pids:
            send_signal(pid, signal.SIGINT)
        made.rounds(1)
        assert made.incidents == []


_PARENT = """
import sys, time
print("main", flush=True)
import numpy
from dataclasses import replace
from functools import partial
from carracing.each_world import each
from collectors.api import CollectorConfig
from collectors.process_lanes import ProcessLanes
from tests.contract.collecting import Setting
from tests.fakes.faulty import FaultyWorld, broken_factory
setting = Setting()
plan = setting.plan(CollectorConfig(lanes=4, workers=2))
if sys.argv[1] == "broken":
    ProcessLanes(replace(plan, worlds=each(broken_factory)))
lanes = ProcessLanes(replace(plan, worlds=each(partial(FaultyWorld, setting.rules, "hang", 5, 0))))
mask = numpy.ones(4, dtype=bool)
lanes.reset(mask, numpy.full(4, 5))
print(*lanes.pids, flush=True)
if sys.argv[1] == "hanging":
    lanes.step(numpy.zeros((4, 2), numpy.float32), mask)
time.sleep(60)
"""


@pytest.mark.parametrize("how", ["idle", "hanging", "stopped"])
def test_workers_of_a_killed_parent_are_gone(how: str, tmp_path: Path) -> None:
    with _parent(how, tmp_path) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "main\n"
        workers = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        if how == "hanging":
            time.sleep(0.3)
        if how == "stopped":
            workers[0].suspend()
        assert len(workers) == 2 and all(worker.is_running() for worker in workers)
        parent.kill()
        parent.wait()
        deadline = time.monotonic() + 20
        while not all(map(_is_gone, workers)):
            assert time.monotonic() < deadline, "a worker outlives its parent"
            time.sleep(0.01)


def test_workers_import_no_main_module_and_use_one_thread(tmp_path: Path) -> None:
    with _parent("broken", tmp_path) as parent:
        out, err = parent.communicate(timeout=60)
        assert out.split() == ["main"]
        assert "no road today, threads 1" in err


def _parent(how: str, folder: Path) -> subprocess.Popen[str]:
    """A program of its own, with no word about threads in its environment."""
    script = folder / "program.py"
    script.write_text(_PARENT)
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, str(script), how], stdout=pipe, stderr=pipe, text=True, env=environment)


def _is_gone(process: psutil.Process) -> bool:
    """Ended; whoever inherits it may not have taken note yet."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _matches(pattern: str, words: str) -> bool:
    return re.match(pattern, words) is not None
