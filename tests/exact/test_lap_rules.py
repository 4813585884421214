"""When a lap ends: as released, as stock would have it with its check in the right place, and at edges of both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gymnasium.envs.box2d import car_racing

from carracing import TaskConfig, make_worlds
from carracing.registry import UnsupportedTaskOptionError, scoring_task
from carracing.simulator.env import FastCarRacing
from carracing.simulator.vector_env import FastCarRacingVector
from carracing.task import FACTS, Array
from tests.exact.simulator_reference import UndrawnStock, state_of_ours, state_of_stock
from tests.exact.stock_reference import pursuit, swerving
from tests.exact.test_stock import FINISHING_SEED


class CompletingDetector(car_racing.FrictionDetector):
    """Stock's listener, but every wheel that comes onto tile 0 may end the lap, not only the first."""

    def _contact(self, contact: Any, begin: bool) -> None:
        super()._contact(contact, begin)  # type: ignore[no-untyped-call]
        bodies = [contact.fixtureA.body.userData, contact.fixtureB.body.userData]
        tiles = [body for body in bodies if hasattr(body, "road_friction")]
        wheels = [body for body in bodies if hasattr(body, "tiles")]
        if begin and tiles and wheels and tiles[0].idx == 0:
            share = self.env.tile_visited_count / len(self.env.track)
            self.env.new_lap = self.env.new_lap or share > self.lap_complete_percent


@pytest.fixture
def completing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(car_racing, "FrictionDetector", CompletingDetector)


def circling(steer: float, gas: float) -> Callable[[Any], Array]:
    """Leave the start and come back to it again and again."""
    return lambda stock: np.array([steer, gas if stock.t < 8 else 0.02, 0], np.float32)


def compare(stock: Any, ours: FastCarRacing, seed: int, driver: Callable[[Any], Array], frames: int) -> int:
    """Drive both to the end of the episode, every number equal; how many frames that took, 0 if it did not end."""
    stock.reset(seed=seed)
    ours.reset(seed=seed)
    for frame in range(1, frames + 1):
        action = driver(stock)
        _, reward, over, _, info = stock.step(action)
        _, our_reward, our_over, _, our_info = ours.step(action)
        assert (reward, over, info) == (our_reward, our_over, our_info), frame
        assert state_of_stock(stock) == state_of_ours(ours._simulator, 0), frame
        if over:
            return frame
    return 0


@pytest.mark.parametrize(("steer", "gas"), [(1.0, 0.08), (-1.0, 0.1), (0.7, 0.06)])
def test_coming_back_to_the_start_ends_the_lap_as_stock_means_it(completing: None, steer: float, gas: float) -> None:
    options: dict[str, Any] = {"lap_complete_percent": 0.012}  # four tiles or five: two are under the car at first
    stock, ours = UndrawnStock(**options), FastCarRacing(**options, lap_rule="completed")
    ends = [compare(stock, ours, seed, circling(steer, gas), 700) for seed in range(6)]
    assert sum(end > 0 for end in ends) >= 2, ends


def test_a_lap_with_missed_tiles_ends_at_the_start(completing: None) -> None:
    options: dict[str, Any] = {"lap_complete_percent": 0.8}
    stock, ours = UndrawnStock(**options), FastCarRacing(**options, lap_rule="completed")
    end = compare(stock, ours, FINISHING_SEED, swerving, 1000)
    cars, tiles = ours._simulator.cars, ours._simulator.tracks.tiles[0]
    assert end > 500
    assert 0.8 < cars.visited[0] / tiles < 1


def test_as_released_only_the_last_tile_ends_a_lap() -> None:
    stock, ours = UndrawnStock(lap_complete_percent=0.8), FastCarRacing(lap_complete_percent=0.8)
    assert compare(stock, ours, FINISHING_SEED, swerving, 1000) == 0
    assert ours._simulator.cars.visited[0] < ours._simulator.tracks.tiles[0]
    assert compare(stock, ours, FINISHING_SEED, pursuit, 1000) > 500
    assert ours._simulator.cars.visited[0] == ours._simulator.tracks.tiles[0]


def test_the_facts_of_a_lap_that_ended_early() -> None:
    envs = FastCarRacingVector(
        1, observation="vector", lap_rule="completed", lap_complete_percent=0.8, autoreset_mode="Disabled"
    )
    stock = UndrawnStock()
    stock.reset(seed=FINISHING_SEED)
    envs.reset(seed=FINISHING_SEED)
    infos: dict[str, Any] = {}
    frames, over = 0, False
    while not over:
        action = swerving(stock)
        stock.step(action)
        _, _, terminated, truncated, infos = envs.step(action[None])
        frames, over = frames + 1, bool(terminated[0] or truncated[0])
    facts = {name: float(infos[name][0]) for name in FACTS}
    assert (facts["finished"], facts["lap_frames"]) == (1, frames)
    assert facts["missed_tiles"] > 0 and facts["progress"] < 1
    assert infos["lap_finished"][0]


@pytest.mark.parametrize("percent", [0.0, 0.001, 0.02, 0.95])
def test_a_used_world_ends_laps_as_a_fresh_one(percent: float) -> None:
    """Also where the very first tiles end the lap: at 0 and 0.001 the start alone does."""
    stock, ours = UndrawnStock(lap_complete_percent=percent), FastCarRacing(lap_complete_percent=percent)
    for seed in range(12):
        end = compare(stock, ours, seed, lambda stock: np.array([0, 0.1, 0], np.float32), 5)
        assert end == (1 if percent < 0.01 else 0)


def test_between_one_tile_and_two_a_fresh_world_decides() -> None:
    """Two tiles are under the car at the start. In a used Box2D world either may come first; we go by a fresh one."""
    percent = 0.005
    ours = FastCarRacing(lap_complete_percent=percent)
    ended = set()
    for seed in range(6):
        stock = UndrawnStock(lap_complete_percent=percent)
        end = compare(stock, ours, seed, lambda stock: np.array([0, 0.1, 0], np.float32), 3)
        ended.add(end)
        assert 1 / len(stock.track) < percent < 2 / len(stock.track)
    assert ended == {1}


def test_other_rules_are_named() -> None:
    with pytest.raises(ValueError, match="lap_rule must be released or completed, not 'percent'"):
        TaskConfig(lap_rule="percent")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="lap_rule must be"):
        FastCarRacing(lap_rule="x")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="lap_rule must be"):
        FastCarRacingVector(lap_rule="x")  # type: ignore[arg-type]
    config = TaskConfig(lap_rule="completed")
    with pytest.raises(UnsupportedTaskOptionError, match="ends laps as released: use backend fast, or task"):
        make_worlds("gymnasium", config, 1)
    assert scoring_task(config, "fast").lap_rule == "released"
