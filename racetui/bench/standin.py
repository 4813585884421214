"""A stand-in for a trainer and for the process that drives: ``python -m racetui.bench.standin HOME``.

Its run gains a round and a line of log a second, and a frame of a moving road every fiftieth of a second while
somebody watches, so that the panel has as much to show as beside a real run, on a machine that is otherwise quiet.
"""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path

import numpy as np

from collectors.api import CollectorConfig
from racetui.counters import Counters
from racetui.runs.model import HardwareRow, RunState
from racetui.runs.paths import RunPaths
from racetui.runs.store import RunStore
from racetui.runs.writer import RunWriter
from racetui.spec import Budget, RunSpec
from racetui.watch.lease import current
from racetui.watch.ring import RingWriter
from racetui.watch.shot import AHEAD, MISSED, SIDE, VISITED, Shot

ROUNDS = 800
"""Rounds that the run has already when it is opened."""
FRAMES_PER_ROUND = 4096
FILM_SECONDS = 0.02
_TILES = 280
_SQUARE = 40
"""Pixels of a square of grass: stock's has 20 of them along its playing field, of which a picture shows a few."""


def main() -> None:
    """Print the run's id once it can be opened; go on until killed."""
    paths = RunStore(Path(sys.argv[1])).create(
        RunSpec("live", budget=Budget(frames=10_000_000), collector_config=CollectorConfig(lanes=8, workers=2))
    )
    with RunWriter(paths) as writer, RingWriter(paths.frames) as ring:
        writer.identify()
        writer.set_state(RunState.RUNNING)
        noise = np.random.default_rng(7)
        with writer.transaction():
            for number in range(1, ROUNDS):
                add_round(writer, number, noise)
        ring.note("training, episode 812, weights 40")
        print(paths.id, flush=True)  # noqa: T201  (the answer)
        _go_on(paths, writer, ring, noise)


def _go_on(paths: RunPaths, writer: RunWriter, ring: RingWriter, noise: np.random.Generator) -> None:
    number, frame, due = ROUNDS, 0, time.monotonic()
    watched = False
    while True:
        if time.monotonic() >= due:
            due, number, watched = due + 1.0, number + 1, current(paths) is not None
            with writer.transaction():
                add_round(writer, number, noise)
                writer.event("info", "round", f"round {number}: 4 episodes, return {noise.normal(800, 20):.1f}")
        if watched:
            frame += 1
            ring.write(moving(frame))
        time.sleep(FILM_SECONDS if watched else 0.1)


def add_round(writer: RunWriter, number: int, noise: np.random.Generator) -> None:
    """Record a round such as PPO's."""
    frames = number * FRAMES_PER_ROUND
    score = 900 * (1 - math.exp(-number / 60)) - 60 + 8 * noise.normal()
    speed, episodes = 2200 + 120 * noise.normal(), 2.2 + 0.2 * noise.normal()
    learn = 0.3 + 0.02 * noise.normal()
    curves = {"return_mean": score, "frames_per_second": speed, "episodes_per_second": episodes}
    shares = {"time/env": 0.85 - learn, "time/act": 0.1, "time/learn": learn, "time/other": 0.05}
    missed = max(0.0, 80 - number / 2 + 5 * noise.normal())
    counts = Counters(frames, frames // 4, number * 4, number, number * 1.9)
    writer.metrics(frames, curves | shares | {"missed_tiles": missed, "loss/value": 1 / number} | counts.curves())
    writer.beat(frames, frames // 4, number * 4, number * 1.9, score, speed, episodes)
    writer.hardware(HardwareRow(0.0, 180.0 + 5 * noise.normal(), 900 << 20, 640 << 20, 4))


def moving(frame: int) -> Shot:
    """A car on a winding road between squares of two greens, as stock draws them."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    way = y - 2 * frame
    middle = 48 + 18 * np.sin(way / 19) + 9 * np.sin(way / 7.3 + 1)
    aside = np.abs(x - middle)
    picture = np.where(
        ((x // _SQUARE + way // _SQUARE) % 2 == 0)[..., None], (102, 204, 102), (102, 230, 102)
    ).astype(np.uint8)
    picture[aside < 14] = np.where((way // 6 % 2 == 0)[..., None], (255, 0, 0), (255, 255, 255))[aside < 14]
    picture[aside < 11] = 102
    picture[62:74, 44:52] = (204, 0, 0)
    picture[84:] = 0
    angles = np.linspace(0, 2 * np.pi, _TILES, endpoint=False)
    track = np.stack([150 * np.cos(angles), 90 * np.sin(angles) + 20 * np.sin(3 * angles)], axis=1)
    at = frame // 3 % _TILES
    tiles = np.where(np.arange(_TILES) < at, VISITED, AHEAD).astype(np.uint8)
    tiles[: at // 20] = MISSED
    return Shot(
        picture=picture,
        track=track.astype(np.float32),
        tiles=tiles,
        frame=frame,
        episode=812,
        seed=7,
        version=40,
        speed=60 + 9 * math.sin(frame / 40),
        steer=math.sin(frame / 15),
        gas=0.5,
        brake=0.0,
        score=at * 3.3,
        missed=at // 20,
        progress=at / _TILES,
        x=float(track[at, 0]),
        y=float(track[at, 1]),
        heading=0.0,
    )


if __name__ == "__main__":
    main()
