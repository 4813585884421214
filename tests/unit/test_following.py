"""Following a run from the foreground, where there is no terminal to draw a bar on."""

from __future__ import annotations

import threading

import pytest

from racetui.cli.attach import follow
from racetui.runs.control import claim
from racetui.runs.model import RunState
from racetui.runs.paths import RunPaths
from racetui.runs.writer import RunWriter
from tests.runs import Looks, new_run


def test_what_a_start_waits_for_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    paths, looks = new_run("slow"), Looks(monkeypatch)
    with claim(paths), RunWriter(paths) as writer:
        writer.identify()
        writer.set_state(RunState.STARTING, "compiling the simulator")
    ending = threading.Thread(target=_end, args=(paths, looks))
    ending.start()
    with claim(paths):
        assert follow(paths) is False
    ending.join()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("1 slow starting (compiling the simulator): 0%")
    assert lines[-1].startswith("1 slow finished: 0%")


def _end(paths: RunPaths, looks: Looks) -> None:
    looks.wait()
    with RunWriter(paths) as writer:
        writer.set_state(RunState.FINISHED)
