"""Pictures with nothing in them that changes from one test run to the next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from racetui.comparison import Contestant, compare
from racetui.hardware import MachineSample
from racetui.runs.logbook import LogLine
from racetui.runs.model import CheckpointRow, CommandRow, EvaluationRow, HardwareRow, RunState, RunSummary, Series
from racetui.spec import Budget
from racetui.tui.picture import NOBODY, Compared, Detail, Picture

NOW = 1_767_323_045.0
"""2 January 2026, 03:04:05 UTC."""

RUN = RunSummary(
    id="3",
    name="ppo-async",
    path=Path("/store/runs/3"),
    state=RunState.RUNNING,
    detail="",
    agent="ppo",
    collector="async",
    profile="auto",
    backend="gymnasium",
    observation="grey",
    seed=1,
    lanes=32,
    workers=16,
    budget=Budget(frames=10_000_000),
    progress=0.321,
    eta_seconds=2940.0,
    frames=3_210_000,
    steps=802_500,
    episodes=3456,
    return_mean=812.4,
    frames_per_second=22_100.0,
    episodes_per_second=23.4,
    pid=4242,
    created=NOW - 700,
    ended=None,
    seconds=600.0,
    heartbeat=NOW,
    checkpoint_time=NOW - 12,
    checkpoint_frames=3_200_000,
    best_mean=871.2,
    best_std=22.1,
    best_frames=3_000_000,
    best_checkpoint=3_000_000,
)
PAUSED = replace(
    RUN,
    id="5",
    name="ppo-multi",
    state=RunState.PAUSED,
    return_mean=455.1,
    frames_per_second=None,
    episodes_per_second=None,
    eta_seconds=None,
    progress=0.1,
)
FINISHED = replace(
    PAUSED,
    id="1",
    name="ppo-base",
    state=RunState.FINISHED,
    return_mean=903.7,
    seconds=7860.0,
    progress=1.0,
    pid=None,
)
FAILED = replace(
    PAUSED,
    id="4",
    name="big",
    state=RunState.FAILED,
    detail="loss is NaN at 412,000 frames",
    pid=None,
    ended=NOW - 60,
)
RUNS = (PAUSED, FAILED, RUN, FINISHED)


def series(points: int = 400, top: float = 800.0) -> Series:
    """A curve that rises and levels off, with a hole."""
    frames = np.linspace(8_000, 3_210_000, points).astype(np.int64)
    values = top * (1 - np.exp(-frames / 8e5)) + 0.02 * top * np.sin(np.arange(points) / 3)
    values[points // 2 : points // 2 + points // 20] = np.nan
    return Series(frames, NOW + frames / 1e4, values)


def counts(points: int = 400) -> dict[str, Series]:
    """What tells how far the run was."""
    curve = series(points)
    shares = {"count/steps": 1 / 4, "count/episodes": 1 / 1000, "count/seconds": 1 / 5000}
    return {
        name: Series(curve.frames, curve.times, (curve.frames * share).astype(np.float64))
        for name, share in shares.items()
    }


def contestant(run: RunSummary) -> Contestant:
    """A run of RUNS in a comparison: each levels off elsewhere, and was asked for something else."""
    top = 1.1 * (run.return_mean or 100.0)
    curves = {name: series(top=top) for name in ("return_mean", "frames_per_second", "missed_tiles")}
    settings = {"agent": "ppo", "seed": run.id, "agent.learning_rate": f"{int(run.id)}e-4"}
    return Contestant(run, curves | counts(), (*curves, *counts(), "loss/value"), int(run.id) * 10**9, settings)


def machine(cores: int = 2) -> MachineSample:
    """A machine that is rather busy."""
    return MachineSample(
        time=NOW,
        host="gpu-box-3",
        cores=tuple(float(100 * core // max(1, cores - 1)) for core in range(cores)),
        cpu_share=0.61,
        usable_cores=float(cores),
        logical_cores=max(cores, 2),
        memory_used=21 * 10**9,
        memory_total=64 * 10**9,
        limited=False,
        load=1.4,
    )


DETAIL = Detail(
    run_id=RUN.id,
    series={
        "return_mean": series(),
        "frames_per_second": series(top=22_000.0),
        "episodes_per_second": series(top=23.0),
        "missed_tiles": series(top=40.0),
        **counts(),
    },
    shares={"env": 0.58, "act": 0.11, "learn": 0.27, "other": 0.04},
    usage=HardwareRow(NOW, 108.0, 5 * 10**9, 3 * 10**9, 18),
    log=tuple(
        LogLine(NOW - 60 + number, level, text)
        for number, (level, text) in enumerate(
            [
                ("info", "running"),
                ("warning", "worker 3 did not answer for 60 s and was replaced"),
                ("info", "checkpoint at 3,200,000 frames"),
                ("info", "new best: 871.2 at 3,000,000 frames"),
            ]
        )
    ),
    evaluations=(
        EvaluationRow(
            *(1, 3_000_000, "periodic", "finished", "", 10, 1_000_000, True, "gymnasium", NOW - 90, NOW - 40),
            {"mean": 871.2, "std": 22.1, "min": 820.0, "finish_rate": 0.9},
        ),
    ),
    checkpoints=(CheckpointRow(3_200_000, NOW - 12, 7 * 10**6, "periodic", ("latest",)),),
)
PICTURE = Picture(time=NOW, machine=machine(), runs=RUNS, detail=DETAIL)
ORDER = CommandRow(7, "pause", {}, NOW - 2, "panel", NOW - 1, None, "")


class Still:
    """A source of one picture, again and again."""

    def __init__(self, picture: Picture = PICTURE) -> None:
        self.picture = picture
        self.looks = 0
        self.compared = NOBODY

    def poll(self, selected: str | None, compared: Compared = NOBODY) -> Picture:
        """The picture; in detail only of its own run, the compared ones side by side."""
        self.looks += 1
        if compared != self.compared:
            found = [contestant(run) for name in compared.runs for run in RUNS if run.id == name]
            self.picture = replace(self.picture, comparison=compare(found) if found else None)
            self.compared = compared
        return self.picture

    def close(self) -> None:
        """Nothing to do."""
