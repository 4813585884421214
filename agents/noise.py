"""Noise on actions that lasts a while: it takes a car off its line, where it must find back from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from agents.random import EpisodeRandom

HELD_FRAMES = 16
"""Frames for which noise stays the same, about a third of a second: white noise hardly moves a car."""
_SALT = np.uint64(0xD1B54A32D192ED03)
"""Keeps these streams apart from those that policies sample from."""


def held_noise(rngs: EpisodeRandom, columns: int, frame_skip: int) -> npt.NDArray[np.float64]:
    """(rows, columns) standard normal numbers, each held for HELD_FRAMES: a pure function of episode and step."""
    steps = np.maximum(HELD_FRAMES // frame_skip, 1)
    return EpisodeRandom(rngs.keys ^ _SALT, rngs.steps // steps).normal(columns)
