"""Pictures for people of an episode in another environment: as it draws itself, else the image that policies see."""

from __future__ import annotations

import os
from contextlib import closing
from typing import Any

import numpy as np

from carracing.environments.finding import make_env
from carracing.environments.spaces import hands
from carracing.environments.task import EnvTask
from carracing.environments.worlds import make_body
from carracing.task import Array

LEAST_SIDE = 256
"""Pixels; smaller pictures are enlarged by a whole number."""
DRAWS = "rgb_array"
"""Gymnasium's render mode."""


class NoPicturesError(ValueError):
    """The environment cannot be drawn."""


def check_drawn(task: EnvTask) -> None:
    """Raise NoPicturesError unless there are pictures of it; makes the environment once."""
    if not _is_picture(task) and not _draws_itself(task):
        raise NoPicturesError(f"{task.env} has no pictures: it neither draws itself ({DRAWS}) nor shows an image")


class DrawnEnv:
    """One environment, a frame at a time, that can be looked at. Seeded alike it goes as the worlds do."""

    def __init__(self, task: EnvTask) -> None:
        """Raises NoPicturesError, UnknownEnvironmentError."""
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # many draw with SDL, which would look for a screen
        check_drawn(task)
        self._draws = _draws_itself(task)
        self._body = make_body(task, DRAWS if self._draws else None)
        self._act = hands(self._body.spaces[1])
        self._seen: Any = None

    def reset(self, seed: int) -> None:
        """Begin an episode."""
        self._body.begin(seed)
        self._seen = self._body.begun()

    def step(self, action: Array) -> tuple[float, bool]:
        """Take a frame of an agent's action (A,): its reward, and whether the episode is over."""
        self._body.tell(self._act(action))
        self._seen, reward, terminated, truncated = self._body.told()
        return reward, terminated or truncated

    def render(self) -> Array:
        """(height, width, 3) uint8 as it looks now, both sides even."""
        picture = np.asarray(self._body.picture() if self._draws else _coloured(np.asarray(self._seen)))
        times = max(1, -(-LEAST_SIDE // max(picture.shape[:2])))
        large = picture.repeat(times, axis=0).repeat(times, axis=1)
        even: Array = large[: large.shape[0] // 2 * 2, : large.shape[1] // 2 * 2]
        return np.ascontiguousarray(even)

    def close(self) -> None:
        """Free what it holds; may be called twice."""
        self._body.close()


def thumbnail(picture: Array, side: int) -> Array:
    """A (height, width, 3) picture within (side, side, 3) uint8: black beside it, pixels averaged."""
    height, width = picture.shape[:2]
    longest = max(height, width)
    square = np.zeros((longest, longest, 3), np.uint32)
    top, left = (longest - height) // 2, (longest - width) // 2
    square[top : top + height, left : left + width] = picture
    first = np.arange(side) * longest // side
    sums = np.add.reduceat(np.add.reduceat(square, first, axis=0), first, axis=1)
    sizes = np.maximum(np.diff(first, append=longest), 1)
    small: Array = (sums // (sizes[:, None] * sizes)[:, :, None]).astype(np.uint8)
    return small


def _is_picture(task: EnvTask) -> bool:
    return task.spaces.dtype == "uint8"


def _draws_itself(task: EnvTask) -> bool:
    if task.library != "gymnasium":
        return False
    with closing(make_env(task)) as env:
        return DRAWS in (env.metadata.get("render_modes") or ())


def _coloured(seen: Array) -> Array:
    """An observed image as (height, width, 3)."""
    if seen.ndim == 2:
        seen = seen[:, :, None]
    if seen.shape[2] > 4 >= seen.shape[0]:
        seen = np.moveaxis(seen, 0, 2)
    return seen[:, :, :3] if seen.shape[2] >= 3 else seen[:, :, :1].repeat(3, axis=2)
