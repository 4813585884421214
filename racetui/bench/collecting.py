"""Measures every case in turn, several times over, and makes rows of the medians."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from racetui.bench.cases import REFERENCE, Case
from racetui.bench.measurement import Measurement
from racetui.config import dump_spec


class MeasurementError(RuntimeError):
    """A contender did not get through its measurement; says what it printed."""


@dataclass(frozen=True, slots=True)
class Row:
    """A case and the medians of its measurements; rates are per second of wall-clock time."""

    name: str
    collector: str
    backend: str
    lanes: int
    workers: int
    threads: int
    frames_per_second: float
    lowest: float
    """Frames per second of the slowest measurement."""
    highest: float
    steps_per_second: float
    episodes_per_second: float | None
    """Of steps, at the mean length of finished episodes; None if none finished."""
    steps_per_episode: float | None
    """Experiences that an episode gives."""
    seconds_per_episode: float | None
    speed_up: float
    """Over the reference: one car on Gymnasium's simulator."""
    efficiency: float | None
    """Speed-up over the same collector with one worker (or thread), per worker; None without such a row."""
    memory_start: int
    memory_end: int
    """Bytes."""
    cpu_percent: float
    processes: int
    tracks: int
    """Different tracks driven at the same time."""


def measure(case: Case, seconds: float, learn: bool = False) -> Measurement:
    """Measure one case in a process of its own. Raises MeasurementError."""
    command = [
        sys.executable,
        "-m",
        "racetui.bench.measure",
        case.kind,
        str(seconds),
        *(["--learn"] if learn else []),
    ]
    environment = os.environ | {"OMP_NUM_THREADS": str(case.spec.threads), "OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run(
        command, input=dump_spec(case.spec), capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        raise MeasurementError(f"{case.name} failed:\n{done.stderr.strip()[-2000:]}")
    return Measurement(**json.loads(done.stdout.splitlines()[-1]))


def measure_all(
    cases: Sequence[Case], seconds: float, repeats: int, learn: bool, progress: Callable[[str], None]
) -> list[Row]:
    """Measure every case ``repeats`` times, by turns, so that a slow spell of the machine strikes all alike."""
    found: dict[str, list[Measurement]] = {case.name: [] for case in cases}
    for turn in range(repeats):
        for case in cases:
            progress(f"turn {turn + 1} of {repeats}: {case.name}")
            found[case.name].append(measure(case, seconds, learn))
    speeds = {name: _median([each.frames / each.seconds for each in several]) for name, several in found.items()}
    return [_row(case, found[case.name], speeds, cases) for case in cases]


def _row(case: Case, measured: Sequence[Measurement], speeds: dict[str, float], cases: Sequence[Case]) -> Row:
    frames = [each.frames / each.seconds for each in measured]
    steps = _median([each.steps / each.seconds for each in measured])
    lengths = [each.episode_steps for each in measured if each.episode_steps]
    length = _median(lengths) if lengths else None
    config = case.spec.collector_config
    return Row(
        name=case.name,
        collector=case.spec.collector if case.kind == "ours" else case.kind,
        backend=case.spec.backend,
        lanes=config.lanes,
        workers=config.workers,
        threads=config.threads,
        frames_per_second=speeds[case.name],
        lowest=min(frames),
        highest=max(frames),
        steps_per_second=steps,
        episodes_per_second=steps / length if length else None,
        steps_per_episode=length,
        seconds_per_episode=length / steps if length else None,
        speed_up=speeds[case.name] / speeds[REFERENCE],
        efficiency=_efficiency(case, speeds, cases),
        memory_start=int(_median([each.memory_start for each in measured])),
        memory_end=int(_median([each.memory_end for each in measured])),
        cpu_percent=_median([each.cpu_percent for each in measured]),
        processes=max(each.processes for each in measured),
        tracks=config.tracks,
    )


def _efficiency(case: Case, speeds: dict[str, float], cases: Sequence[Case]) -> float | None:
    for other in cases:
        same = other.kind == case.kind == "ours" and other.spec.collector == case.spec.collector
        if same and other.spec.backend == case.spec.backend and other.parallel == 1:
            return speeds[case.name] / speeds[other.name] / case.parallel
    return None


def _median(numbers: Sequence[float]) -> float:
    return statistics.median(numbers)
