"""Gymnasium's CarRacing-v3 stepped frame by frame, as anyone would: what our worlds must equal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np

from carracing.task import Array

Policy = Callable[[Any], Any]
"""From the unwrapped stock environment to a stock action."""


@dataclass(frozen=True, slots=True)
class ReferenceStep:
    """What holding one action for some frames gave."""

    action: Any
    picture: Array
    reward: np.float32
    terminated: bool
    truncated: bool
    frames: int
    visited: float
    """Share of tiles visited."""
    missed: int | None
    """Unvisited tiles before the last visited one; None once that is in the second half of the track."""
    lap_frames: int
    """Frames since the start when the last tile was visited, 0 before."""
    on_grass: int
    """Wheels that touch no tile."""


def play(seed: int, policy: Policy, frame_skip: int, **options: Any) -> tuple[Array, Iterator[ReferenceStep]]:
    """The reset picture, and a step for each action of ``policy`` until the episode ends."""
    env = gymnasium.make("CarRacing-v3", **options)
    return env.reset(seed=seed)[0], _steps(env, policy, frame_skip)


def _steps(env: gymnasium.Env[Any, Any], policy: Policy, frame_skip: int) -> Iterator[ReferenceStep]:
    stock: Any = env.unwrapped
    over, driven = False, 0
    while not over:
        action = policy(stock)
        total, frames = 0.0, 0
        while frames < frame_skip and not over:
            picture, reward, terminated, truncated, _ = env.step(action)
            total, frames, over = total + float(reward), frames + 1, terminated or truncated
        driven += frames
        visited = [tile.road_visited for tile in stock.road]
        yield ReferenceStep(
            action,
            picture,
            np.float32(total),
            terminated,
            truncated,
            frames,
            float(np.mean(visited)),
            _missed(visited),
            driven if all(visited) else 0,
            sum(len(wheel.tiles) == 0 for wheel in stock.car.wheels),
        )
    env.close()


def _missed(visited: list[bool]) -> int | None:
    last = max(index for index, seen in enumerate(visited) if seen)
    return visited[:last].count(False) if last < len(visited) // 2 else None


def random_driver(seed: int) -> Policy:
    """Steers at random, mostly on the gas; brakes now and then."""
    rng = np.random.default_rng(seed)

    def act(stock: Any) -> Array:
        gas, brake = rng.random(), rng.random() * (rng.random() < 0.2)
        return np.array([rng.uniform(-1, 1), gas, brake], np.float32)

    return act


def random_accel(seed: int) -> Policy:
    """Like ``random_driver``, but never on both pedals, so that two numbers can say it."""
    rng = np.random.default_rng(seed)

    def act(stock: Any) -> Array:
        steer, accel = rng.uniform(-1, 1), rng.uniform(-0.5, 1)
        return np.array([steer, max(accel, 0), max(-accel, 0)], np.float32)

    return act


def random_discrete(seed: int) -> Policy:
    """One of stock's five actions at random."""
    rng = np.random.default_rng(seed)
    return lambda stock: int(rng.integers(5))


def straight(stock: Any) -> Array:
    """Drives straight on and off the playfield."""
    return np.array([0, 0.5, 0], np.float32)


def pursuit(stock: Any) -> Array:
    """Steers at a point of the true centre line ahead, slower before turns; finishes the lap on easy tracks."""
    track = np.array(stock.track)
    (x, y), heading, n = stock.car.hull.position, stock.car.hull.angle, len(track)
    here = int(np.argmin((track[:, 2] - x) ** 2 + (track[:, 3] - y) ** 2))
    target = track[(here + 6) % n]
    error = _turn(math.atan2(target[3] - y, target[2] - x) - math.pi / 2 - heading)
    bend = max(abs(_turn(track[(here + i) % n, 1] - track[here, 1])) for i in range(2, 20))
    speed, wanted = math.hypot(*stock.car.hull.linearVelocity), 100 / (1 + 0.6 * bend)
    gas = max(0.0, min(0.7, 1 - 1.2 * abs(error))) if speed < wanted else 0.0
    return np.array([np.clip(-0.8 * error, -1, 1), gas, 0.3 if speed > wanted + 5 else 0], np.float32)


def swerving(stock: Any) -> Array:
    """Like ``pursuit``, but leaves the road for a second, two seconds from the start, and so misses tiles."""
    return np.array([-0.2, 0.3, 0], np.float32) if 2.0 <= stock.t < 3.04 else pursuit(stock)


def _turn(angle: float) -> float:
    return (angle + math.pi) % (2 * math.pi) - math.pi
