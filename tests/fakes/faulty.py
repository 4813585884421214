"""A counting world that fails at a given moment: for tests of what collectors do about it."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import Literal

from carracing.task import Array, Step
from tests.fakes.world import CountingRules, CountingWorld

Fault = Literal["kill", "stop", "hang", "raise", "dawdle"]


class FaultyWorld(CountingWorld):
    """Fails in the step after ``after`` steps of the episode with track ``seed``.

    With a ``marker`` it fails only if that file can be created: once, however often the world is made again.
    """

    def __init__(self, rules: CountingRules, fault: Fault, seed: int, after: int, marker: Path | None = None) -> None:
        super().__init__(rules)
        self._fault = fault
        self._moment = (seed, after)
        self._marker = marker

    def step(self, actions: Array, live: Array) -> Step:
        if (self._seed, int(self._steps.max())) == self._moment and self._may_fail():
            self._fail()
        return super().step(actions, live)

    def _may_fail(self) -> bool:
        if self._marker is None:
            return True
        try:
            self._marker.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _fail(self) -> None:
        if self._fault == "dawdle":
            time.sleep(0.5)
            return
        if self._fault == "raise":
            raise ZeroDivisionError("the road ends here")
        if self._fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self._fault == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        while True:
            time.sleep(60)


class DawdlingWorld(CountingWorld):
    """Takes its time over every step, never the same: what follows must not depend on it."""

    def __init__(self, rules: CountingRules, longest: float) -> None:
        super().__init__(rules)
        self._longest = longest
        self._moods = random.Random(os.urandom(8))

    def step(self, actions: Array, live: Array) -> Step:
        time.sleep(self._moods.random() * self._longest)
        return super().step(actions, live)


def broken_factory() -> CountingWorld:
    """A world factory that fails, and shows what a worker's numerics may use."""
    raise OSError(f"no road today, threads {os.environ.get('OMP_NUM_THREADS')}")


SILENCE = 1.5
"""Seconds after which a silent worker counts as lost: one that is well answers sooner, on a busy machine too."""
