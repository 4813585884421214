"""Episodes cut into segments as interleaved lanes would send them, every number saying where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from agents.api import End, Segment
from carracing.task import Array, Box, TaskSpec


@dataclass(frozen=True, slots=True)
class Course:
    """One whole episode: what the segments of it are cut from."""

    episode: int
    frames: Array
    """(stack - 1 + T + 1, ...): look-back repeats the first observation."""
    actions: Array
    rewards: Array
    end: End

    def __len__(self) -> int:
        return len(self.actions)

    def segment(self, start: int, stop: int, stack: int) -> Segment:
        """Steps ``start`` to ``stop``."""
        end = self.end if stop == len(self) else End.CUT
        part = slice(start, stop)
        frames = self.frames[start : stop + stack]
        return Segment(frames, self.actions[part], self.rewards[part], None, end, 0, self.episode, start, stack)


def make_course(task: TaskSpec, episode: int, steps: int, end: End) -> Course:
    """Observation k of episode e holds e and k in its first two numbers; rewards and actions are as unique."""
    assert 0 <= episode < 256 and steps < 256, "must fit into a pixel"
    singles = np.zeros((steps + 1, *task.observation_shape), task.observation_dtype)
    flat = singles.reshape(steps + 1, -1)
    flat[:, 0], flat[:, 1] = episode, np.arange(steps + 1)
    flat[:, 2:] = (np.arange(steps + 1) * 7 + episode)[:, None] % 251
    frames = np.concatenate([singles[:1]] * (task.stack - 1) + [singles])
    numbers = np.arange(steps, dtype=np.float32)
    actions: Array
    if isinstance(task.action, Box):
        actions = np.stack([np.sin(episode + numbers + k) for k in range(task.action.size)], axis=1).astype(
            np.float32
        )
    else:
        actions = ((episode + np.arange(steps)) % task.action.n)[:, None]
    return Course(episode, frames, actions, (episode * 0.5 + numbers * 0.25 + 1).astype(np.float32), end)


def interleaved(
    task: TaskSpec, rng: np.random.Generator, lanes: int, rounds: int, longest: int = 14
) -> Iterator[list[tuple[Course, Segment]]]:
    """Rounds of segments in lane order, with the course of each; episodes end at any time, in every way."""
    courses: list[tuple[Course, int]] = []
    number = 0
    for _ in range(rounds):
        sent = []
        for lane in range(lanes):
            left = int(rng.integers(1, 7))
            while left:
                if len(courses) <= lane or courses[lane][1] == len(courses[lane][0]):
                    end = (End.TERMINATED, End.TRUNCATED)[int(rng.integers(2))]
                    courses[lane : lane + 1] = [(make_course(task, number, int(rng.integers(1, longest)), end), 0)]
                    number += 1
                course, at = courses[lane]
                stop = min(len(course), at + left)
                sent.append((course, course.segment(at, stop, task.stack)))
                left -= stop - at
                courses[lane] = (course, stop)
        yield sent
