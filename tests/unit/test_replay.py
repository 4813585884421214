"""The replay beside a naive one that keeps every transition whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
import pytest

from agents.api import End, Segment
from agents.replay.frames import ReplayFileError
from agents.replay.replay import Batch, Replay, ReplayError
from agents.replay.sizes import cells_for, replay_bytes
from agents.segments import SegmentError
from carracing.task import Array, Box, Discrete, TaskConfig, TaskSpec, task_spec
from tests.fakes.episodes import Course, interleaved, make_course

VECTOR = TaskSpec((4,), "float32", 1, Box((-1.0, -1.0), (1.0, 1.0)), 4)
GREY = TaskSpec((3, 4), "uint8", 4, Box((-1.0,), (1.0,)), 4)
COLOUR = TaskSpec((3, 2, 2), "uint8", 2, Discrete(5), 4)
TASKS = [VECTOR, GREY, COLOUR]
GAMMA = 0.9


class Known(NamedTuple):
    """How much of a course the replay has been told."""

    course: Course
    told: int


class NaiveReplay:
    """Transitions as they come, whole, with all that is known of what follows."""

    def __init__(self, task: TaskSpec) -> None:
        self.task = task
        self.known: dict[int, Known] = {}
        self.order: list[tuple[int, int]] = []

    def add(self, course: Course, segment: Segment) -> None:
        self.known[course.episode] = Known(course, segment.start + len(segment))
        self.order += [(course.episode, segment.start + step) for step in range(len(segment))]

    def transition(self, episode: int, step: int, steps: int) -> tuple[Array, Array, float, Array, float]:
        """Observation, action, reward, next observation, discount, by the definition of an n-step return."""
        course, told = self.known[episode]
        last = min(step + steps, told)
        reward = sum(GAMMA ** (k - step) * float(course.rewards[k]) for k in range(step, last))
        over = last == len(course) and course.end is End.TERMINATED
        discount = 0.0 if over else GAMMA ** (last - step)
        stack = self.task.stack
        return (
            course.frames[step : step + stack],
            course.actions[step],
            reward,
            course.frames[last : last + stack],
            discount,
        )


def where(batch: Batch) -> list[tuple[int, int]]:
    """Episode and step of each row, as its newest observation says."""
    newest = batch.observations[:, -1].reshape(len(batch.rewards), -1)
    return [(int(row[0]), int(row[1])) for row in newest]


def check(batch: Batch, naive: NaiveReplay, steps: int) -> None:
    for row, (episode, step) in enumerate(where(batch)):
        seen, action, reward, following, discount = naive.transition(episode, step, steps)
        assert np.array_equal(batch.observations[row], seen), (episode, step)
        assert np.array_equal(batch.actions[row], action), (episode, step)
        assert np.array_equal(batch.next_observations[row], following), (episode, step)
        np.testing.assert_allclose(batch.rewards[row], reward, rtol=1e-5)
        np.testing.assert_allclose(batch.discounts[row], discount, rtol=1e-5)


@pytest.mark.parametrize("task", TASKS, ids=str)
@pytest.mark.parametrize("lanes", [1, 5])
@pytest.mark.parametrize("capacity", [20, 90, 10_000])
def test_samples_are_those_of_a_naive_replay(task: TaskSpec, lanes: int, capacity: int) -> None:
    rng = np.random.default_rng([lanes, capacity, len(task.observation_shape)])
    replay, naive = Replay(task, capacity), NaiveReplay(task)
    sampled: set[tuple[int, int]] = set()
    for sent in interleaved(task, rng, lanes, rounds=40):
        replay.add([segment for _, segment in sent])
        for course, segment in sent:
            naive.add(course, segment)
        for steps in (1, 3):
            batch = replay.sample(64, rng, GAMMA, steps)
            check(batch, naive, steps)
            sampled |= set(where(batch))
        assert capacity > 1000 or len(replay) <= cells_for(capacity)
        recent = naive.order[-cells_for(capacity) :]
        assert set(where(batch)) <= set(recent), "older than anything kept"
    assert len(sampled) > capacity or len(naive.order) < capacity, "the oldest were overwritten"


def test_every_step_is_sampled_alike() -> None:
    replay, naive = Replay(GREY, 300), NaiveReplay(GREY)
    for sent in interleaved(GREY, np.random.default_rng(1), lanes=4, rounds=12):
        replay.add([segment for _, segment in sent])
        for course, segment in sent:
            naive.add(course, segment)
    assert len(replay) == len(naive.order) < 300
    draws, rng, found = 400 * len(naive.order), np.random.default_rng(2), Counter[tuple[int, int]]()
    for _ in range(draws // 1000):
        found.update(where(replay.sample(1000, rng, GAMMA)))
    assert set(found) == set(naive.order), "each of them, the newest and the ends of episodes too"
    counts = np.array(list(found.values()))
    expected = counts.sum() / len(counts)
    squares = float(((counts - expected) ** 2 / expected).sum())
    assert abs(squares - len(counts)) < 5 * np.sqrt(2 * len(counts)), "chi-square"


def test_the_generator_alone_decides() -> None:
    replay = Replay(GREY, 100)
    replay.add([make_course(GREY, 3, 30, End.TERMINATED).segment(0, 30, 4)])
    first, again, other = (where(replay.sample(50, np.random.default_rng(seed), GAMMA)) for seed in (1, 1, 2))
    assert first == again != other


def test_an_observation_is_stored_once_however_episodes_are_cut() -> None:
    course = make_course(GREY, 1, 60, End.TRUNCATED)
    whole, pieces = Replay(GREY, 200), Replay(GREY, 200)
    whole.add([course.segment(0, 60, 4)])
    other = make_course(GREY, 2, 60, End.TERMINATED)
    for start in range(0, 60, 5):
        pieces.add([part.segment(start, start + 5, 4) for part in (course, other)])
    assert whole.written == 61 and pieces.written == 2 * 61
    assert (len(whole), len(pieces)) == (60, 120)


def test_an_episode_can_be_joined_in_its_midst() -> None:
    course, naive, replay = make_course(GREY, 1, 30, End.TERMINATED), NaiveReplay(GREY), Replay(GREY, 200)
    for start, stop in ((10, 15), (20, 30)):  # what lies between never comes
        segment = course.segment(start, stop, 4)
        replay.add([segment])
        naive.add(course, segment)
    batch = replay.sample(300, np.random.default_rng(0), GAMMA)
    check(batch, naive, 1)
    assert set(where(batch)) == {(1, step) for step in (*range(10, 15), *range(20, 30))}


def test_looking_ahead_stops_at_what_is_known_and_goes_on_when_more_is() -> None:
    course, replay = make_course(VECTOR, 1, 30, End.TERMINATED), Replay(VECTOR, 100)
    replay.add([course.segment(0, 4, 1)])
    batch = replay.sample(100, np.random.default_rng(0), GAMMA, 10)
    rows = {step: row for row, (_, step) in enumerate(where(batch))}
    assert batch.next_observations[rows[2], 0, 1] == 4.0
    np.testing.assert_allclose(batch.discounts[rows[2]], GAMMA**2, rtol=1e-6)
    replay.add([course.segment(4, 30, 1)])
    batch = replay.sample(400, np.random.default_rng(0), GAMMA, 10)
    rows = {step: row for row, (_, step) in enumerate(where(batch))}
    assert batch.next_observations[rows[2], 0, 1] == 12.0
    assert batch.discounts[rows[19]] > 0.0 and batch.discounts[rows[20]] == 0.0, "its tenth step ends it"


@pytest.mark.parametrize("steps", [40, 100])
def test_a_segment_longer_than_the_replay_leaves_its_end(steps: int) -> None:
    course, naive, replay = make_course(GREY, 1, steps, End.TERMINATED), NaiveReplay(GREY), Replay(GREY, 16)
    replay.add([course.segment(0, steps, 4)])
    naive.add(course, course.segment(0, steps, 4))
    batch = replay.sample(200, np.random.default_rng(0), GAMMA)
    check(batch, naive, 1)
    # 17 cells: 16 steps and the last observation, less three whose look-back is gone
    assert set(where(batch)) == {(1, step) for step in range(steps - 13, steps)}


def test_an_empty_replay_has_nothing_to_sample() -> None:
    with pytest.raises(ReplayError, match="add experience"):
        Replay(GREY, 16).sample(8, np.random.default_rng(0), GAMMA)


@pytest.mark.parametrize("lanes", [5, 8, 20])
def test_more_lanes_than_the_replay_can_hold_together_still_leave_whole_steps(lanes: int) -> None:
    replay, naive = Replay(GREY, 16), NaiveReplay(GREY)
    courses = [make_course(GREY, lane, 9, End.TERMINATED) for lane in range(lanes)]
    for step in range(9):
        for course in courses:
            replay.add([course.segment(step, step + 1, 4)])
            naive.add(course, course.segment(step, step + 1, 4))
            check(replay.sample(8, np.random.default_rng(0), GAMMA), naive, 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"frames": np.zeros((12, 3, 5), np.uint8)}, "observations of"),
        ({"frames": np.zeros((12, 3, 4), np.float32)}, "float32"),
        ({"actions": np.zeros((8, 2), np.float32)}, "actions of"),
        ({"stack": 3, "frames": np.zeros((11, 3, 4), np.uint8)}, "stack 3"),
    ],
)
def test_segments_of_another_task_are_refused_and_nothing_changes(change: dict[str, Any], words: str) -> None:
    replay, good = Replay(GREY, 100), make_course(GREY, 1, 8, End.TERMINATED).segment(0, 8, 4)
    with pytest.raises(SegmentError, match=words):
        replay.add([good, replace(good, **change)])
    assert (len(replay), replay.written) == (0, 0)


def test_segments_are_copied() -> None:
    replay, course = Replay(GREY, 100), make_course(GREY, 1, 8, End.TERMINATED)
    segment = course.segment(0, 8, 4)
    replay.add([segment])
    for array in (segment.frames, segment.actions, segment.rewards):
        array[...] = 0
    assert replay.sample(20, np.random.default_rng(0), GAMMA).rewards.min() > 0.0


def test_memory_is_what_was_promised_and_taken_as_needed() -> None:
    task = task_spec(TaskConfig())
    assert replay_bytes(task, 100_000) <= 0.75e9
    before = psutil.Process().memory_info().rss
    replay = Replay(task, 100_000)
    assert replay.bytes == 0
    assert psutil.Process().memory_info().rss - before < 30e6
    replay.add([make_course(task, 1, 200, End.TERMINATED).segment(0, 200, 4)])
    assert replay.bytes == 201 * (84 * 84 + 2 * 4 + 4 + 1 + 16)
    assert psutil.Process().memory_info().rss - before < 60e6


@pytest.mark.parametrize("task", TASKS, ids=str)
def test_a_replay_in_a_file_is_the_same_and_leaves_no_file(task: TaskSpec, tmp_path: Path) -> None:
    mapped, plain = Replay(task, 60, str(tmp_path)), Replay(task, 60)
    for sent in interleaved(task, np.random.default_rng(3), lanes=3, rounds=20):
        for replay in (mapped, plain):
            replay.add([segment for _, segment in sent])
        one, other = (replay.sample(64, np.random.default_rng(4), GAMMA, 3) for replay in (mapped, plain))
        assert where(one) == where(other)
        assert np.array_equal(one.next_observations, other.next_observations)
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_made_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(ReplayFileError, match="nowhere"):
        Replay(GREY, 60, str(tmp_path / "nowhere"))
