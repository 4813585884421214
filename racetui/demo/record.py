"""Records the session that the demo plays: short trainings of its own, for real. ``python -m racetui.demo.record``.

Takes some ten minutes on two cores. What is kept of each run: its database, its specification, its log, and some
seconds of its watched car; no weights.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from racetui.demo.session import CLIP, CLIP_SECONDS, SESSION, Part, write_session
from racetui.launching import StartRequest, start_run
from racetui.runs import control
from racetui.runs.database import connect_writer
from racetui.runs.model import EventRow, RunState, RunSummary
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.watch.lease import Source
from racetui.watch.shot import RECORD
from racetui.watch.watcher import View, Watcher

CLIP_FRAMES = 150
"""Of a watched car: 15 s."""
PATIENCE = 900.0
"""Seconds after which a run counts as hung."""
_SHORT = (
    "evaluation.episodes=5",
    "evaluation.every=200000",
    "checkpoint.every=100000",
    "tracking.tensorboard=false",
    "tracking.aim=false",
)


@dataclass(frozen=True, slots=True)
class Take:
    """One run to record."""

    request: StartRequest
    begins: Callable[[list[EventRow]], float | None]
    """Seconds of it that are past when the demo begins, by its events; None where all of it is."""
    about: str
    during: Callable[[RunPaths], None] = lambda paths: None
    """What is done to it while it trains."""
    clip: bool = False


def _over(_events: list[EventRow]) -> None:
    """All of it is past."""


def _paused(events: list[EventRow]) -> float:
    """It has just been paused."""
    return next(event.time for event in events if event.text == RunState.PAUSED.value) - events[0].time + 1.2


def _third(events: list[EventRow]) -> float:
    """A third of it is past."""
    return (events[-1].time - events[0].time) / 3


def _pause(paths: RunPaths) -> None:
    """Pause it half way, and let it go on."""
    _until(paths, lambda run: run.progress > 0.5)
    for order in ("pause", "resume"):
        control.wait_for(paths, control.send(paths, order, source="panel"), PATIENCE)
        time.sleep(2)


def _kill(paths: RunPaths) -> None:
    """Take its process away without a word, once it has saved something."""
    run = _until(paths, lambda run: run.checkpoint_frames is not None)
    if run.pid is not None:
        os.kill(run.pid, signal.SIGKILL)


def _evaluate(paths: RunPaths) -> None:
    """Order an evaluation by hand."""
    _until(paths, lambda run: run.progress > 0.6)
    order = control.send(
        paths, "evaluate", {"checkpoint": "latest", "episodes": 3, "seed": 2_000_000, "deterministic": True}, "panel"
    )
    control.wait_for(paths, order, PATIENCE)


TAKES = (
    Take(
        StartRequest(agent="ppo", collector="sync", name="baseline", lanes=8, frames=400_000, overrides=_SHORT),
        _over,
        "finished",
    ),
    Take(
        StartRequest(agent="ppo", collector="sync", name="killed", lanes=8, frames=200_000, overrides=_SHORT),
        _over,
        "crashed: its process is killed, as a system out of memory does it",
        _kill,
    ),
    Take(
        StartRequest(
            agent="sac", collector="async", name="sac-vector", observation="vector", lanes=4, frames=60_000,
            overrides=("evaluation.episodes=3", "evaluation.every=20000", "checkpoint.every=10000", *_SHORT[3:]),
        ),
        _paused,
        "paused half way, and waits",
        _pause,
    ),
    Take(
        StartRequest(agent="ppo", collector="async", name="ppo-fast", lanes=8, frames=1_000_000, overrides=_SHORT),
        _third,
        "runs",
        _evaluate,
        clip=True,
    ),
)  # fmt: skip


def main() -> int:
    """Record all takes."""
    parser = argparse.ArgumentParser(prog="python -m racetui.demo.record", description=__doc__)
    parser.add_argument("--out", type=Path, default=SESSION, help="where to write it (default: where --demo looks)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="racetui-demo-") as place:
        store, packed = RunStore(Path(place) / "store"), Path(place) / "packed"
        parts = []
        for take in TAKES:
            paths = _train(take, store)
            _keep(paths, packed / "runs" / paths.id)
            if take.clip:
                _say(f"{paths.id}: filming")
                np.save(packed / "runs" / paths.id / CLIP, _clip(paths))
            with RunReader(paths) as reader:
                parts.append(Part(paths.id, take.begins(reader.events()), take.about))
        write_session(packed, parts, options.out)
    _say(f"{options.out}: {options.out.stat().st_size:,} bytes")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _train(take: Take, store: RunStore) -> RunPaths:
    paths = start_run(take.request, store)
    _say(f"{paths.id}: {take.request.name}")
    take.during(paths)
    run = _until(paths, lambda run: run.state.ended)
    _say(f"{paths.id}: {run.state} at {run.frames:,} frames: {run.detail}")
    return paths


def _until(paths: RunPaths, wanted: Callable[..., bool]) -> RunSummary:
    deadline = time.monotonic() + PATIENCE
    with RunReader(paths) as reader:
        while True:
            run = reader.summary()
            if wanted(run) or run.state.ended:
                return run
            if time.monotonic() > deadline:
                raise TimeoutError(f"run {run.id} takes more than {PATIENCE:.0f} s")
            time.sleep(0.25)


def _keep(paths: RunPaths, target: Path) -> None:
    """Copy what is kept of a run, without what only means something on this machine."""
    target.mkdir(parents=True)
    for source in (paths.spec, paths.log):
        shutil.copyfile(source, target / source.name)
    copy = RunPaths(target)
    with sqlite3.connect(paths.database) as connection:
        connection.execute("VACUUM INTO ?", (str(copy.database),))
    connection.close()
    connection = connect_writer(copy.database)
    try:
        connection.execute("UPDATE run SET boot = '', directory = 0")
        connection.execute("UPDATE evaluations SET pid = 0, process_started = 0, boot = ''")
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("VACUUM")
    finally:
        connection.close()


def _clip(paths: RunPaths) -> np.ndarray:
    """Some seconds of the run's car, as it is watched."""
    source: Source = "best"
    view, watcher = View(paths, source), Watcher()
    records: list[np.ndarray] = []
    last, deadline = 0, time.monotonic() + PATIENCE
    step = round(CLIP_SECONDS * 50)
    while len(records) < CLIP_FRAMES:
        watcher.keep(view)
        number = watcher.newest
        wanted = last + step if last else number
        shot = watcher.read(wanted) if 0 < wanted <= number else None
        if shot is not None:
            records.append(shot.pack())
            last = wanted
        elif last and number > wanted + 50:
            last = number  # too slow: what was wanted is gone
        if time.monotonic() > deadline:
            raise TimeoutError(f"no car to be seen: {watcher.note}")
        time.sleep(0.02)
    watcher.stop()
    return np.array(records, RECORD)


if __name__ == "__main__":
    sys.exit(main())
