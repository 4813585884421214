"""What people give our Gymnasium environments, checked: errors say what is wrong before anything is compiled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.error import InvalidAction

from carracing.simulator.worlds import MOST_CARS, MOST_THREADS, WorldsError, to_orders
from carracing.task import Array

Seeds = int | Sequence[int | None] | None


def orders_of(action: Any, continuous: bool, space: spaces.Space[Any]) -> Array:
    """One stock action as orders (1, 3). Raises InvalidAction.

    Finite numbers beyond the space's bounds are taken as stock takes them: the gas is clipped, the rest is not.
    """
    if not continuous:
        if not space.contains(action):
            raise InvalidAction(f"you passed the invalid action `{action}`. The supported action_space is `{space}`")
        return to_orders(np.array([[int(action)]]), "discrete")
    numbers = _numbers(action)
    if numbers is None or numbers.shape != (3,) or not np.isfinite(numbers).all():
        raise InvalidAction(f"an action is three finite numbers (steer, gas, brake), not `{action}`")
    return numbers[None]


def vector_orders(actions: Any, count: int, continuous: bool) -> Array:
    """The actions of ``count`` cars as orders (count, 3). Raises InvalidAction."""
    wanted = (count, 3) if continuous else (count,)
    numbers = _numbers(actions) if continuous else np.asarray(actions)
    if numbers is None or numbers.shape != wanted:
        found = "these" if numbers is None else f"{numbers.shape}"
        raise InvalidAction(f"numbers of shape {wanted} expected as actions, not {found}")
    if not continuous:
        if numbers.dtype.kind not in "iu" or numbers.min() < 0 or numbers.max() > 4:
            raise InvalidAction("discrete actions are integers, 0 to 4")
        return to_orders(numbers[:, None], "discrete")
    bad = ~((numbers >= [-1, 0, 0]) & (numbers <= 1)).all(1)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InvalidAction(f"action {row} is {numbers[row].tolist()}: steer is -1 to 1, gas and brake are 0 to 1")
    return to_orders(numbers, "native")


def seeds_of(seed: Seeds, count: int) -> list[int | None]:
    """A seed for each of ``count`` cars, as Gymnasium's vectors take them. Raises WorldsError."""
    if isinstance(seed, (int, np.integer)):
        seeds: list[Any] = [int(seed) + i for i in range(count)]
    else:
        seeds = [None] * count if seed is None else list(seed) if isinstance(seed, Sequence | np.ndarray) else [seed]
    for each in seeds:
        if each is not None and (not isinstance(each, (int, np.integer)) or each < 0):
            raise WorldsError(f"a seed is a number from 0 on, or None, not {each!r}")
    if len(seeds) != count:
        raise WorldsError(f"{count} seeds expected, not {len(seeds)}")
    return seeds


def check_numbers(num_envs: int, cars: int, threads: int, frame_skip: int, frames: int) -> None:
    """Refuse numbers of cars, threads and frames that cannot be. Raises WorldsError."""
    given = {"num_envs": num_envs, "cars": cars, "threads": threads}
    given |= {"frame_skip": frame_skip, "max_episode_steps": frames}
    for name, number in given.items():
        if not isinstance(number, (int, np.integer)):
            raise WorldsError(f"{name} must be a whole number, not {number!r}")
        if number < 1:
            raise WorldsError(f"{name} must be at least 1, not {number}")
    for name, most in (("num_envs", MOST_CARS), ("threads", MOST_THREADS)):
        if given[name] > most:
            raise WorldsError(f"{name} must be at most {most}, not {given[name]}")
    if num_envs % cars:
        raise WorldsError(f"cars must divide num_envs ({num_envs}), not {cars}")


def _numbers(values: Any) -> Array | None:
    """The values as float64; None if they are not numbers, or not of one shape."""
    try:
        array = np.asarray(values)
    except ValueError:
        return None
    return array.astype(np.float64) if array.dtype.kind in "fiub" else None
