"""Launching, claiming and killing: with real processes that stand in for trainers."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from racetui.config import dump_spec
from racetui.runs import claim as claims
from racetui.runs import liveness
from racetui.runs.control import InvalidOrder, RunBusy, RunEnded, claim, kill, send, wait_for, wait_for_state
from racetui.runs.errors import DamagedRun
from racetui.runs.launch import launch
from racetui.runs.liveness import ProcessIdentity, identity, is_alive
from racetui.runs.model import RunState, RunSummary
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.writer import RunWriter
from racetui.spec import Budget
from tests.program import until
from tests.runs import new_run, python, spawn

TRAINER = """
    from racetui.runs.control import claim
    from racetui.runs.model import RunState
    from racetui.runs.writer import RunWriter
    with claim(paths), RunWriter(paths) as writer:
        writer.identify()
        writer.set_state(RunState.RUNNING)
        while not (orders := writer.pending_commands()):
            writer.beat(1, 1, 0, 1.0, None, None, None)
            time.sleep(0.05)
        writer.set_state(RunState.STOPPED, orders[0].name)
        writer.done(orders[0].id, "ok")
        while len(sys.argv) > 2 and not Path(sys.argv[2]).exists():
            time.sleep(0.02)
"""
"""Trains nothing, but claims, beats and obeys as a trainer does; may wait for a file before it exits."""


@pytest.fixture
def paths() -> RunPaths:
    return new_run("process")


def summary(paths: RunPaths) -> RunSummary:
    with RunReader(paths) as reader:
        return reader.summary()


def trainer(paths: RunPaths, *until: Path) -> list[str]:
    return python(TRAINER, paths.root, *until)


def started(paths: RunPaths, *until: Path) -> int:
    pid = launch(paths, command=trainer(paths, *until))
    wait_for_state(paths, {RunState.RUNNING}, timeout=20)
    return pid


def test_launched_trainer_is_detached_and_prints_into_the_log(
    paths: RunPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths.log.write_text("earlier\n")
    monkeypatch.setenv("PASSED_ON", "yes")
    code = (
        "import os; print(os.getcwd(), os.getsid(0) == os.getpid(), os.environ['PASSED_ON'], repr(sys.stdin.read()));"
        "print(sorted(map(int, os.listdir('/proc/self/fd')))[3:-1], file=sys.stderr); sys.exit(3)"
    )
    with open(os.devnull, "rb") as inherited:  # noqa: PTH123 - a descriptor that must not be passed on
        os.set_inheritable(inherited.fileno(), True)
        launch(paths, command=python(code, paths.root))
        run = until(lambda: summary(paths).state.ended and summary(paths), timeout=20)
    assert run.state is RunState.CRASHED
    assert RunReader(paths).log_tail() == ["earlier", "/ True yes ''", "[]"]


def test_real_trainer_is_started_as_a_module_on_the_directory(paths: RunPaths) -> None:
    pid = launch(paths)
    words = psutil.Process(pid).cmdline()
    assert words[words.index("-m") :] == ["-m", "racetui.trainer", str(paths.root)]
    kill(paths)
    wait_for_state(paths, {RunState.STOPPED}, timeout=20)
    pid = launch(paths, resume=True)
    assert psutil.Process(pid).cmdline()[-2:] == [str(paths.root), "--resume"]


def test_order_goes_to_a_trainer_in_another_process_and_back(paths: RunPaths) -> None:
    pid = started(paths)
    run = summary(paths)
    assert (run.pid, run.state) == (pid, RunState.RUNNING)
    assert wait_for(paths, send(paths, "stop"), timeout=10).outcome == "ok"
    assert summary(paths).detail == "stop"


def test_trainer_that_dies_at_once_is_seen_to_be_dead_at_once(paths: RunPaths) -> None:
    before = time.monotonic()
    launch(paths, command=["false"])
    with pytest.raises(RunEnded, match="gone without a last word"):
        wait_for_state(paths, {RunState.RUNNING}, timeout=20)
    assert time.monotonic() - before < 10
    run = summary(paths)
    assert (run.state, run.pid) == (RunState.CRASHED, None)
    assert run.ended is not None


def test_dead_trainer_leaves_no_zombie_with_its_launcher(paths: RunPaths) -> None:
    pid = started(paths)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not psutil.pid_exists(pid), timeout=20, what="reaped")
    run = summary(paths)
    assert (run.state, run.detail) == (RunState.CRASHED, f"its process {pid} is gone without a last word (running)")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_run_outlives_its_launcher(number: int, paths: RunPaths) -> None:
    code = """
        from racetui.runs.launch import launch
        print(launch(paths, command=["sleep", "60"]), flush=True)
        time.sleep(60)
    """
    launcher = spawn(code, paths.root)
    assert launcher.stdout is not None
    pid = int(launcher.stdout.readline())
    os.kill(launcher.pid, number)
    launcher.wait(timeout=10)
    launcher.stdout.close()
    assert is_alive(identity(pid))
    assert summary(paths).state is RunState.QUEUED
    kill(paths)


def test_run_that_is_trained_is_not_launched_again(paths: RunPaths) -> None:
    pid = started(paths)
    for resume in (False, True):
        with pytest.raises(RunBusy, match=str(pid)):
            launch(paths, resume=resume, command=trainer(paths))
    assert summary(paths).pid == pid


def test_of_two_who_launch_at_once_one_does(paths: RunPaths) -> None:
    def attempt(_: int) -> int | None:
        with contextlib.suppress(RunBusy):
            return launch(paths, command=trainer(paths))
        return None

    with ThreadPoolExecutor(4) as threads:
        pids = [pid for pid in threads.map(attempt, range(4)) if pid is not None]
    assert len(pids) == 1
    wait_for_state(paths, {RunState.RUNNING}, timeout=20)
    assert summary(paths).pid == pids[0]


def test_run_is_resumed_while_its_last_process_is_still_on_its_way_out(paths: RunPaths, tmp_path: Path) -> None:
    leave = tmp_path / "leave"
    first = identity(started(paths, leave))
    wait_for(paths, send(paths, "stop"), timeout=10)
    assert is_alive(first)
    threading.Timer(0.3, leave.touch).start()
    second = launch(paths, resume=True, command=trainer(paths))
    run = wait_for_state(paths, {RunState.RUNNING}, timeout=20)
    assert run.pid == second
    until(lambda: not is_alive(first), timeout=20, what="the end of the first process")
    assert is_alive(identity(second))


def test_run_that_was_trained_before_is_only_resumed(paths: RunPaths) -> None:
    with RunWriter(paths) as writer:
        writer.beat(100, 25, 1, 1.0, None, None, None)
        writer.set_state(RunState.STOPPED)
    with pytest.raises(InvalidOrder, match="resume"):
        launch(paths, command=["true"])
    assert summary(paths).state is RunState.STOPPED


def test_launch_takes_over_a_raised_budget_and_forgets_old_orders(paths: RunPaths) -> None:
    with RunWriter(paths) as writer:
        writer.identify()
        writer.set_state(RunState.RUNNING)
        writer.beat(1000, 250, 1, 1.0, None, None, None)
        order = send(paths, "pause")
        writer.set_state(RunState.FINISHED)
    spec = replace(RunReader(paths).spec(), budget=Budget(frames=4000))
    paths.spec.write_text(dump_spec(spec))
    launch(paths, resume=True, command=["sleep", "60"])
    run = summary(paths)
    assert (run.state, run.budget, run.progress, run.ended) == (RunState.QUEUED, spec.budget, 0.25, None)
    with RunWriter(paths) as writer:
        assert writer.pending_commands() == []
    assert wait_for(paths, order, timeout=1).outcome == "the run ended before it could"


def test_run_with_a_damaged_spec_is_not_launched(paths: RunPaths) -> None:
    paths.spec.write_text("agent: [")
    with pytest.raises(DamagedRun, match=r"spec\.yaml"):
        launch(paths, command=["true"])
    assert not paths.log.exists()
    assert summary(paths).pid is None


def test_claim_is_exclusive_and_dies_with_its_holder(paths: RunPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "PATIENCE", 0.1)
    code = """
        from racetui.runs.control import claim
        import subprocess
        with claim(paths):
            subprocess.Popen(["sleep", "60"])  # a child must not keep the claim
            print("held", flush=True)
            time.sleep(60)
    """
    holder = spawn(code, paths.root)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    family = psutil.Process(holder.pid).children()
    with pytest.raises(RunBusy, match="run 1 is already being trained"):
        claim(paths)
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with claim(paths) as mine:
        with pytest.raises(RunBusy):
            claim(paths)
        mine.release()
    claim(paths).release()
    assert family
    for child in family:
        child.kill()


def test_kill_ends_the_whole_session_and_says_so(paths: RunPaths) -> None:
    code = """
        import subprocess, os
        subprocess.Popen(["sleep", "60"])                              # a worker
        subprocess.Popen(["sleep", "61"], process_group=0)             # a worker with a group of its own
        orphan = "import subprocess; subprocess.Popen(['sleep', '62'], process_group=0)"
        subprocess.run([sys.executable, "-c", orphan])                 # whose parent is no more
        from racetui.runs.writer import RunWriter
        from racetui.runs.model import RunState
        with RunWriter(paths) as writer:
            writer.identify()
            writer.set_state(RunState.RUNNING)
        time.sleep(60)
    """
    stranger = subprocess.Popen(["sleep", "60"])
    pid = launch(paths, command=python(code, paths.root))
    wait_for_state(paths, {RunState.RUNNING}, timeout=20)
    members = [identity(other) for other in psutil.pids() if _session(other) == pid]
    assert len(members) == 4
    order = kill(paths, source="panel")
    until(lambda: not any(map(is_alive, members)), timeout=20, what="the end of the session")
    run = summary(paths)
    assert (run.state, run.detail, run.pid) == (RunState.STOPPED, "killed", None)
    command = RunReader(paths).commands()[-1]
    assert (command.id, command.name, command.source, command.outcome) == (order, "kill", "panel", "ok")
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()
    with pytest.raises(InvalidOrder, match="has no process to kill: stopped, killed"):
        kill(paths)


def test_a_kill_does_not_excuse_the_crash_of_the_next_process(paths: RunPaths) -> None:
    started(paths)
    kill(paths)
    assert summary(paths).state is RunState.STOPPED
    launch(paths, resume=True, command=["false"])
    until(lambda: summary(paths).state is RunState.CRASHED, timeout=10, what="crashed")


def test_trainer_in_the_foreground_is_killed_without_its_group(paths: RunPaths) -> None:
    code = """
        import subprocess
        from racetui.runs.writer import RunWriter
        subprocess.Popen(["sleep", "60"])
        with RunWriter(paths) as writer:
            writer.identify()
        print("ready", flush=True)
        time.sleep(60)
    """
    process = spawn(code, paths.root)  # in the tests' own process group
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    family = [identity(child.pid) for child in psutil.Process(process.pid).children()]
    kill(paths)
    assert process.wait(timeout=20) == -signal.SIGKILL
    process.stdout.close()
    assert family
    until(lambda: not any(map(is_alive, family)), timeout=20, what="the end of its children")


def _change(paths: RunPaths, sql: str, *values: object) -> None:
    with contextlib.closing(sqlite3.connect(paths.database)) as connection, connection:
        connection.execute(sql, values)


def stop_between_writes(paths: RunPaths, pid: int) -> None:
    """Stop a trainer by a signal, and not where it holds the database."""

    def stopped() -> bool:
        os.kill(pid, signal.SIGSTOP)
        until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, what="stopped")
        try:
            with contextlib.closing(sqlite3.connect(paths.database, timeout=0.0)) as connection:
                connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            os.kill(pid, signal.SIGCONT)
            return False
        return True

    until(stopped, what="a moment between two writes")


@pytest.mark.parametrize(
    "other",
    [
        lambda who: replace(who, started=who.started - 1),
        lambda who: replace(who, boot="before the machine was restarted"),
    ],
)
def test_stranger_with_the_number_of_a_dead_trainer_is_left_alone(
    other: Callable[[ProcessIdentity], ProcessIdentity], paths: RunPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    dead = other(identity(stranger.pid))
    with RunWriter(paths) as writer, monkeypatch.context() as patch:
        patch.setattr(liveness, "identity", lambda: dead)
        writer.identify()
        writer.set_state(RunState.RUNNING)
    assert summary(paths).state is RunState.CRASHED
    with pytest.raises(InvalidOrder, match="crashed"):
        kill(paths)
    assert stranger.poll() is None
    assert [command.name for command in RunReader(paths).commands()] == []
    stranger.kill()
    stranger.wait()


def test_trainer_that_is_stopped_by_a_signal_is_stalled_until_it_goes_on(paths: RunPaths) -> None:
    pid = started(paths)
    stop_between_writes(paths, pid)
    assert summary(paths).state is RunState.RUNNING  # not for long enough
    _change(paths, "UPDATE run SET heartbeat = heartbeat - 40, state_time = state_time - 40")
    run = summary(paths)
    assert (run.state, run.pid, run.frames_per_second) == (RunState.STALLED, pid, None)
    assert run.detail.startswith("no sign of life for 4")
    assert not run.state.ended
    os.kill(pid, signal.SIGCONT)
    wait_for_state(paths, {RunState.RUNNING}, timeout=20)
    stop_between_writes(paths, pid)
    kill(paths)  # also while stopped
    assert summary(paths).state is RunState.STOPPED


def test_nobody_begins_a_queued_run(paths: RunPaths) -> None:
    _change(paths, "UPDATE run SET state_time = state_time - 29")
    assert summary(paths).state is RunState.QUEUED
    _change(paths, "UPDATE run SET state_time = state_time - 2")
    assert summary(paths).state is RunState.CRASHED


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0
