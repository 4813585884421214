"""Real run stores for the panel's tests, written by RunWriter as a trainer would."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from agents.api import End
from collectors.api import CollectorConfig, EpisodeRecord
from racetui.config import load_spec
from racetui.counters import Counters
from racetui.pipeline.stages import Measured, rows_of
from racetui.runs.model import HardwareRow, RunState
from racetui.runs.paths import RunPaths
from racetui.runs.store import RunStore
from racetui.runs.writer import RunWriter
from racetui.spec import Budget, RunSpec

SPEC = RunSpec(
    name="ppo-async", budget=Budget(frames=1_000_000), collector_config=CollectorConfig(lanes=8, workers=2)
)


def create(home: Path, name: str, **changes: object) -> RunPaths:
    """A queued run."""
    return RunStore(home).create(replace(SPEC, name=name, **changes))  # type: ignore[arg-type]


def train(writer: RunWriter, rounds: int, first: int = 1, holes: tuple[int, ...] = ()) -> int:
    """Record some rounds of 4096 frames; returns the frames reached."""
    noise = np.random.default_rng(first)
    frames = 0
    for number in range(first, first + rounds):
        frames = number * 4096
        with writer.transaction():
            round_of(writer, number, noise, math.nan if number in holes else None)
    return frames


def round_of(writer: RunWriter, number: int, noise: np.random.Generator, mean: float | None = None) -> None:
    """Record one round; its mean return can be given."""
    frames = number * 4096
    score = 900 * (1 - math.exp(-number / 60)) - 60 + 8 * noise.normal() if mean is None else mean
    speed, episodes = 2200 + 120 * noise.normal(), 2.2 + 0.2 * noise.normal()
    learn = 0.3 + 0.02 * noise.normal()
    writer.metrics(
        frames,
        {
            "return_mean": score,
            "frames_per_second": speed,
            "episodes_per_second": episodes,
            "missed_tiles": max(0.0, 80 - number / 2 + 5 * noise.normal()),
            "time/env": 0.85 - learn,
            "time/act": 0.1,
            "time/learn": learn,
            "time/other": 0.05,
            **Counters(frames, frames // 4, number * 4, number, number * 1.9).curves(),
        },
    )
    writer.episodes([_episode(number)], frames)
    writer.beat(frames, frames // 4, number * 4, number * 1.9, None if math.isnan(score) else score, speed, episodes)
    writer.hardware(HardwareRow(0.0, 180.0 + 5 * noise.normal(), 900 * 10**6, 640 * 10**6, 4))


def _episode(number: int) -> EpisodeRecord:
    return EpisodeRecord(number, number, 0, 0, number, 250, 1000, 100.0, End.TRUNCATED, {"missed_tiles": 3.0})


def running(home: Path, name: str = "ppo-async", rounds: int = 120) -> tuple[RunPaths, RunWriter]:
    """A run that this very process trains, as far as readers can tell."""
    paths = create(home, name)
    writer = RunWriter(paths)
    writer.identify()
    writer.set_state(RunState.RUNNING)
    paths.log.write_text("2026-01-02 03:04:05,678 INFO ready after 1.2 s\n")
    train(writer, rounds)
    writer.checkpoint(rounds * 4096, 7 * 10**6, "periodic")
    writer.tag_checkpoint("latest", rounds * 4096)
    writer.event("info", "checkpoint", f"saved {rounds * 4096:,} frames")
    return paths, writer


def finished(home: Path, name: str = "ppo-base") -> RunPaths:
    """A run that used its budget and was evaluated."""
    paths, writer = running(home, name, rounds=40)
    row = writer.evaluation_started(163_840, "final", 10, 1_000_000, True, "gymnasium")
    writer.evaluation_finished(row, {"mean": 871.2, "std": 22.1, "min": 820.0, "p10": 840.0, "finish_rate": 0.9})
    writer.tag_checkpoint("best", 163_840)
    writer.set_state(RunState.FINISHED)
    writer.close()
    return paths


def staged(home: Path, name: str = "pipeline") -> tuple[RunPaths, RunWriter]:
    """A pipeline in the second of its three stages, half way."""
    spec = load_spec({"name": name, "pipeline": {"dagger": {}, "score": {}}}, "a test")
    paths = RunStore(home).create(spec)
    writer = RunWriter(paths)
    writer.identify()
    known = {"dagger": Measured(1000.0, 60.0), "ppo": Measured(500.0, 600.0), "score": Measured(None, 40.0)}
    writer.stages.plan(rows_of(spec, known))
    writer.set_state(RunState.RUNNING)
    writer.stages.begin(1, Counters())
    writer.stages.progress(1, Counters(frames=90_000, steps=22_500, seconds=45.0), 1.0)
    writer.stages.finish(1)
    writer.stages.begin(2, Counters(frames=90_000, steps=22_500, seconds=45.0))
    writer.stages.progress(2, Counters(frames=200_000, steps=50_000, seconds=300.0), 0.5)
    return paths, writer


def failed(home: Path, name: str = "ppo-broken") -> RunPaths:
    """A run that ended with an error, its traceback in the log."""
    paths, writer = running(home, name, rounds=10)
    with paths.log.open("a") as log:
        log.write('Traceback (most recent call last):\n  File "learn.py", line 7, in learn\n')
        log.write("FloatingPointError: loss is NaN\n")
    writer.set_state(RunState.FAILED, "loss is NaN at 412,000 frames")
    writer.close()
    return paths


def crashed(home: Path, name: str = "ppo-gone") -> RunPaths:
    """A run whose process is gone without a last word: a copied directory has lost its process."""
    paths, writer = running(home, name, rounds=20)
    with paths.log.open("a") as log:
        log.write("Killed by the kernel, or so it seems\n")
    writer.close()
    copy = paths.root.with_name("copy")
    shutil.copytree(paths.root, copy)
    shutil.rmtree(paths.root)
    copy.rename(paths.root)
    return paths


def paused(home: Path, name: str = "ppo-waiting") -> tuple[RunPaths, RunWriter]:
    """A run that waits."""
    paths, writer = running(home, name, rounds=60)
    writer.set_state(RunState.PAUSED)
    return paths, writer
