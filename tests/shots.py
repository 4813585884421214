"""Frames of a car that nobody drove, recognisable by their numbers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from racetui.runs.paths import RunPaths
from racetui.watch.ring import RingWriter
from racetui.watch.shot import AHEAD, MISSED, VISITED, Shot

TILES = 200


def make_shot(frame: int = 100, **changes: object) -> Shot:
    """A car on a bean of a track, a fifth of it driven, some tiles missed; pixels are the number."""
    angles = np.linspace(0, 2 * np.pi, TILES, endpoint=False)
    track = np.stack([150 * np.cos(angles), 90 * np.sin(angles) + 20 * np.sin(3 * angles)], axis=1)
    tiles = np.full(TILES, AHEAD, np.uint8)
    tiles[:40], tiles[20:26] = VISITED, MISSED
    shot = Shot(
        picture=np.full((96, 96, 3), frame % 256, np.uint8),
        track=track.astype(np.float32),
        tiles=tiles,
        frame=frame,
        episode=812,
        seed=7,
        version=40,
        speed=62.0,
        steer=-0.4,
        gas=0.8,
        brake=0.0,
        score=412.3,
        missed=6,
        progress=0.17,
        x=float(track[40, 0]),
        y=float(track[40, 1]),
        heading=0.0,
    )
    return replace(shot, **changes)  # type: ignore[arg-type]


def road() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A picture in stock's colours: grass, a road with a red border, the car, the bar below."""
    picture = np.full((96, 96, 3), (102, 204, 102), np.uint8)
    picture[:84, 36:60] = 102
    picture[20:30, 32:36] = (255, 0, 0)
    picture[60:70, 44:52] = (204, 0, 0)
    picture[84:] = 0
    return picture


def film(run: Path, picture: Callable[[int], np.ndarray[tuple[int, ...], np.dtype[np.uint8]]], every: float) -> None:
    """Begin to write frames of a run, with the picture of each number, as long as this process lives."""

    def go_on() -> None:
        with RingWriter(RunPaths(run).frames) as ring:
            for number in range(10**6):
                ring.write(make_shot(number, picture=picture(number)))
                time.sleep(every)

    threading.Thread(target=go_on, daemon=True).start()
