"""Videos show the episodes that were driven, frame by frame, and nothing is driven for one that cannot be made."""

from __future__ import annotations

import json
import resource
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence

from carracing.pictures import make_drawn
from carracing.registry import make_worlds
from carracing.task import Array, TaskConfig, task_spec
from collectors.lanes import WorldLanes
from racetui.evaluation import EpisodeScore, EvaluationSettings
from racetui.evaluation.__main__ import main as evaluate_process
from racetui.video import VideoError, VideoPlan
from racetui.video import writers as module
from racetui.video.drives import Drive, LoggedLanes
from racetui.video.filming import film
from racetui.video.writers import open_video
from tests.policies import STRAIGHT, save_policy
from tests.program import racetui

TASK = TaskConfig(frame_skip=4)
FRAMES = 30
SETTINGS = EvaluationSettings(episodes=5, seed=100, backend="fast")


def drive(task: TaskConfig, backend: str, seed: int = 3, frames: int = FRAMES) -> Drive:
    """The first frames of an episode with random actions, as the worlds drive it."""
    spec, rng = task_spec(task), np.random.default_rng(seed)
    lanes = LoggedLanes(WorldLanes(make_worlds(backend, task, 1)), (seed,))
    everyone, total, driven = np.ones(1, bool), 0.0, 0
    with closing(lanes):
        lanes.reset(everyone, np.array([seed]))
        while driven < frames:
            if task.action == "discrete":
                action = rng.integers(0, 5, (1, 1))
            else:
                action = rng.uniform(spec.action.low, spec.action.high, (1, spec.action.size)).astype(np.float32)  # type: ignore[union-attr]
            step = lanes.step(action, everyone)
            total, driven = total + float(step.rewards[0]), driven + int(step.frames[0])
        return Drive(seed, lanes.actions(seed), driven, total)


def names_in(path: Path) -> list[str]:
    return [entry.name for entry in path.iterdir()]


def pictures_of(path: Path) -> list[Array]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize("backend", ["fast", "gymnasium"])
def test_an_mp4_shows_every_frame_as_it_was(tmp_path: Path, backend: str) -> None:
    path = tmp_path / "drive.mp4"
    driven = drive(TASK, backend)
    film(path, [driven], TASK, backend)
    shown = pictures_of(path)
    with closing(make_drawn(backend, TASK)) as env:
        env.reset(seed=3)
        drawn: list[Any] = [env.render()]
        for action in driven.actions.repeat(4, axis=0)[: driven.frames]:
            env.step(np.array([action[0], max(action[1], 0), max(-action[1], 0)]))
            drawn.append(env.render())
    assert len(shown) == len(drawn) == driven.frames + 1
    assert all(np.abs(a.astype(int) - b).mean() < 6 for a, b in zip(shown, drawn, strict=True))
    with av.open(str(path)) as container:
        assert float(container.streams.video[0].average_rate or 0) == 50.0
    assert names_in(tmp_path) == ["drive.mp4"]


@pytest.mark.parametrize("action", ["native", "discrete"])
def test_all_kinds_of_actions_and_colours(tmp_path: Path, action: Any) -> None:
    task = TaskConfig(frame_skip=3, action=action, domain_randomize=True)
    film(tmp_path / "a.mp4", [drive(task, "fast", seed) for seed in (3, 4)], task, "fast")
    shown = pictures_of(tmp_path / "a.mp4")
    assert len(shown) == 2 * (FRAMES + 1)
    lawns = shown[5][10, 10].astype(int), shown[-5][10, 10].astype(int)
    assert np.abs(lawns[0] - lawns[1]).max() > 10, "each track has colours of its own"


def test_a_gif_shows_every_second_frame_in_real_time(tmp_path: Path) -> None:
    path = tmp_path / "drive.gif"
    film(path, [drive(TASK, "fast")], TASK, "fast")
    with Image.open(path) as image:
        assert (image.size, image.n_frames, image.info["loop"]) == ((300, 200), 17, 0)  # type: ignore[attr-defined]
        shown = [np.asarray(frame.convert("RGB")).astype(int) for frame in ImageSequence.Iterator(image)]
        assert image.info["duration"] == 40
    drawn = pictures_of_drive(tmp_path)
    for number, picture in enumerate(shown):
        full = drawn[2 * number].astype(int)
        assert np.abs(picture - full.reshape(200, 2, 300, 2, 3).mean(axis=(1, 3))).mean() < 4


def pictures_of_drive(tmp_path: Path) -> list[Array]:
    film(tmp_path / "drive.mp4", [drive(TASK, "fast")], TASK, "fast")
    return pictures_of(tmp_path / "drive.mp4")


