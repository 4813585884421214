"""The watched episode in another environment: played as in any lane, and beside it drawn frame by frame."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from agents.api import Actor
from agents.random import EpisodeRandom
from carracing.environments.drawing import DrawnEnv, thumbnail
from carracing.environments.task import EnvTask
from carracing.registry import make_worlds
from carracing.task import Array
from racetui.watch.shot import SIDE, Shot

_ONE: Array = np.ones(1, np.bool_)
_NO_TRACK: Array = np.zeros((0, 2), np.float32)
_NO_TILES: Array = np.zeros(0, np.uint8)


class Environment:
    """One environment for the policy, and one told the same to be looked at."""

    def __init__(self, task: EnvTask) -> None:
        """Raises NoPicturesError."""
        self._task = task
        self._seen = DrawnEnv(task)
        self._worlds = make_worlds(task.library, task, 1)

    def drive(self, actor: Actor, version: int, episode: int, seed: int, key: np.uint64) -> Iterator[Shot]:
        """An episode, frame by frame, its first picture included; ``actor`` may be given new weights on the way."""
        about = (episode, seed, version)
        window: Array = np.repeat(self._worlds.reset(_ONE, np.array([seed]))[:, None], self._task.stack, axis=1)
        self._seen.reset(seed)
        score, frame, step, over = 0.0, 0, 0, False
        yield self._shot(about, frame, score, over)
        while not over:
            action = actor.act(window, EpisodeRandom(np.array([key]), np.array([step]))).env_actions
            done = self._worlds.step(action, _ONE)
            ended, frames = bool(done.terminated[0] or done.truncated[0]), int(done.frames[0])
            for number in range(1, frames + 1):
                score += self._seen.step(action[0])[0]
                frame += 1
                over = ended and number == frames
                yield self._shot(about, frame, score, over)
            window = np.concatenate([window[:, 1:], done.observations[:, None]], axis=1)
            step += 1

    def close(self) -> None:
        """End both."""
        self._worlds.close()
        self._seen.close()

    def _shot(self, about: tuple[int, int, int], frame: int, score: float, over: bool) -> Shot:
        episode, seed, version = about
        return Shot(
            picture=thumbnail(self._seen.render(), SIDE),
            track=_NO_TRACK,
            tiles=_NO_TILES,
            frame=frame,
            episode=episode,
            seed=seed,
            version=version,
            speed=0.0,
            steer=0.0,
            gas=0.0,
            brake=0.0,
            score=score,
            missed=0,
            progress=0.0,
            x=0.0,
            y=0.0,
            heading=0.0,
            over=over,
        )
