"""The fast world where test_stock does not look: ends early, cars that are not live, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from carracing import TaskConfig, make_worlds
from carracing.actions import ActionError
from carracing.simulator.worlds import FastWorlds, WorldsError
from carracing.task import FACTS, ResetNeededError
from tests.exact.test_stock import LIVE


def test_equals_the_stock_world_with_early_stop() -> None:
    config = TaskConfig(early_stop=30, crop_indicators=True)
    worlds = [make_worlds(backend, config, 1) for backend in ("fast", "gymnasium")]
    seeds = np.array([2])
    assert (worlds[0].reset(LIVE, seeds) == worlds[1].reset(LIVE, seeds)).all()
    action, over = np.array([[0.1, 0.2]], np.float32), False
    while not over:
        fast, stock = (world.step(action, LIVE) for world in worlds)
        for name in type(fast).__dataclass_fields__:
            assert (getattr(fast, name) == getattr(stock, name)).all(), name
        over = bool(stock.truncated[0])


def test_cars_that_are_not_live_keep_their_observation() -> None:
    worlds = FastWorlds(TaskConfig(), tracks=2)
    before = worlds.reset(np.ones(2, bool), np.array([1, 2]))
    step = worlds.step(np.array([[0, 1], [0, 1]], np.float32), np.array([True, False]))
    assert (step.observations[1] == before[1]).all()
    assert (step.observations[0] != before[0]).any()
    assert (step.rewards[1], step.frames.tolist(), step.facts[1].tolist()) == (0, [4, 0], [0] * len(FACTS))


def test_what_cannot_be_is_named() -> None:
    worlds = FastWorlds(TaskConfig(), tracks=2, cars_per_track=2)
    actions, everyone = np.zeros((4, 2), np.float32), np.ones(4, bool)
    with pytest.raises(ResetNeededError, match="car 0 has no episode"):
        worlds.step(actions, everyone)
    with pytest.raises(WorldsError, match="whole groups"):
        worlds.reset(np.array([True, False, False, False]), np.zeros(4, int))
    with pytest.raises(WorldsError, match="equal seeds"):
        worlds.reset(everyone, np.arange(4))
    with pytest.raises(WorldsError, match="negative"):
        worlds.reset(everyone, np.full(4, -1))
    worlds.reset(everyone, np.zeros(4, int))
    with pytest.raises(ActionError, match="shape"):
        worlds.step(actions[:3], everyone)
    worlds.close()
    worlds.close()
    with pytest.raises(ResetNeededError):
        worlds.step(actions, everyone)
    for tracks, cars in ((0, 1), (1, 0), (10**6, 10)):
        with pytest.raises(WorldsError, match="must be 1 to"):
            FastWorlds(TaskConfig(), tracks, cars)
