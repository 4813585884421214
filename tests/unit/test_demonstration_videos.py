"""Videos of recorded episodes: each is driven again by what was driven, and returns what was recorded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from agents.demonstrations import DemonstrationSet
from carracing import TaskConfig
from racetui.demos import Request, make_plan
from racetui.video import VideoError, film_recorded
from tests.policies import STRAIGHT, TASK, save_policy
from tests.program import racetui
from tests.unit.demonstration_sets import plan_of, record_here


def pictures_in(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def recorded(directory: Path, task: TaskConfig = TASK, **request: Any) -> DemonstrationSet:
    """Episodes of a policy that soon leaves the playfield."""
    always = STRAIGHT if task.action == "steer-accel" else (0.0, 0.5, 0.0)
    path = save_policy(directory / "policy", task, always=always)
    plan = make_plan(directory / "set", Request(**request), None, path)
    return DemonstrationSet(record_here(plan), stack=1)


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> DemonstrationSet:
    """Noise and starts anywhere included."""
    return recorded(tmp_path_factory.mktemp("demos"), episodes=4, block=2, noise=[0.0, 0.02], random_starts=0.5)


def test_the_command_films_one(noisy: DemonstrationSet, tmp_path: Path) -> None:
    entry = min(noisy.episodes, key=lambda entry: entry.frames)
    options = ("--video", str(tmp_path / "demo.mp4"), "--episode", str(entry.episode))
    result = racetui("demos", "show", str(noisy.directory), *options, DISPLAY="")
    assert (result.code, "4 episodes by ppo" in result.out) == (0, True), result.err
    assert f"written: episode {entry.episode}" in result.err
    assert pictures_in(tmp_path / "demo.mp4") == entry.frames + 1


def test_one_that_began_anywhere_and_was_disturbed(noisy: DemonstrationSet, tmp_path: Path) -> None:
    entry = noisy.episodes[3]
    assert entry.random_start and entry.noise
    assert list(film_recorded(tmp_path / "demo.gif", noisy, str(entry.episode))) == [entry]
    with Image.open(tmp_path / "demo.gif") as image:
        assert image.n_frames == entry.frames // 2 + 1  # type: ignore[attr-defined]


@pytest.mark.slow
def test_the_experts_episodes_by_name(tmp_path: Path) -> None:
    found = DemonstrationSet(record_here(plan_of(tmp_path / "set", episodes=2)), stack=1)
    best = max(found.episodes, key=lambda entry: entry.episode_return)
    assert list(film_recorded(tmp_path / "best.mp4", found, "best")) == [best]
    assert pictures_in(tmp_path / "best.mp4") == best.frames + 1


@pytest.mark.parametrize(("action", "backend"), [("native", "fast"), ("steer-accel", "gymnasium")])
def test_every_backend(action: Any, backend: str, tmp_path: Path) -> None:
    found = recorded(tmp_path, replace(TASK, action=action), episodes=1, noise=[0.05], backend=backend)
    film_recorded(tmp_path / "demo.mp4", found)
    assert pictures_in(tmp_path / "demo.mp4") == found.episodes[0].frames + 1


@pytest.mark.parametrize("which", ["4", "-1", "", "last", "٣"])
def test_episodes_that_are_not_there(which: str, noisy: DemonstrationSet, tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="the number of an episode, 0 to 3"):
        film_recorded(tmp_path / "demo.gif", noisy, which)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--episode", "1"), "--video"),
        (("--video", "a.avi"), ".gif"),
        (("--video", "a.gif", "--episode", "9"), "0 to 3"),
    ],
)
def test_the_command_refuses_at_once(options: tuple[str, ...], word: str, noisy: DemonstrationSet) -> None:
    result = racetui("demos", "show", str(noisy.directory), *options)
    assert (result.code, result.out) == (2, "")
    assert word in result.err
