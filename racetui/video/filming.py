"""Evaluating with a camera: the chosen episodes are driven again as they were, one frame at a time, and drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from carracing.environments.task import EnvTask
from carracing.task import Array, TaskConfig
from collectors.api import Lanes
from racetui.evaluation import EpisodeScore, EvaluationResult, EvaluationSettings
from racetui.video.choosing import CHOICES, choose
from racetui.video.drives import Drive, LoggedLanes
from racetui.video.writers import VideoError, VideoWriter, check_video, open_video

_CLOSE = 0.05
"""How far two sums of the same rewards may lie apart: steps keep theirs in float32."""


@dataclass(frozen=True, slots=True)
class VideoPlan:
    """A video of an evaluation's episodes."""

    path: Path
    """Ends in .mp4 or .gif; replaced once the new one is whole."""
    episode: str = "first"
    """One of CHOICES, or the track seed of one."""

    def check(self, settings: EvaluationSettings) -> None:
        """Raise VideoError for what can be seen to fail before anything is driven."""
        from carracing.pictures import DRAWN
        from carracing.registry import LIBRARIES

        check_video(self.path)
        if settings.backend not in (*DRAWN, *LIBRARIES):
            raise VideoError(f"--video: backend {settings.backend} has no pictures: use {' or '.join(DRAWN)}")
        if self.episode in CHOICES:
            return
        if not (self.episode.isascii() and self.episode.isdigit() and int(self.episode) in settings.seeds):
            seeds = settings.seeds
            raise VideoError(
                f"--video-episode {self.episode}: must be {', '.join(CHOICES)}, or one of the track seeds "
                f"{seeds[0]} to {seeds[-1]}"
            )

    def candidates(self, settings: EvaluationSettings) -> Sequence[int]:
        """Seeds of the episodes that may be chosen once all are driven."""
        if self.episode in CHOICES:
            return settings.seeds[:1] if self.episode == "first" else settings.seeds
        return (int(self.episode),)

    def chosen(self, episodes: Sequence[EpisodeScore]) -> Sequence[EpisodeScore]:
        """The episodes to be seen, out of those driven."""
        if self.episode in CHOICES:
            return choose(self.episode, episodes)
        return [episode for episode in episodes if episode.seed == int(self.episode)]


class Camera:
    """Looks on while an evaluation drives, then makes the video::

    camera = Camera(plan, settings)
    result = evaluate(checkpoint, settings, wrap=camera.watching)
    camera.film(result, posed_task(checkpoint, settings.backend))
    """

    def __init__(
        self, plan: VideoPlan, settings: EvaluationSettings, task: TaskConfig | EnvTask | None = None
    ) -> None:
        """Raises VideoError for what can be seen to fail before anything is driven; more of it with the ``task``."""
        plan.check(settings)
        if isinstance(task, EnvTask):
            _check_pictures(task)
        self._plan, self._settings = plan, settings
        self._log: LoggedLanes | None = None

    def watching(self, lanes: Lanes) -> Lanes:
        """The lanes, writing down what is needed."""
        self._log = LoggedLanes(lanes, self._plan.candidates(self._settings))
        return self._log

    def film(self, result: EvaluationResult, task: TaskConfig | EnvTask) -> None:
        """Write the chosen episodes of ``result``. Raises VideoError, OSError."""
        log = self._log
        if log is None:
            raise RuntimeError("this camera has not watched any lanes: give `watching` to evaluate")
        drives = (
            Drive(score.seed, log.actions(score.seed), score.frames, score.episode_return)
            for score in self._plan.chosen(result.episodes)
        )
        film(self._plan.path, drives, task, self._settings.backend)


def film(path: Path, drives: Iterable[Drive], task: TaskConfig | EnvTask, backend: str) -> None:
    """Drive the episodes again and write every frame. Raises VideoError, also for one that goes another way."""
    from carracing.pictures import make_drawn

    with open_video(path) as video:
        for drive in drives:
            if isinstance(task, EnvTask):
                found = _film_environment(video, drive, task)
            else:
                with closing(make_drawn(backend, replace(task, random_start=drive.random_start))) as env:
                    found = _film_one(video, env, drive, task)
            if abs(found - drive.episode_return) > _CLOSE:
                raise VideoError(
                    f"no video: driven again, track {drive.seed} returned {found:.1f} instead of "
                    f"{drive.episode_return:.1f}"
                )


def _film_one(video: VideoWriter, env: Any, drive: Drive, task: TaskConfig) -> float:
    """Returns the sum of rewards."""
    env.reset(seed=drive.seed)
    video.write(env.render())
    total = 0.0
    for frame in range(drive.frames):
        action = _for_stock(drive.actions[frame // task.frame_skip], task.action)
        total += float(env.step(action)[1])
        video.write(env.render())
    return total


def _check_pictures(task: EnvTask) -> None:
    from carracing.environments.drawing import NoPicturesError, check_drawn

    try:
        check_drawn(task)
    except NoPicturesError as error:
        raise VideoError(f"--video: {error}") from None


def _film_environment(video: VideoWriter, drive: Drive, task: EnvTask) -> float:
    """The same in another environment."""
    from carracing.environments.drawing import DrawnEnv

    total = 0.0
    with closing(DrawnEnv(task)) as env:
        env.reset(drive.seed)
        video.write(env.render())
        for frame in range(drive.frames):
            total += env.step(drive.actions[frame // task.frame_skip])[0]
            video.write(env.render())
    return total


def _for_stock(action: Array, kind: str) -> Any:
    from carracing.actions import to_controls

    if kind == "discrete":
        return int(action[0])
    return to_controls(action[None])[0] if kind == "steer-accel" else action
