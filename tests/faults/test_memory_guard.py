"""Runs under a real limit of memory: one that would have been killed saves itself and goes on later."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from racetui.runs.paths import home
from tests.program import racetui, show, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LIMIT = 200 << 20
"""Bytes that a run may take after it has begun; its replay wants half as much again."""
GROWING = (
    *("--agent", "dqn", "--collector", "sync", "--lanes", "16", "--observation", "rgb", "--frames", "44000"),
    *("--set", "agent.replay=11000", "--set", "agent.warmup=1000000", "--set", "agent.round=256"),
    *("--eval-every", "0", "--checkpoint-every", "15000", "--no-aim", "--no-tensorboard"),
)


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group of our own with a limit, empty; of either version."""
    name = f"racetui-test-{os.getpid()}"
    for root, limit in (
        (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
        (Path("/sys/fs/cgroup"), "memory.max"),
    ):
        path = root / name
        try:
            path.mkdir()
        except OSError:
            continue
        try:
            if not (path / limit).exists():
                raise FileNotFoundError  # a directory like any other: no groups are mounted there
            (path / limit).write_text(str(LIMIT))
            (path / "memory.swap.max").write_text("0") if limit == "memory.max" else None
        except OSError:
            path.rmdir()
            continue
        yield path
        _remove(path)
        return
    pytest.skip("this user may not make control groups")


def _remove(group: Path) -> None:
    until(lambda: not (group / "cgroup.procs").read_text(), what="the group is empty")
    group.rmdir()


def started_within(group: Path, *more: str) -> str:
    """A run that begins with all of the machine's memory and then finds itself in the group."""
    run = racetui("train", "--detach", *GROWING, *more)
    assert run.code == 0, run.err
    found = until(lambda: (seen := show(run.out.strip()))["frames"] > 0 and seen, what="it trains")
    (group / "cgroup.procs").write_text(str(found["pid"]))
    return run.out.strip()


def ended(run: str) -> str:
    return str(
        until(lambda: (state := show(run)["state"]) in ("finished", "stopped", "failed", "crashed") and state, 200)
    )


def tensors(run: str) -> dict[str, np.ndarray]:
    latest = home() / "runs" / run / "checkpoints" / str(show(run)["checkpoint_frames"])
    return dict(load_file(latest / "tensors.safetensors"))


def test_a_run_that_would_be_killed_saves_itself_and_goes_on_with_more(group: Path) -> None:
    unguarded = started_within(group, "--name", "unguarded", "--set", "memory.warn=0", "--set", "memory.stop=0")
    assert ended(unguarded) == "crashed"

    run = started_within(group, "--name", "guarded")
    assert ended(run) == "stopped"
    stopped = show(run)
    assert "container's limit" in stopped["detail"]
    assert 0 < stopped["frames"] == stopped["checkpoint_frames"] < 44_000
    events = [event for event in stopped["events"] if event["kind"] == "memory"]
    assert [event["level"] for event in events][-1] == "error"

    assert racetui("train", "--resume", run, "--json", timeout=240).code == 0
    whole = racetui("train", *GROWING, "--name", "whole", "--json", timeout=240)
    assert whole.code == 0
    one, other = tensors(run), tensors(str(whole.json["id"]))
    assert one.keys() == other.keys()
    assert all((one[name] == other[name]).all() for name in one)
