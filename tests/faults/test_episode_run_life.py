"""A run that collects whole episodes, through the command line: whatever happens to it, it comes to the same end."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tests.faults.test_run_life import final, state_of, until_trained
from tests.program import TINY, racetui, show, started, until

pytestmark = pytest.mark.timeout(300)

FRAMES = 4000
TRAIN = (*TINY, "--collector", "executor", "--set", "collector.workers=2", "--frames", str(FRAMES))


def test_paused_stopped_killed_and_robbed_of_workers_it_comes_to_the_same_end(store_home: Path) -> None:
    result = racetui("train", *TRAIN, "--json", timeout=200)
    assert result.code == 0, result.err
    assert (result.json["state"], result.json["collector"]) == ("finished", "executor")

    run = started(*TRAIN[len(TINY) :], "--checkpoint-every", "256")
    _kill_a_worker(store_home, run)
    until(lambda: len(_incidents(run)) == 1, what="a word about the worker")
    assert racetui("pause", run).code == 0
    frames = show(run)["frames"]
    _kill_a_worker(store_home, run)
    assert show(run)["frames"] == frames
    assert racetui("resume", run).code == 0
    until(lambda: len(_incidents(run)) == 2, what="a word about the other worker")
    stopped = racetui("stop", run, "--now", "--json")
    assert (stopped.code, stopped.json["state"]) == (0, "stopped"), stopped.err

    assert racetui("train", "--resume", run, "--detach").code == 0
    trainer = psutil.Process(until_trained(store_home, run, frames=stopped.json["frames"] + 1).pid)
    children = trainer.children(recursive=True)
    trainer.kill()
    until(lambda: state_of(store_home, run) == "crashed", what="crashed")
    assert not psutil.wait_procs(children, timeout=20)[1]

    assert racetui("train", "--resume", run).code == 0
    assert final(store_home, run) == final(store_home, "1")
    assert all("died (signal 9)" in incident for incident in _incidents(run))


def _incidents(run: str) -> list[str]:
    return [event["text"] for event in show(run)["events"] if event["kind"] == "worker"]


def _kill_a_worker(home: Path, run: str) -> None:
    trainer = psutil.Process(until_trained(home, run).pid)
    workers = [process for process in trainer.children(recursive=True) if _works(process)]
    assert len(workers) == 2
    workers[0].kill()


def _works(process: psutil.Process) -> bool:
    """A worker is forked from the fork server, which is a child of the trainer."""
    parent = process.parent()
    return parent is not None and "forkserver" in " ".join(parent.cmdline())
