"""Other processes give the same bits; other platforms are told how far off they are."""

from __future__ import annotations

import hashlib
import platform
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest

from carracing import TaskConfig, exactness
from carracing.simulator.simulator import Simulator
from carracing.simulator.worlds import FastWorlds

PROVED = (platform.machine(), platform.libc_ver()[0]) == ("x86_64", "glibc")


def driven(observation: Any, threads: int = 1) -> str:
    """A checksum of cars and observations after some driving."""
    worlds = FastWorlds(TaskConfig(observation=observation, domain_randomize=True), 20, threads=threads)
    everyone, rng = np.ones(20, bool), np.random.default_rng(1)
    worlds.reset(everyone, np.arange(20))
    digest = hashlib.sha256()
    for actions in rng.uniform(-1, 1, (15, 20, 2)).astype(np.float32):
        digest.update(worlds.step(actions, everyone).observations.tobytes())
    digest.update(worlds.state().tobytes())
    worlds.close()
    return digest.hexdigest()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_other_processes_give_the_same_bits(method: str) -> None:
    observations = ["vector", "grey", "grey-fast"]
    with ProcessPoolExecutor(1, get_context(method)) as pool:
        here = [driven(observation) for observation in observations]
        assert [pool.submit(driven, observation, 2).result() for observation in observations] == here
    assert len(set(here)) == 3


def test_this_platform_equals_stock_or_says_how_far_off_it_is() -> None:
    found = exactness.measure()
    if PROVED:
        assert found.exact, found.describe()
        assert "to the last bit over 450 frames of 3 tracks" in found.describe()
    else:
        warnings.warn(found.describe(), stacklevel=1)


def test_differences_are_found_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Shifted(Simulator):
        """Its tracks lie a little to the right."""

        def lay_track(self, *args: Any, **options: Any) -> None:
            super().lay_track(*args, **options)
            self.tracks.points[..., 2] += 0.5

    monkeypatch.setattr(exactness, "Simulator", Shifted)
    found = exactness.measure(seeds=1, frames=5)
    assert (found.exact, found.first) == (False, 0)
    assert found.track == pytest.approx(0.5)
    assert found.car > 0.4
    assert found.pixel > 10
    assert "not equal to stock from frame 0 on: over 5 frames of 1 tracks" in found.describe()
