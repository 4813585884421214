"""Making runs in the tests: small specs, rows to write, and processes that stand in for trainers."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest

from agents.api import End
from collectors.api import EpisodeRecord
from racetui.runs.model import RunSummary
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.spec import Budget, RunSpec


def new_run(name: str = "run", **budget: Any) -> RunPaths:
    """A queued run in the test's store."""
    return RunStore().create(RunSpec(name=name, budget=Budget(**(budget or {"frames": 1000}))))


def episode(number: int, episode_return: float = 1.0) -> EpisodeRecord:
    """A finished episode, recognisable by its numbers."""
    return EpisodeRecord(
        episode=number,
        seed=1000 + number,
        lane=2,
        group=1,
        version=3,
        steps=25,
        frames=100,
        episode_return=episode_return,
        end=End.TRUNCATED,
        facts={"missed_tiles": 4.0},
    )


def send_signal(pid: int | None, number: int) -> None:
    """Send a signal to a process that there must be: 0 for one that is missing would mean this very test."""
    assert pid
    os.kill(pid, number)


class Looks:
    """Counts the looks that somebody takes at a run, for a thread that goes on when they have seen what it did."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._begun, summary = threading.Semaphore(0), RunReader.summary

        def look(reader: RunReader) -> RunSummary:
            self._begun.release()
            return summary(reader)

        monkeypatch.setattr(RunReader, "summary", look)

    def wait(self) -> None:
        """Until a look that began after this call is over, and all that goes with it."""
        while self._begun.acquire(blocking=False):
            pass
        for _ in range(2):  # the next one begins when that is over
            assert self._begun.acquire(timeout=30), "nobody looks"


def python(code: str, *arguments: object) -> list[str]:
    """A command that runs ``code`` in a fresh interpreter, with ``paths`` made of its first argument."""
    start = "import sys, time\nfrom racetui.runs.paths import RunPaths, Path\npaths = RunPaths(Path(sys.argv[1]))\n"
    root = str(Path(__file__).parents[1])
    path = f"import sys\nsys.path.insert(0, {root!r})\n"
    return [sys.executable, "-c", path + start + textwrap.dedent(code), *map(str, arguments)]


def spawn(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start ``code`` as a process whose output can be read."""
    return subprocess.Popen(python(code, *arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def make_first_version(paths: RunPaths) -> None:
    """Turn a run's database into one of the first version of its schema."""
    connection = sqlite3.connect(paths.database)
    connection.executescript(
        """
        DROP TABLE stages;
        DROP TABLE heats;
        ALTER TABLE run DROP COLUMN cars;
        ALTER TABLE run DROP COLUMN seeds;
        ALTER TABLE run DROP COLUMN note;
        ALTER TABLE run DROP COLUMN labels;
        PRAGMA user_version = 1;
        """
    )
    connection.close()
