"""Several cars in one Box2D world: each gets the bits it would get alone, pictures and ends included."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from carracing import TaskConfig, World, make_worlds
from carracing.stock import LeftBehindError, StockWorld, make_stock_world
from carracing.task import Array, ResetNeededError, Step

CARS = 4
EVERYONE = np.ones(CARS, bool)
ALONE = np.ones(1, bool)


class Case(NamedTuple):
    name: str
    config: TaskConfig
    seed: int
    steps: int


CASES = [
    Case("pictures", TaskConfig(frame_skip=4, early_stop=60), 1, 40),
    Case("colours", TaskConfig(observation="rgb", domain_randomize=True, frame_skip=8), 2, 12),
    Case("numbers", TaskConfig(observation="vector", frame_skip=3, early_stop=90), 3, 200),
    Case("buttons", TaskConfig(observation="vector", action="discrete", frame_skip=5), 4, 80),
    Case("pedals", TaskConfig(observation="vector", action="native", frame_skip=7), 5, 150),
]


def orders(case: Case) -> Array:
    """(steps, CARS, A): one drives off the playfield, one stands, one circles, one weaves."""
    rng = np.random.default_rng(case.seed)
    if case.config.action == "discrete":
        return np.stack([rng.choice(5, (case.steps, 1), p=p) for p in ([0, 0, 0, 1, 0], *_MIXES)], axis=1)
    steer = np.stack([np.zeros(case.steps), np.zeros(case.steps), np.ones(case.steps), _weave(case.steps)], axis=1)
    gas = np.stack([np.full(case.steps, 0.5), np.zeros(case.steps), *rng.uniform(0.2, 0.6, (2, case.steps))], axis=1)
    pedals = [gas, 0.3 * (rng.random(gas.shape) < [0, 0.1, 0.1, 0.1])] if case.config.action == "native" else [gas]
    return np.stack([steer, *pedals], axis=2).astype(np.float32)


_MIXES = ([1, 0, 0, 0, 0], [0, 0.5, 0, 0.5, 0], [0.2, 0.2, 0.2, 0.3, 0.1])


def _weave(steps: int) -> Array:
    return np.asarray(np.sin(np.arange(steps) / 3) / 2)


def together(case: Case) -> tuple[Array, list[Step]]:
    """Drive all cars in one world; those that ended wait."""
    world = make_stock_world(case.config, CARS)
    first, live, steps = world.reset(case.seed), EVERYONE.copy(), []
    for actions in orders(case):
        steps.append(world.step(actions, live))
        live &= ~(steps[-1].terminated | steps[-1].truncated)
        if not live.any():
            break
    return first, steps


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_car_in_company_is_driven_to_the_bits_it_has_alone(case: Case) -> None:
    first, steps = together(case)
    ends = []
    for car in range(CARS):
        world = make_stock_world(case.config)
        assert (world.reset(case.seed)[0] == first[car]).all()
        for count, (step, actions) in enumerate(zip(steps, orders(case), strict=False), 1):
            alone = world.step(actions[car : car + 1], ALONE)
            for name in Step.__dataclass_fields__:
                assert (getattr(step, name)[car] == getattr(alone, name)[0]).all(), (car, name, count)
            if alone.terminated[0] or alone.truncated[0]:
                ends.append(count)
                assert all(not later.frames[car] and not later.rewards[car] for later in steps[count:])
                assert all((later.observations[car] == step.observations[car]).all() for later in steps[count:])
                break
    assert case.name in ("colours", "buttons") or len(set(ends)) > 1, "some car should wait for others"


def test_cars_see_themselves_and_not_each_other() -> None:
    """All stand at the same place; after some steps each picture shows one car, at the same place of the picture."""
    first, steps = together(Case("", TaskConfig(observation="rgb"), 1, 20))
    assert (first == first[0]).all()
    last = steps[-1].observations
    assert all((last[one] != last[other]).any() for one in range(CARS) for other in range(one))
    red = (last[:, 0] > 150) & (last[:, 1] < 60) & (last[:, 2] < 60)
    rows, columns = np.arange(84)[:, None], np.arange(96)
    for car in range(CARS):
        body = red[car, :84] & (abs(rows - 71) < 12) & (abs(columns - 48) < 12)
        assert 10 < body.sum() < 60, "a car's hull covers some 30 pixels"
        assert red[car, :84].sum() - body.sum() < 30, "the rest is the track's red border, or another car"


@pytest.mark.parametrize("config", [TaskConfig(), TaskConfig(domain_randomize=True)], ids=["plain", "colours"])
def test_an_episode_in_a_used_world_equals_one_in_a_fresh_world(config: TaskConfig) -> None:
    used, fresh = make_stock_world(config, CARS), make_stock_world(config, CARS)
    for seed, steps in ((11, 0), (12, 15), (11, 3)):
        _drive(used, seed, steps)
    for again, once in zip(_drive(used, 13, 10), _drive(fresh, 13, 10), strict=True):
        assert (again.observations == once.observations).all() and (again.rewards == once.rewards).all()


def _drive(world: World, seed: int, steps: int) -> list[Step]:
    rng = np.random.default_rng(seed)
    world.reset(seed)
    return [
        world.step(rng.uniform((-0.6, -0.2), (0.6, 1), (CARS, 2)).astype(np.float32), EVERYONE) for _ in range(steps)
    ]


def test_cars_move_together_until_they_end() -> None:
    world = StockWorld(TaskConfig(early_stop=4), CARS)
    actions = np.zeros((CARS, 2), np.float32)
    with pytest.raises(ResetNeededError, match="call reset"):
        world.step(actions, EVERYONE)
    world.reset(1)
    with pytest.raises(LeftBehindError, match="car 2 was left out of a step: cars on one stock track move together"):
        world.step(actions, np.array([True, True, False, True]))
    assert world.step(actions, EVERYONE).truncated.all()
    with pytest.raises(ResetNeededError, match="call reset"):
        world.step(actions, EVERYONE)
    assert not world.step(actions, ~EVERYONE).frames.any()
    with pytest.raises(ValueError, match="at least 1 car, not 0"):
        StockWorld(TaskConfig(), 0)


@pytest.mark.parametrize("cars", [1, 3, 20])
@pytest.mark.parametrize("action", ["steer-accel", "native", "discrete"])
def test_stock_gives_the_numbers_that_the_fast_backend_gives(cars: int, action: str) -> None:
    config = TaskConfig(observation="vector", action=action, frame_skip=2)  # type: ignore[arg-type]
    stock, fast = (make_worlds(backend, config, 2, cars=cars) for backend in ("gymnasium", "fast"))
    assert stock.groups.tolist() == fast.groups.tolist() == [0] * cars + [1] * cars
    everyone, rng = np.ones(2 * cars, bool), np.random.default_rng(cars)
    seeds = np.repeat([21, 22], cars)
    assert (stock.reset(everyone, seeds) == fast.reset(everyone, seeds)).all()
    live = everyone.copy()
    for _ in range(150 if cars < 20 else 40):
        actions = _any_actions(action, len(live), rng)
        one, other = stock.step(actions, live), fast.step(actions, live)
        for name in Step.__dataclass_fields__:
            assert (getattr(one, name) == getattr(other, name)).all(), name
        live &= ~(one.terminated | one.truncated)
    assert np.abs(one.observations).max() > 0.5


def _any_actions(action: str, cars: int, rng: np.random.Generator) -> Array:
    if action == "discrete":
        return rng.integers(5, size=(cars, 1))
    low, high = ((-1, -0.3), (1, 1)) if action == "steer-accel" else ((-1, 0, 0), (1, 1, 0.3))
    return rng.uniform(low, high, (cars, len(low))).astype(np.float32)
