"""The stock world is Gymnasium's CarRacing-v3 to the last bit, and an episode does not depend on earlier ones."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pytest

from carracing import TaskConfig, World, make_worlds
from carracing.actions import ActionError
from carracing.observation import observer
from carracing.stock import make_stock_world
from carracing.task import Array, ResetNeededError, Step
from tests.exact.stock_reference import (
    Policy,
    ReferenceStep,
    play,
    pursuit,
    random_accel,
    random_discrete,
    random_driver,
    straight,
    swerving,
)

LIVE = np.ones(1, bool)
FINISHING_SEED = 3  # a track that ``pursuit`` finishes within the time limit


class Case(NamedTuple):
    name: str
    config: TaskConfig
    seed: int
    policy: Policy
    steps: int | None = None
    """None: to the episode's end."""


CASES = [
    Case("steer-accel", TaskConfig(frame_skip=4), 1, random_accel(1), 25),
    Case("native", TaskConfig(action="native", frame_skip=1, observation="rgb"), 2, random_driver(2), 90),
    Case("discrete", TaskConfig(action="discrete", frame_skip=3, crop_indicators=True), 3, random_discrete(3), 30),
    Case("colours", TaskConfig(action="native", observation="rgb", domain_randomize=True), 4, random_driver(4), 20),
    Case("time limit", TaskConfig(action="native", frame_skip=7), 5, random_driver(5)),
    Case("playfield exit", TaskConfig(action="native", frame_skip=6, observation="rgb"), 6, straight),
    Case("missed tiles", TaskConfig(action="native", frame_skip=4), 8, swerving, 40),
    Case("finished lap", TaskConfig(action="native", frame_skip=4, observation="rgb"), FINISHING_SEED, pursuit),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_backends_equal_gymnasium_stepped_frame_by_frame(case: Case) -> None:
    config, worlds = case.config, [make_worlds(backend, case.config, 1) for backend in ("gymnasium", "fast")]
    observe = observer(config)
    options = {"continuous": config.action != "discrete", "domain_randomize": config.domain_randomize}
    first, reference = play(case.seed, case.policy, config.frame_skip, **options)

    for world in worlds:
        assert (world.reset(LIVE, np.array([case.seed])) == observe(first)[None]).all()
    count = 0
    for expected in islice(reference, case.steps):
        count += 1
        picture = observe(expected.picture)
        for world in worlds:
            step = world.step(to_actions(config, expected.action), LIVE)
            assert_is(step, expected, picture)
    assert count == case.steps or case.steps is None
    if case.name == "time limit":
        assert (expected.truncated, expected.terminated, expected.frames) == (True, False, 1000 % 7)
    if case.name == "playfield exit":
        assert expected.terminated
        assert expected.reward < -90
    if case.name == "missed tiles":
        assert step.facts[0, 0] > 20
    if case.name == "finished lap":
        assert expected.terminated
        assert step.facts[0, :3].tolist() == [0, 1, 1]
        assert step.facts[0, 3] > 500


def assert_is(step: Step, expected: ReferenceStep, picture: Array) -> None:
    assert (step.observations[0] == picture).all()
    assert step.rewards[0] == expected.reward
    assert step.terminated[0] == expected.terminated
    assert step.truncated[0] == expected.truncated
    assert step.frames[0] == expected.frames
    assert step.facts[0, 1] == np.float32(expected.visited)
    assert expected.missed is None or step.facts[0, 0] == expected.missed
    assert step.facts[0, 3:].tolist() == [expected.lap_frames, expected.on_grass]


@pytest.mark.parametrize("config", [TaskConfig(), TaskConfig(domain_randomize=True)], ids=["plain", "colours"])
def test_episode_in_a_used_world_equals_one_in_a_fresh_world(config: TaskConfig) -> None:
    used = make_stock_world(config)
    for seed, steps in ((11, 0), (12, 40), (11, 3), (13, 60)):
        episode(used, seed, steps)
    for seed in (13, 14):
        for again, fresh in zip(episode(used, seed, 40), episode(make_stock_world(config), seed, 40), strict=True):
            assert_equal_steps(again, fresh)


def test_early_stop_truncates_at_the_very_frame() -> None:
    world = make_stock_world(TaskConfig(early_stop=30))
    world.reset(1)
    steps = [world.step(np.zeros((1, 2), np.float32), LIVE) for _ in range(8)]
    assert [int(step.frames[0]) for step in steps] == [4] * 7 + [2]
    assert [bool(step.truncated[0]) for step in steps] == [False] * 7 + [True]
    assert not any(step.terminated[0] for step in steps)


def test_early_stop_counts_from_the_last_new_tile() -> None:
    world = make_stock_world(TaskConfig(early_stop=40, frame_skip=1))
    world.reset(1)
    progress, last_new, frames = -1.0, 0, 0
    truncated = False
    while not truncated:
        step = world.step(np.array([[0, 0.3 if frames < 60 else -1]], np.float32), LIVE)
        frames += 1
        if frames > 1 and step.facts[0, 1] > progress:
            last_new = frames
        progress, truncated = step.facts[0, 1], bool(step.truncated[0])
    assert last_new > 40
    assert frames == last_new + 40


def test_a_car_that_is_not_live_stands_still() -> None:
    worlds = [make_stock_world(TaskConfig()) for _ in range(2)]
    action = np.array([[0.2, 0.5]], np.float32)
    for world in worlds:
        world.reset(5)
        before = world.step(action, LIVE)
    still = worlds[0].step(action, ~LIVE)
    assert (still.observations == before.observations).all()
    assert (still.rewards[0], still.frames[0], still.terminated[0], still.truncated[0]) == (0, 0, False, False)
    assert_equal_steps(*(world.step(action, LIVE) for world in worlds))


@pytest.mark.parametrize(
    ("mode", "actions", "message"),
    [
        ("steer-accel", np.zeros((1, 3), np.float32), r"shape \(1, 2\) expected .* not \(1, 3\)"),
        ("steer-accel", np.zeros(2, np.float32), r"shape \(1, 2\) expected .* not \(2,\)"),
        ("steer-accel", np.array([[0, np.nan]], np.float32), r"number 1 .* is nan, allowed is -1 to 1"),
        ("steer-accel", np.array([[1.5, 0]], np.float32), r"number 0 .* is 1.5, allowed is -1 to 1"),
        ("steer-accel", np.zeros((1, 2), np.int64), r"floating-point numbers, not int64"),
        ("native", np.array([[0, -0.5, 0]], np.float32), r"number 1 .* is -0.5, allowed is 0 to 1"),
        ("discrete", np.array([[5]]), r"action 5 does not exist, allowed is 0 to 4"),
        ("discrete", np.array([[-1]]), r"action -1 does not exist, allowed is 0 to 4"),
        ("discrete", np.zeros((1, 1), np.float32), r"integers, not float32"),
    ],
)
def test_wrong_actions_are_named(mode: Any, actions: Array, message: str) -> None:
    world = make_stock_world(TaskConfig(action=mode))
    world.reset(1)
    with pytest.raises(ActionError, match=message):
        world.step(actions, LIVE)


def test_stepping_without_an_episode_is_an_error() -> None:
    world = make_stock_world(TaskConfig(early_stop=4))
    actions = np.zeros((1, 2), np.float32)
    with pytest.raises(ResetNeededError, match="reset"):
        world.step(actions, LIVE)
    world.reset(1)
    assert world.step(actions, LIVE).truncated[0]
    with pytest.raises(ResetNeededError, match="reset"):
        world.step(actions, LIVE)
    world.reset(1)
    world.close()
    world.close()
    with pytest.raises(ResetNeededError, match="reset"):
        world.step(actions, LIVE)


def test_a_world_prints_nothing_and_needs_no_display() -> None:
    program = "from carracing import TaskConfig, stock; stock.make_stock_world(TaskConfig()).reset(1)"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("SDL_", "DISPLAY", "PYGAME"))
    }
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, env=environment, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def episode(world: World, seed: int, steps: int) -> list[Step]:
    """Drive at random, the same for a seed."""
    rng = np.random.default_rng(seed)
    world.reset(seed)
    return [world.step(rng.uniform((-0.6, -0.2), (0.6, 1), (1, 2)).astype(np.float32), LIVE) for _ in range(steps)]


def to_actions(config: TaskConfig, stock_action: Any) -> Array:
    """A stock action as our agents would have said it."""
    if config.action == "discrete":
        return np.array([[stock_action]], np.int64)
    if config.action == "native":
        return np.asarray(stock_action)[None]
    steer, gas, brake = stock_action
    return np.array([[steer, gas - brake]], np.float32)


def assert_equal_steps(a: Step, b: Step) -> None:
    for name in Step.__dataclass_fields__:
        assert (getattr(a, name) == getattr(b, name)).all(), name
