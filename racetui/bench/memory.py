"""What whole runs take of memory at their peak, beside what was expected of them before they started."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from profiles import Hardware
from racetui.expectation import Expectation, expect
from racetui.launching import StartRequest, build_spec
from racetui.memory import Part
from racetui.processes import memory_alone, proportional_bytes, resident_bytes
from racetui.runs.model import RunState
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.spec import RunSpec

LOOK_SECONDS = 0.2
"""Between two looks at a run's processes."""
EVALUATING_SECONDS = 15.0
"""Of the last evaluation; it takes no more memory after that."""
_QUIET = ("tracking.tensorboard=false", "tracking.aim=false")
_FULL = ("agent.warmup=2000", "agent.updates_per_step=0.005")
"""A replay is filled soon, but learned from on the way."""
CASES: Mapping[str, StartRequest] = {
    "ppo, grey-fast, async": StartRequest(agent="ppo", collector="async", frames=45_000),
    "ppo, vector, sync": StartRequest(agent="ppo", collector="sync", observation="vector", frames=100_000),
    "ppo, grey-fast, executor": StartRequest(agent="ppo", collector="executor", frames=45_000),
    "sac, grey-fast, sync": StartRequest(
        agent="sac", collector="sync", frames=45_000, overrides=(*_FULL, "agent.replay=10_000")
    ),
    "dqn, grey-fast, async": StartRequest(
        agent="dqn", collector="async", frames=55_000, overrides=(*_FULL, "agent.replay=12_000")
    ),
    "dagger, grey-fast, async": StartRequest(
        agent="dagger", collector="async", frames=60_000, overrides=("agent.replay=12_000", "agent.visits=0.5")
    ),
}
"""Runs that reach their peak soon: their replays are full when an evaluation begins beside them, and what they take
does not grow after that."""


class MemoryBenchError(RuntimeError):
    """A run did not get to its end; says how it ended."""


@dataclass(frozen=True, slots=True)
class MemoryRow:
    """A configuration."""

    name: str
    expected: int
    peak: int
    """Bytes of the process tree; libraries that programs outside the run map as well are counted whole."""
    peak_pss: int | None
    """The same as proportional set size, in which those pages are shared out; None where the system does not tell."""
    error: float
    """Of what was expected, as a share of the peak."""
    frames: int
    seconds: float
    parts: tuple[Part, ...]


def spec_of(name: str) -> RunSpec:
    """The run of a case, as it is planned here. Raises KeyError and what ``build_spec`` raises."""
    request = CASES[name]
    first_evaluation = (request.frames or 0) * 9 // 10
    return build_spec(replace(request, eval_every=first_evaluation, overrides=(*request.overrides, *_QUIET)))


def measure(name: str, directory: Path, hardware: Hardware) -> MemoryRow:
    """Run a case until its last evaluation goes on, in a store of its own. Raises MemoryBenchError."""
    spec = spec_of(name)
    paths = RunStore(directory).create(spec)
    environment = os.environ | {"RACETUI_HOME": str(directory)}
    command = [sys.executable, "-P", "-m", "racetui.trainer", str(paths.root.absolute())]
    started, peak, peak_pss = time.monotonic(), 0, 0
    with (
        paths.log.open("wb") as log,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment) as process,
    ):
        try:
            for now, pss in _looks(process):
                peak, peak_pss = max(peak, now), max(peak_pss, pss or 0)
                if _evaluates_long(paths):
                    break
        finally:
            process.terminate()  # of one that is over it changes nothing; the trainer ends its own children
    with RunReader(paths) as reader:
        run = reader.summary()
    if run.state not in (RunState.FINISHED, RunState.STOPPED) or not peak:
        raise MemoryBenchError(f"{name} ended as {run.state.value}: {run.detail or 'see above'}")
    expected = expect(spec, hardware)
    return _row(name, expected, peak, peak_pss or None, run.frames, time.monotonic() - started)


def _evaluates_long(paths: RunPaths) -> bool:
    with RunReader(paths) as reader:
        run, newest = reader.summary(), reader.evaluations()[-1:]
    return run.state is RunState.EVALUATING and all(
        time.time() - evaluation.started > EVALUATING_SECONDS for evaluation in newest
    )


def _looks(process: subprocess.Popen[bytes]) -> Iterator[tuple[int, int | None]]:
    """Memory of the tree, counted alone and as it is shared, until its root ends."""
    root = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            everyone = [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            break
        alone = memory_alone(each.pid for each in everyone)
        yield (resident_bytes(everyone) if alone is None else alone), proportional_bytes(everyone)
        time.sleep(LOOK_SECONDS)


def _row(name: str, expected: Expectation, peak: int, peak_pss: int | None, frames: int, seconds: float) -> MemoryRow:
    size = expected.memory_bytes
    return MemoryRow(name, size, peak, peak_pss, size / peak - 1, frames, seconds, expected.parts)
