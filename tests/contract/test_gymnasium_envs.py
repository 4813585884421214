"""Our environments keep Gymnasium's contracts and stand in for stock."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import InvalidAction, ResetNeeded
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.env_checker import check_env as check_env_for_sb3

from carracing.registration import register
from carracing.simulator.env import FastCarRacing
from carracing.simulator.worlds import WorldsError

NAME = "racetui/CarRacing-v3"


@pytest.fixture(scope="module", autouse=True)
def registered() -> None:
    """As an installed package does by itself; a checkout may not be installed."""
    register()


def vector(count: int, **options: Any) -> Any:
    return gymnasium.make_vec(NAME, num_envs=count, vectorization_mode="vector_entry_point", **options)


def controls(rng: np.random.Generator, count: int) -> Any:
    return rng.uniform([-1, 0, 0], [1, 1, 1], (count, 3)).astype(np.float32)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"continuous": False, "domain_randomize": True},
        {"lap_complete_percent": 0.0},
        {"render_mode": "rgb_array"},
    ],
    ids=["plain", "discrete", "lap", "render"],
)
def test_single_environment_equals_stock(options: dict[str, Any]) -> None:
    ours, stock = gymnasium.make(NAME, **options), gymnasium.make("CarRacing-v3", **options)
    assert (ours.observation_space, ours.action_space) == (stock.observation_space, stock.action_space)
    rng = np.random.default_rng(0)
    for seed in (4, None):
        (first, info), (stock_first, stock_info) = ours.reset(seed=seed), stock.reset(seed=seed)
        assert np.array_equal(first, stock_first)
        assert info == stock_info
        for frame in range(25):
            action: Any = controls(rng, 1)[0] if options.get("continuous", True) else int(rng.integers(5))
            mine, theirs = ours.step(action), stock.step(action)
            assert np.array_equal(mine[0], theirs[0])
            assert mine[1:] == theirs[1:]
            if options.get("render_mode") and frame % 8 == 0:
                rendered: tuple[Any, Any] = ours.render(), stock.render()
                assert np.array_equal(*rendered)


@pytest.mark.filterwarnings("ignore")
def test_checkers_accept_it() -> None:
    check_env(gymnasium.make(NAME).unwrapped, skip_render_check=True)
    check_env_for_sb3(gymnasium.make(NAME).unwrapped)


def test_it_can_be_pickled() -> None:
    env = pickle.loads(pickle.dumps(FastCarRacing(domain_randomize=True)))
    assert env.reset(seed=1)[0].shape == (96, 96, 3)


def test_neither_box2d_nor_pygame_is_imported_to_drive() -> None:
    program = (
        "import sys; from carracing.simulator.env import FastCarRacing; env = FastCarRacing(); env.reset(seed=1);"
        "env.step(env.action_space.sample());"
        "print([name for name in ('Box2D', 'pygame', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=110, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "action",
    [
        *(np.array([0, np.nan, 0]), np.zeros(2), np.array([np.inf, 0, 0]), np.zeros(3, complex)),
        *("left", None, object(), [[0, 0], [0]]),
    ],
    ids=lambda action: "object" if type(action) is object else repr(action),  # its repr has an address
)
def test_impossible_actions_are_named(action: Any) -> None:
    env = FastCarRacing()
    with pytest.raises(ResetNeeded):
        env.step(np.zeros(3))
    env.reset(seed=1)
    with pytest.raises(InvalidAction, match="three finite numbers"):
        env.step(action)


def test_vector_cars_equal_single_ones_in_every_autoreset_mode() -> None:
    for mode in AutoresetMode:
        many = vector(3, threads=2, autoreset_mode=mode, max_episode_steps=12)
        singles = [gymnasium.make(NAME, max_episode_steps=12) for _ in range(3)]
        reference: Any = gymnasium.vector.SyncVectorEnv(
            [lambda env=env: env for env in singles],  # type: ignore[misc]
            autoreset_mode=mode,
        )
        assert np.array_equal(many.reset(seed=5)[0], reference.reset(seed=5)[0])
        rng = np.random.default_rng(1)
        for _ in range(30):
            actions = controls(rng, 3)
            mine, theirs = many.step(actions), reference.step(actions)
            for a, b in zip(mine[:4], theirs[:4], strict=True):
                assert np.array_equal(a, b), mode
            over = mine[2] | mine[3]
            if mode is AutoresetMode.SAME_STEP and over.any():
                assert all(
                    np.array_equal(a, b) for a, b in zip(mine[4]["final_obs"], theirs[4]["final_obs"], strict=True)
                )
            if mode is AutoresetMode.DISABLED and over.any():
                with pytest.raises(ResetNeeded, match="reset_mask"):
                    many.step(actions)
                a, b = (env.reset(seed=9, options={"reset_mask": over}) for env in (many, reference))
                assert np.array_equal(a[0], b[0])
        many.close()


@pytest.mark.parametrize(
    ("observation", "shape"),
    [
        ("pixels", (96, 96, 3)),
        ("grey", (84, 84)),
        ("grey-cropped", (84, 84)),
        ("grey-fast", (84, 84)),
        ("vector", (67,)),
    ],
)
def test_every_observation_is_in_its_space_and_the_same_for_threads(observation: str, shape: tuple[int, ...]) -> None:
    envs = [vector(3, observation=observation, threads=threads) for threads in (1, 3)]
    rng = np.random.default_rng(4)
    first, again = (env.reset(seed=3)[0] for env in envs)
    assert first.shape == (3, *shape)
    for _ in range(5):
        assert np.array_equal(first, again)
        assert envs[0].observation_space.contains(first)
        actions = controls(rng, 3)
        first, again = (env.step(actions)[0] for env in envs)
    for env in envs:
        env.close()


def test_ghost_cars_share_a_track_and_nothing_else() -> None:
    alone = vector(1, observation="grey", frame_skip=2, autoreset_mode="Disabled")
    ghosts = vector(6, observation="grey", cars=3, frame_skip=2, autoreset_mode="Disabled")
    alone.reset(seed=[7])
    ghosts.reset(seed=[7, None, None, 8, None, None])
    rng = np.random.default_rng(2)
    for _ in range(15):
        actions = controls(rng, 6)
        one, six = alone.step(actions[1:2]), ghosts.step(actions)
        assert np.array_equal(one[0][0], six[0][1])
        assert one[1][0] == six[1][1]
    assert not np.array_equal(six[0][0], six[0][1])
    assert 0 < six[4]["progress"][0] < 1


def test_every_option_together() -> None:
    envs = [
        vector(
            4,
            observation="grey-fast",
            cars=2,
            threads=threads,
            frame_skip=3,
            max_episode_steps=20,
            autoreset_mode="Disabled",
            lap_complete_percent=0.9,
            domain_randomize=True,
            random_start=True,
            continuous=False,
            lap_rule="completed",
        )
        for threads in (1, 2)
    ]
    seen = [env.reset(seed=[3, 3, 4, 4])[0] for env in envs]
    assert np.array_equal(*seen) and not np.array_equal(seen[0][0], seen[0][1])
    steps, over = 0, np.zeros(4, bool)
    while not over.any():
        both = [env.step(np.array([3, 1, 2, 0])) for env in envs]
        assert all(np.array_equal(a, b) for a, b in zip(both[0][:4], both[1][:4], strict=True))
        steps, over = steps + 1, both[0][2] | both[0][3]
    assert steps == 7 and over.all()  # 20 frames are six steps and two frames
    first, last = np.array([True, True, False, False]), both[0][0]
    again = envs[0].reset(options={"reset_mask": first, "randomize": False})[0]
    assert np.array_equal(again[2:], last[2:]) and not np.array_equal(again[:2], last[:2])
    for env in envs:
        env.close()


@pytest.mark.parametrize(
    ("count", "options", "message"),
    [
        (0, {}, "num_envs must be at least 1, not 0"),
        (10**9, {}, "num_envs must be at most 65536, not 1000000000"),
        (1.5, {}, "num_envs must be a whole number, not 1.5"),
        (1, {"threads": 10**6}, "threads must be at most 256"),
        (1, {"threads": "2"}, "threads must be a whole number, not '2'"),
        (1, {"frame_skip": 1.5}, "frame_skip must be a whole number"),
        (1, {"max_episode_steps": 0}, "max_episode_steps must be at least 1"),
        (4, {"cars": 3, "autoreset_mode": "Disabled"}, "cars must divide"),
        (4, {"cars": 2}, "autoreset_mode='Disabled'"),
        (1, {"threads": 0}, "threads must be at least 1"),
        (1, {"observation": "smell"}, "observation must be one of"),
    ],
)
def test_absurd_options_are_named(count: int, options: dict[str, Any], message: str) -> None:
    with pytest.raises(WorldsError, match=message):
        vector(count, **options)


def test_wrong_vector_actions_are_named() -> None:
    env = vector(2)
    with pytest.raises(ResetNeeded, match="never reset"):
        env.step(np.zeros((2, 3)))
    env.reset(seed=1)
    with pytest.raises(InvalidAction, match=r"shape \(2, 3\)"):
        env.step(np.zeros((3, 3)))
    with pytest.raises(InvalidAction, match="action 1 is"):
        env.step(np.array([[0, 0, 0], [0, np.nan, 0]]))
    with pytest.raises(InvalidAction, match="action 0 is"):
        env.step(np.array([[1.5, 0, 0], [0, 0, 0]]))
    for actions in ("left", None, np.full((2, 3), "a"), np.zeros((2, 3), complex), [[0, 0, 0], [0, 0]]):
        with pytest.raises(InvalidAction, match=r"numbers of shape \(2, 3\) expected"):
            env.step(actions)


@pytest.mark.parametrize("seed", [-1, 1.5, [1, -2], [1, "x"], [1], [1, 2, 3], "ab"])
def test_wrong_seeds_are_named(seed: Any) -> None:
    with pytest.raises(WorldsError, match=r"a seed is a number from 0 on|2 seeds expected"):
        vector(2).reset(seed=seed)


def test_driving_on_after_the_end_is_what_stock_does() -> None:
    """Its own wrappers allow it too: far off the playfield, where nothing is drawn."""
    ours, stock = gymnasium.make(NAME), gymnasium.make("CarRacing-v3")
    assert np.array_equal(ours.reset(seed=6)[0], stock.reset(seed=6)[0])
    ended = 0
    for frame in range(340):
        action = np.array([0, 1, 0], np.float32)
        mine, theirs = ours.step(action), stock.step(action)
        assert mine[1:] == theirs[1:], frame
        ended += mine[2]
        if frame % 20 == 0:
            assert np.array_equal(mine[0], theirs[0]), frame
    assert ended > 50
    stock.close()
