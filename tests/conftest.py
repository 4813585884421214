"""What every test stands on: a run store of its own, never the user's."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from racetui.runs.control import ControlError, kill
from racetui.runs.errors import StoreError
from racetui.runs.paths import RunPaths

COMPILE = """
from carracing import TaskConfig, warm_up
for observation in ("rgb", "grey", "grey-fast", "vector"):
    warm_up("fast", TaskConfig(observation=observation, labels=True))
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option for the panel's stored screens."""
    parser.addoption("--update-snapshots", action="store_true", help="store the panel's screens as they are now")


def pytest_configure(config: pytest.Config) -> None:
    """Tell the tests, wherever they run, and let what they start hear signals that are ignored here."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # as it is under nohup, which is to go on itself
        signal.signal(signal.SIGHUP, lambda *_: None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as it is in the background of a shell
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("--update-snapshots"):
        os.environ["RACETUI_UPDATE_SNAPSHOTS"] = "1"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Compile the simulator once, before the processes that test would all do so at the same time."""
    subprocess.run([sys.executable, "-c", COMPILE], cwd=Path(__file__).parents[1], timeout=600, check=True)


@pytest.fixture(autouse=True)
def store_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty run store in a temporary directory, for this process and those it starts; no run outlives the test."""
    home = tmp_path / "store"
    monkeypatch.setenv("RACETUI_HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("RACETUI_CONFIG", "RACETUI_READONLY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("RACETUI_QUEUE", "off")  # however many cores there are, tests start what they like
    yield home
    for run in home.glob("runs/[0-9]*"):
        with contextlib.suppress(ControlError, StoreError):
            kill(RunPaths(run))