def test_an_episode_that_goes_another_way_is_no_video(tmp_path: Path) -> None:
    driven = drive(TASK, "fast")
    other = Drive(driven.seed, driven.actions, driven.frames, driven.episode_return + 1.0)
    with pytest.raises(VideoError, match="track 3 returned"):
        film(tmp_path / "drive.mp4", [other], TASK, "fast")
    assert names_in(tmp_path) == []


def _score(seed: int, episode_return: float) -> EpisodeScore:
    return EpisodeScore(seed, episode_return, 1000, "truncated", 0, 1.0, None)


@pytest.mark.parametrize(
    ("which", "seeds"),
    [
        ("first", [100]),
        ("best", [103]),
        ("worst", [101]),
        ("median", [100]),
        ("all", [100, 101, 102, 103, 104]),
        ("104", [104]),
    ],
)
def test_which_episode(which: str, seeds: list[int]) -> None:
    scores = [_score(100 + n, value) for n, value in enumerate([5.0, 1.0, 9.0, 11.0, 3.0])]
    plan = VideoPlan(Path("x.mp4"), which)
    plan.check(SETTINGS)
    assert [score.seed for score in plan.chosen(scores)] == seeds
    assert set(seeds) <= set(plan.candidates(SETTINGS))


@pytest.mark.parametrize("which", ["105", "99", "last", "", "-1", "٣"])
def test_episodes_that_are_not_driven(which: str) -> None:
    with pytest.raises(VideoError, match="track seeds 100 to 104"):
        VideoPlan(Path("x.mp4"), which).check(SETTINGS)


def test_what_cannot_be_written_is_said_before_anything_is_driven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, words in ((tmp_path / "a.avi", r"\.mp4 or \.gif"), (tmp_path / "no" / "a.gif", "directory")):
        with pytest.raises(VideoError, match=words):
            VideoPlan(path).check(SETTINGS)
    (tmp_path / "a.gif").mkdir()
    with pytest.raises(VideoError, match="cannot be written"):
        VideoPlan(tmp_path / "a.gif").check(SETTINGS)
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(VideoError, match=r"racetui\[video\]"):
        VideoPlan(tmp_path / "a.mp4").check(SETTINGS)


@pytest.mark.parametrize("name", ["a.mp4", "a.gif"])
def test_a_full_disk_leaves_the_older_video(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"older")
    noise = np.random.default_rng(0)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(OSError), open_video(tmp_path / name) as video:
            for _ in range(80):
                video.write(noise.integers(0, 256, (80, 120, 3), dtype=np.uint8))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / name).read_bytes() == b"older"
    assert names_in(tmp_path) == [name]


def test_the_command_makes_one_without_a_display(tmp_path: Path) -> None:
    path, video = save_policy(tmp_path / "policy", always=STRAIGHT), tmp_path / "worst.mp4"
    options = ("--seeds", "100-102", "--backend", "fast", "--json", "--video", str(video))
    result = racetui("eval", str(path), *options, "--video-episode", "worst", DISPLAY="", SDL_VIDEODRIVER="")
    assert result.code == 0, result.err
    worst = min(result.json["results"]["episodes"], key=lambda row: row["episode_return"])
    assert len(pictures_of(video)) == worst["frames"] + 1


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--video", "a.avi"), ".gif"),
        (("--video-episode", "best"), "--video"),
        (("--video", "/nowhere/a.gif"), "dir"),
    ],
)
def test_the_command_refuses_at_once(tmp_path: Path, options: tuple[str, ...], word: str) -> None:
    result = racetui("eval", str(save_policy(tmp_path)), "--backend", "fast", "--episodes", "1000", *options)
    assert (result.code, result.out) == (2, "")
    assert word in result.err


def test_the_process_beside_training_counts_films_and_scores(tmp_path: Path) -> None:
    policy = save_policy(tmp_path / "checkpoints", TaskConfig(frame_skip=50, observation="vector"), always=STRAIGHT)
    out, driven, video = tmp_path / "4.json", tmp_path / "4.driven", tmp_path / "evaluation-4.gif"
    how = ("--episodes", "2", "--seed", "2000000", "--progress", str(driven), "--video", str(video))
    assert evaluate_process([str(policy), str(out), *how, "--video-episode", "worst"]) == 0
    returns = json.loads(out.read_text())["results"]["returns"]
    assert (len(returns), driven.read_text()) == (2, "2\n")
    with Image.open(video) as moving:
        assert len(list(ImageSequence.Iterator(moving))) > 10
