"""Whether a process lives, and what a run's state really is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from racetui.runs.liveness import ProcessIdentity, Signs, boot, derive, identity, is_alive
from racetui.runs.model import RunState

NOW = 1_000_000.0
SELF = ProcessIdentity(42, 1.0, "boot")
HEALTHY = Signs(RunState.RUNNING, "", NOW - 100, SELF, alive=True, heartbeat=NOW - 1)
GONE = replace(HEALTHY, alive=False)
NOBODY = replace(GONE, identity=None, heartbeat=None)


@pytest.mark.parametrize(
    ("signs", "state", "detail"),
    [
        (HEALTHY, "running", ""),
        (replace(HEALTHY, detail="by cli", state=RunState.STOPPING), "stopping", "by cli"),
        (replace(HEALTHY, heartbeat=NOW - 30), "running", ""),
        (replace(HEALTHY, heartbeat=NOW - 31), "stalled", "no sign of life for 31 s (running)"),
        (replace(HEALTHY, heartbeat=NOW - 7200, since=NOW - 9000), "stalled", "no sign of life for 2 h (running)"),
        (replace(HEALTHY, heartbeat=None, since=NOW - 300), "stalled", "no sign of life for 5 min (running)"),
        (replace(HEALTHY, heartbeat=NOW - 300, since=NOW - 5), "running", ""),
        (replace(HEALTHY, heartbeat=NOW - 300, since=NOW - 300, state=RunState.PAUSED), "paused", ""),
        (
            replace(HEALTHY, heartbeat=NOW - 50, state=RunState.PAUSING),
            "stalled",
            "no sign of life for 50 s (pausing)",
        ),
        (replace(HEALTHY, heartbeat=NOW - 50, state=RunState.EVALUATING), "stalled", None),
        (replace(HEALTHY, killed=True), "running", ""),
        (GONE, "crashed", "its process 42 is gone without a last word (running)"),
        (replace(GONE, state=RunState.PAUSED), "crashed", None),
        (replace(GONE, state=RunState.QUEUED), "crashed", None),
        (replace(GONE, killed=True), "stopped", "killed"),
        (replace(GONE, state=RunState.FINISHED, detail="done"), "finished", "done"),
        (replace(GONE, state=RunState.STOPPED, killed=True, detail="by cli"), "stopped", "by cli"),
        (replace(GONE, state=RunState.FAILED, detail="NaN"), "failed", "NaN"),
        (replace(NOBODY, state=RunState.QUEUED, since=NOW - 30), "queued", ""),
        (replace(NOBODY, state=RunState.STARTING, since=NOW - 30), "starting", ""),
        (replace(NOBODY, state=RunState.QUEUED, since=NOW - 31), "crashed", "no process has begun it within 30 s"),
        (replace(NOBODY, state=RunState.STARTING, since=NOW - 31), "crashed", None),
        (NOBODY, "crashed", "it has no process (running)"),
        (replace(NOBODY, state=RunState.FINISHED), "finished", ""),
    ],
)
def test_state_by_signs_of_life(signs: Signs, state: str, detail: str | None) -> None:
    derived, why = derive(signs, NOW)
    assert derived.value == state
    if detail is not None:
        assert why == detail


def test_this_process_is_alive() -> None:
    assert identity() == identity(os.getpid())
    assert is_alive(identity())


@pytest.mark.parametrize("other", [{"started": 1.0}, {"boot": "another"}, {"pid": 2**22 + 1}])
def test_another_start_boot_or_number_is_another_process(other: dict[str, Any]) -> None:
    assert not is_alive(replace(identity(), **other))


def test_process_that_has_died_is_dead_before_and_after_it_is_reaped() -> None:
    process = subprocess.Popen(["sleep", "60"])
    who = identity(process.pid)
    assert is_alive(who)
    process.kill()
    deadline = time.monotonic() + 5
    while is_alive(who) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(who)
    assert identity(process.pid) == who  # still there, as a zombie
    process.wait()
    assert not is_alive(who)
    with pytest.raises(ProcessLookupError):
        identity(process.pid)


@pytest.mark.skipif(not psutil.LINUX, reason="reads what Linux tells of a process")
def test_a_name_full_of_brackets_hides_nothing() -> None:
    name = Path("/proc/self/comm")
    before = name.read_text()
    try:
        name.write_text("a) Z (b) R")
        assert is_alive(identity())
        assert abs(identity().started + psutil.boot_time() - psutil.Process().create_time()) < 2
    finally:
        name.write_text(before)


def test_boot_is_the_same_for_every_process() -> None:
    code = "from racetui.runs.liveness import boot; print(boot())"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == boot()
