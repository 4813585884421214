"""How long a process takes to its first step, on a machine that never compiled the simulator and on one that has."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Start:
    """What it takes to import Gymnasium, make one environment that draws exact pixels, reset it and step it once."""

    compiling_seconds: float
    """Of the whole process, the first time."""
    seconds: float
    """Of the whole process later, the median."""
    rss_bytes: int
    """Of such a later process, after its step."""


def measure_start(repeats: int) -> Start:
    """Start ``repeats`` + 1 processes one after the other, the first of which compiles into an empty cache."""
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"NUMBA_CACHE_DIR": cache}
        compiling, _ = _timed(environment)
        later = [_timed(environment) for _ in range(repeats)]
    seconds, rss = zip(*later, strict=True)
    return Start(compiling, statistics.median(seconds), int(statistics.median(rss)))


def _timed(environment: dict[str, str]) -> tuple[float, int]:
    started = time.perf_counter()
    command = [sys.executable, "-m", "racetui.bench.first_step"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return time.perf_counter() - started, int(json.loads(done.stdout)["rss_bytes"])
