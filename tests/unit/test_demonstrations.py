"""Demonstration sets: what is recorded is what happened, whoever records it and however often it is interrupted."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from agents.demonstrations import DemonstrationSet, UnfitDemonstrationsError
from agents.noise import HELD_FRAMES, held_noise
from agents.random import EpisodeRandom
from carracing import TaskConfig, make_worlds, task_spec
from carracing.registry import UnsupportedTaskOptionError
from carracing.task import LabelledWorlds
from racetui.config import ConfigError
from racetui.demos import record
from tests.unit.demonstration_sets import VECTORS, plan_of, record_here


def digests(directory: Path) -> dict[str, str]:
    """Of every array and JSON file of the blocks."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("blocks/*/*"))
    }


def test_what_was_driven_drives_again(tmp_path: Path) -> None:
    """Observations, labels and returns are those of the simulator told the same, noise and random starts included."""
    plan = plan_of(tmp_path / "set", episodes=4, block=2, noise=[0.0, 0.05], random_starts=0.5)
    found = DemonstrationSet(record_here(plan), stack=3)
    assert {episode.random_start for episode in found.episodes} == {False, True}
    for block in found.blocks:
        frame = step = 0
        for episode in block.episodes:
            worlds = make_worlds("fast", plan.task_of(block.number), 1)
            assert isinstance(worlds, LabelledWorlds)
            one = np.ones(1, np.bool_)
            seen = worlds.reset(one, np.array([episode.seed]))
            total = 0.0
            for _ in range(episode.steps):
                assert (block.frames[frame] == seen[0]).all()
                assert (block.labels[step] == worlds.labels()[0]).all()
                done = worlds.step(block.driven[step : step + 1], one)
                assert done.rewards[0] == block.rewards[step]
                total += float(done.rewards[0])
                seen, frame, step = done.observations, frame + 1, step + 1
            assert (block.frames[frame] == seen[0]).all()
            assert (done.terminated | done.truncated)[0]
            assert total == pytest.approx(episode.episode_return)
            frame += 1


def test_labels_stay_clean_where_driving_is_noisy(tmp_path: Path) -> None:
    found = DemonstrationSet(record_here(plan_of(tmp_path / "set", noise=[0.0, 0.1])), stack=1)
    for block in found.blocks:
        steps = np.repeat([episode.noise for episode in block.episodes], [e.steps for e in block.episodes])
        away = np.abs(block.driven - block.labels).max(axis=1)
        assert (away[steps == 0.0] == 0).all()
        assert away[steps == 0.1].mean() > 0.02


def test_samples_are_stacks_of_their_own_episode(tmp_path: Path) -> None:
    found = DemonstrationSet(record_here(plan_of(tmp_path / "set")), stack=3)
    observations, labels = found.gather(range(len(found)))
    sample = 0
    for block in found.blocks:
        first = 0
        for episode in block.episodes:
            frames = block.frames[first : first + episode.steps]
            padded = np.concatenate([frames[:1], frames[:1], frames])
            for step in range(episode.steps):
                assert (observations[sample] == padded[step : step + 3]).all()
                sample += 1
            first += episode.steps + 1
    assert sample == len(found)
    assert (labels == np.concatenate([block.labels for block in found.blocks])).all()


def test_processes_record_the_same_set(tmp_path: Path) -> None:
    here = record_here(plan_of(tmp_path / "here"))
    plan = plan_of(tmp_path / "there")
    heard: list[int] = []
    recorded = record(plan, workers=2, on_block=lambda done, left: heard.append(left))
    assert digests(plan.directory) == digests(here)
    assert (recorded.blocks, recorded.episodes, heard) == (2, 4, [1, 0])
    assert recorded.frames == sum(episode.frames for episode in DemonstrationSet(here, 1).episodes)


def test_an_interrupted_recording_goes_on(tmp_path: Path) -> None:
    whole = record_here(plan_of(tmp_path / "whole"))
    plan = plan_of(tmp_path / "halves")
    record_here(plan, blocks=1)
    (plan.directory / "blocks" / ".writing-000001").mkdir()
    record_here(plan)
    assert digests(plan.directory) == digests(whole)
    assert not list(plan.directory.rglob(".writing-*"))


def test_the_same_request_means_the_same_directory() -> None:
    assert plan_of(None).directory == plan_of(None).directory  # type: ignore[arg-type]
    assert plan_of(None).directory != plan_of(None, noise=[0.1]).directory  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"episodes": 0}, "episodes"),
        ({"noise": [2.0]}, "noise"),
        ({"noise": []}, "noise"),
        ({"random_starts": 1.5}, "random starts"),
        ({"seed": -1}, "seed"),
    ],
)
def test_impossible_requests(tmp_path: Path, request_: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        plan_of(tmp_path, VECTORS, **request_)


def test_requests_that_the_task_forbids(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="random-starts"):
        plan_of(tmp_path, TaskConfig(observation="vector", random_start=True))
    with pytest.raises(UnsupportedTaskOptionError, match="scripted driver"):
        plan_of(tmp_path, TaskConfig(observation="grey"), backend="gymnasium")


@pytest.mark.parametrize(
    ("other", "name"),
    [
        (TaskConfig(observation="vector", frame_skip=4), "frame_skip"),
        (TaskConfig(observation="grey-fast", frame_skip=10), "observation_shape"),
        (TaskConfig(observation="vector", frame_skip=10, action="native"), "action"),
    ],
)
def test_a_set_of_another_task_is_refused_by_name(tmp_path: Path, other: TaskConfig, name: str) -> None:
    found = DemonstrationSet(record_here(plan_of(tmp_path / "set", episodes=1)), stack=4)
    found.check_task(task_spec(VECTORS))
    with pytest.raises(UnfitDemonstrationsError, match=name):
        found.check_task(task_spec(other))


def test_noise_is_held_and_belongs_to_the_episode() -> None:
    keys = np.arange(5, dtype=np.uint64)
    steps = [held_noise(EpisodeRandom(keys, np.full(5, step)), 2, 4) for step in range(12)]
    held = HELD_FRAMES // 4
    for step, noise in enumerate(steps):
        assert (noise == steps[step // held * held]).all()
    assert (steps[0] != steps[held]).all()
    alone = held_noise(EpisodeRandom(keys[3:4], np.full(1, 7)), 2, 4)
    assert (alone[0] == steps[7][3]).all()
    many = held_noise(EpisodeRandom(np.arange(20_000, dtype=np.uint64), np.zeros(20_000, np.int64)), 2, 4)
    assert abs(many.mean()) < 0.03 and abs(many.std() - 1) < 0.03
