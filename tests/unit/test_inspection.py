"""A close look: who a run consists of, by real processes, and what the system tells of the machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from collectors.api import CollectorConfig
from collectors.process_lanes import ProcessLanes
from racetui.inspection import Inspector, temperatures
from racetui.members import Members, role_of
from tests.contract.collecting import Setting
from tests.fakes import CountingRules
from tests.tui import scenes


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process have a name of its own")
def test_every_process_of_a_run_is_told_by_what_it_does() -> None:
    with closing(ProcessLanes(Setting(CountingRules(shortest=4)).plan(CollectorConfig(lanes=4, workers=2)))):
        members = Members(os.getpid(), workers=2)
        began, first = time.monotonic(), members.sample()
        spinning = time.process_time()  # however long that takes on a busy machine
        while time.process_time() - spinning < 0.2:
            pass
        second = members.sample()
        elapsed = time.monotonic() - began
    assert [member.role for member in first[:3]] == ["trainer", "worker 0 of 2", "worker 1 of 2"]
    assert "fork server" in {member.role for member in first[3:]}
    assert all(member.cpu_percent is None for member in first), "busy since when?"
    assert second[0].pid == os.getpid()
    assert (second[0].cpu_percent or 0) > 100 * 0.1 / elapsed, "half of what it spun for at least"
    for member in second:
        assert member.memory
        assert member.threads >= 1
        assert member.state in {"running", "sleeping", "disk", "idle"}


@pytest.mark.parametrize(
    ("name", "command", "role"),
    [
        ("racetui-w3", "python -c from multiprocessing.forkserver import main", "worker 3 of 4"),
        ("racetui-w4", "", "worker 4"),
        ("racetui-demos", "python -c from multiprocessing.forkserver import main", "demonstrations"),
        ("python3", "python3 -P -u -m racetui.trainer /store/runs/1", "trainer"),
        ("python3", "python3 -m racetui.evaluation /store/runs/1/checkpoints/9 out", "evaluation"),
        ("python3", "python3 -c from multiprocessing.resource_tracker import main;main(5)", "resource tracker"),
        ("raylet", "/bin/raylet --store", "raylet"),
    ],
)
def test_roles(name: str, command: str, role: str) -> None:
    assert role_of(name, command.split(" "), workers=4) == role


def test_only_living_runs_are_looked_at_and_each_for_itself(tmp_path: Path) -> None:
    sleeper = subprocess.Popen(["sleep", "60"])
    inspector = Inspector(tmp_path / "none", tmp_path / "none")
    mine, others = replace(scenes.RUN, id="1", pid=os.getpid()), replace(scenes.RUN, id="2", pid=sleeper.pid)
    try:
        runs = [mine, others, scenes.FINISHED, replace(scenes.RUN, id="9", pid=2**22 + 1)]
        inspector.look(tmp_path, runs)
        time.sleep(0.1)
        found = inspector.look(tmp_path, runs)
    finally:
        sleeper.kill()
        sleeper.wait()
    assert [use.run.id for use in found.runs] == ["1", "2"]
    assert [use.members[0].pid for use in found.runs] == [os.getpid(), sleeper.pid]
    assert (found.runs[1].cpu_percent or 0.0) < 50
    assert found.runs[1].memory is not None
    assert found.storage is not None
    assert found.storage.free > 0
    assert found.swap_total == psutil.swap_memory().total
    assert inspector.look(tmp_path, [others]).runs[0].members == (), "gone since"


def test_a_container_has_the_swap_that_it_may_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "swap_memory", lambda: SimpleNamespace(used=900, total=1000))
    (tmp_path / "membership").write_text("0::/\n")
    (tmp_path / "memory.swap.max").write_text("100\n")
    (tmp_path / "memory.swap.current").write_text("7\n")
    found = Inspector(tmp_path, tmp_path / "membership").look(tmp_path, [])
    assert (found.swap_used, found.swap_total) == (7, 100)
    (tmp_path / "memory.swap.max").write_text("max\n")
    found = Inspector(tmp_path, tmp_path / "membership").look(tmp_path, [])
    assert (found.swap_used, found.swap_total) == (900, 1000)


def test_the_hottest_of_each_kind_of_sensor(monkeypatch: pytest.MonkeyPatch) -> None:
    def row(current: float) -> SimpleNamespace:
        return SimpleNamespace(current=current, high=90.0)

    monkeypatch.setattr(
        psutil, "sensors_temperatures", lambda: {"cpu": [row(50), row(61)], "nvme": []}, raising=False
    )
    assert [(one.name, one.celsius, one.high) for one in temperatures()] == [("cpu", 61, 90.0)]
    monkeypatch.delattr(psutil, "sensors_temperatures")
    assert temperatures() == ()
