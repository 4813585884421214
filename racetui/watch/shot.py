"""One frame of the watched car: what it looks like and how it drives, as a record of fixed size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from carracing.task import Array

SIDE = 96
"""Pixels of a picture's side."""
MOST_TILES = 512
"""Tiles of a track that there is room for: of 20,000 tracks the longest had 389."""
AHEAD, VISITED, MISSED = 0, 1, 2
"""What became of a tile; missed ones lie behind the furthest visited one."""

_NUMBERS = ("speed", "steer", "gas", "brake", "score", "progress", "x", "y", "heading")
_COUNTS = ("frame", "episode", "seed", "version", "missed")
RECORD = np.dtype(
    [
        *((name, "<f4") for name in _NUMBERS),
        *((name, "<i8") for name in _COUNTS),
        ("over", "?"),
        ("count", "<i8"),
        ("tiles", "u1", (MOST_TILES,)),
        ("track", "<f4", (MOST_TILES, 2)),
        ("picture", "u1", (SIDE, SIDE, 3)),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A frame."""

    picture: Array
    """(96, 96, 3) uint8, as stock draws it, or as another environment draws itself."""
    track: Array
    """(tiles, 2) float32: the centre line, in units; no rows in other environments than CarRacing."""
    tiles: Array
    """(tiles,) uint8 of AHEAD, VISITED and MISSED."""
    frame: int
    """Of the episode."""
    episode: int
    """Its number among the run's; -1 on a test track."""
    seed: int
    """Track seed."""
    version: int
    """Of the weights that act: how often the run had learned; of a checkpoint, its frames."""
    speed: float
    """Units per second."""
    steer: float
    """-1 (left) to 1."""
    gas: float
    brake: float
    """0 to 1."""
    score: float
    """Sum of raw rewards so far."""
    missed: int
    progress: float
    """Share of the tiles visited, 0 to 1."""
    x: float
    y: float
    heading: float
    """Radians, counterclockwise; 0 looks along y."""
    over: bool = False
    """The episode ended with this frame."""

    def pack(self) -> Array:
        """() RECORD."""
        record: Array = np.zeros((), RECORD)
        count = min(len(self.track), MOST_TILES)
        for name in (*_NUMBERS, *_COUNTS, "over"):
            record[name] = getattr(self, name)
        record["count"] = count
        record["track"][:count], record["tiles"][:count] = self.track[:count], self.tiles[:count]
        record["picture"] = self.picture
        return record

    @classmethod
    def unpack(cls, record: Array) -> Shot:
        """The frame of a RECORD that nobody writes to any more."""
        values: dict[str, Any] = {name: float(record[name]) for name in _NUMBERS}
        values |= {name: int(record[name]) for name in _COUNTS}
        count = int(record["count"])
        return cls(
            picture=record["picture"],
            track=record["track"][:count],
            tiles=record["tiles"][:count],
            over=bool(record["over"]),
            **values,
        )
