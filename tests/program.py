"""Running the real program in the tests: the command line in a process of its own, and small real runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

RACETUI = (sys.executable, "-m", "racetui")

TINY = (
    *("--backend", "gymnasium"),  # the slower one: there must be time to interfere
    *("--set", "agent.rollout=64", "--set", "agent.minibatch=32", "--set", "agent.epochs=1"),
    *("--set", "task.early_stop=40", "--set", "collector.lanes=2", "--eval-every", "0"),
)
"""Options of a run whose rounds take a fraction of a second: 64 steps of two real cars."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


def racetui(*arguments: str, timeout: float = 90.0, **env: str) -> Result:
    """Run the command line to its end."""
    done = subprocess.run(
        [*RACETUI, *arguments], capture_output=True, text=True, timeout=timeout, env=os.environ | env, check=False
    )
    return Result(done.returncode, done.stdout, done.stderr)


def started(*arguments: str) -> str:
    """Start a small detached run; returns its id."""
    result = racetui("train", "--detach", *TINY, *arguments)
    assert result.code == 0, result.err
    return result.out.strip()


def show(run: str) -> Any:
    """Everything the store tells about a run."""
    result = racetui("show", run, "--json")
    assert result.code == 0, result.err
    return result.json


def until(condition: Callable[[], Any], timeout: float = 60.0, what: str = "") -> Any:
    """Wait until ``condition`` gives something true, and return it; fails after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {timeout:g} s: {what or condition}")
