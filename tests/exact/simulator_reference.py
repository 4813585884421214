"""Stock CarRacing-v3 beside the simulator, compared with ``==`` after every frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium.envs.box2d.car_racing import CarRacing

from carracing.advance import Advance
from carracing.simulator.lanes import LANES
from carracing.simulator.layout import ANGLE, BODY_ROWS, OMEGA, PHASE, PX, PY, SPIN, VX, VY
from carracing.simulator.simulator import Simulator
from carracing.simulator.tiles import TOUCHED, VISITED
from carracing.task import EPISODE_FRAMES, Array

Driver = Callable[[int, np.random.Generator], Array]
"""From the frame's number and a generator to a stock action."""


def full_throttle(frame: int, rng: np.random.Generator) -> Array:
    """Straight on to the speed cap and off the playfield."""
    return np.array([0, 1, 0], np.float32)


def at_random(frame: int, rng: np.random.Generator) -> Array:
    """Any action in each frame."""
    return rng.uniform([-1, 0, 0], [1, 1, 1]).astype(np.float32)


def weaving(frame: int, rng: np.random.Generator) -> Array:
    """Left and right, on and off the road."""
    return np.array([np.sin(frame / 15), 0.3, 0], np.float32)


def sleeper(frame: int, rng: np.random.Generator) -> Array:
    """Stands until Box2D puts the car to sleep, then drives."""
    return np.array([0.05 * (frame > 250), 0.5 * (frame > 200), 0], np.float32)


def spinner(frame: int, rng: np.random.Generator) -> Array:
    """Full lock, hard gas, and every kind of brake."""
    brake = 1.0 if frame % 40 > 33 else 0.5 * (frame % 40 > 30)
    return np.array([1, 0.6 * (frame % 40 < 30), brake], np.float32)


DRIVERS: tuple[Driver, ...] = (full_throttle, at_random, weaving, sleeper, spinner)


class UndrawnStock(CarRacing):
    """Stock without its picture, which takes 95 % of its time; notes the score a picture would show."""

    shown = 0.0

    def _render(self, mode: str) -> None:
        self.shown = self.reward


def state_of_stock(env: Any) -> list[float]:
    """Every number of the car that lives on from frame to frame and that its user can read."""
    numbers = [env.shown, env.t]
    for body in (env.car.hull, *env.car.wheels):
        numbers += [*body.position, body.angle, *body.linearVelocity, body.angularVelocity]
    for wheel in env.car.wheels:
        numbers += [wheel.omega, wheel.phase, bool(wheel.tiles)]
    return numbers


def state_of_ours(simulator: Simulator, car: int) -> list[float]:
    """The same numbers of one of our cars."""
    cars, block, lane = simulator.cars, car // LANES, car % LANES
    f, d = cars.bodies[block], cars.drives[block]
    numbers = [cars.drawn_score[car], cars.time[car]]
    for body in range(5):
        numbers += [f[body * BODY_ROWS + row, lane] for row in (PX, PY, ANGLE, VX, VY, SPIN)]
    for wheel in range(4):
        numbers += [d[OMEGA + wheel, lane], d[PHASE + wheel, lane], cars.road[block, wheel, lane]]
    return [float(number) for number in numbers]


@dataclass(slots=True)
class Pair:
    """One stock environment and the number of our car that must equal it."""

    env: Any
    car: int
    driver: Driver
    rng: np.random.Generator
    advance: Advance
    going: bool = True


def start_pairs(simulator: Simulator, jobs: list[tuple[int, Driver]], envs: list[Any]) -> list[Pair]:
    """Reset ``envs`` and the simulator's tracks to the same seeds."""
    pairs = []
    for car, ((seed, driver), env) in enumerate(zip(jobs, envs, strict=True)):
        env.reset(seed=seed)
        simulator.lay_track(car, np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed))))
        pairs.append(Pair(env, car, driver, np.random.default_rng(seed), Advance(len(env.track))))
    simulator.start(np.ones(len(jobs), bool))
    return pairs


def assert_equal_frames(simulator: Simulator, pairs: list[Pair], frames: int) -> int:
    """Drive all pairs; how many frames were compared. Every number must be equal, to the last bit."""
    live = np.array([pair.going for pair in pairs])
    compared = 0
    for frame in range(frames):
        actions = np.array([pair.driver(frame, pair.rng) for pair in pairs])
        simulator.step(actions.astype(np.float64), live)
        for pair in pairs:
            if live[pair.car]:
                _compare(simulator, pair, frame, actions[pair.car])
                compared += 1
                live[pair.car] = pair.going
    return compared


def _compare(simulator: Simulator, pair: Pair, frame: int, action: Array) -> None:
    cars, car, env = simulator.cars, pair.car, pair.env
    _, reward, terminated, _, _ = env.step(action)
    assert (reward, terminated) == (cars.step_reward[car], cars.terminated[car]), (car, frame)
    assert cars.truncated[car] == (cars.frames[car] >= EPISODE_FRAMES)
    assert state_of_stock(env) == state_of_ours(simulator, car), (car, frame)
    pair.advance.touch({tile.idx for wheel in env.car.wheels for tile in wheel.tiles})
    assert (pair.advance.position, pair.advance.front) == (cars.position[car], cars.front[car])
    missed = pair.advance.missed(lambda tile: env.road[tile].road_visited)
    assert missed == min(cars.front[car], len(env.track) - 1) + 1 - cars.visited_behind[car]
    pair.going = not terminated
    if frame % 25 == 0 or terminated:
        shades = [tile.color[0] == env.road_color[0] for tile in env.road]
        for index, tile in enumerate(env.road):
            flags = cars.flags[car, index]
            assert tile.road_visited == bool(flags & VISITED)
            assert index % 3 == 0 or shades[index] == bool(flags & TOUCHED)
