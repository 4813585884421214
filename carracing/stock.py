"""Gymnasium's own CarRacing-v3 as a world of one car or more: the reference every other simulator is held against."""

from __future__ import annotations

from functools import partial
from typing import Protocol

import numpy as np

from carracing.actions import check_actions, to_controls
from carracing.each_world import EachWorld, make_each
from carracing.observation import observer
from carracing.stock_cars import SharedCarRacing
from carracing.stock_episode import StockEpisode
from carracing.task import Array, ResetNeededError, Step, TaskConfig, TaskSpec, task_spec


class LeftBehindError(ValueError):
    """A car was left out of a step although its episode goes on: the cars of one Box2D world move together."""


def make_stock_world(config: TaskConfig, cars: int = 1) -> StockWorld:
    """Make a world of Gymnasium's CarRacing-v3; needs no display."""
    return StockWorld(config, cars)


def make_stock_worlds(config: TaskConfig, tracks: int, threads: int = 1, cars: int = 1) -> EachWorld:
    """Make several of them, driven one after another. Raises ValueError for more than one thread."""
    if threads != 1:
        raise ValueError(f"backend gymnasium simulates on 1 thread, not {threads}: more processes share its work")
    return make_each(partial(make_stock_world, config, cars), tracks)


class StockWorld:
    """Cars on stock's track that do not touch, each driven as if alone. Depends on seed and actions only.

    An episode is truncated at EPISODE_FRAMES or by ``early_stop``, at the very frame, also within a step. As
    with Gymnasium's TimeLimit, a last frame that also ends the task is both terminated and truncated.
    """

    def __init__(self, config: TaskConfig, cars: int = 1) -> None:
        if cars < 1:
            raise ValueError(f"a world needs at least 1 car, not {cars}")
        self._config = config
        self._spec = task_spec(config)
        self._env = SharedCarRacing(
            cars, continuous=config.action != "discrete", domain_randomize=config.domain_randomize
        )
        self._eyes = _make_eyes(config, self._env, cars)
        self._episodes: list[StockEpisode] = []
        self._cars = cars
        self._last: Array = np.zeros((cars, *self._spec.observation_shape), self._spec.observation_dtype)

    @property
    def spec(self) -> TaskSpec:
        """What its observations and actions look like."""
        return self._spec

    @property
    def cars(self) -> int:
        """How many drive on the track."""
        return self._cars

    def reset(self, seed: int) -> Array:
        """Build the track of ``seed`` and put the cars at its start: (cars, *observation_shape)."""
        self._env.reset(seed=int(seed))
        self._eyes.begin()
        self._episodes = [StockEpisode(self._env, car, self._config.early_stop) for car in range(self._cars)]
        for car in range(self._cars):
            self._last[car] = self._eyes.look(car)
        return self._last.copy()

    def step(self, actions: Array, live: Array) -> Step:
        """Repeat ``actions`` (cars, A) for frame_skip frames or to each episode's end, for the cars in ``live``.

        Raises ActionError, ResetNeededError where no episode is going on, and LeftBehindError.
        """
        live, actions = np.asarray(live, dtype=bool), np.asarray(actions)
        step = Step.blank(self._spec, self._cars)
        if live.any():
            check_actions(self._spec, actions, live)
            self._check_episodes(live)
            self._drive(actions, np.flatnonzero(live).tolist(), step)
        step.observations[:] = self._last
        return step

    def close(self) -> None:
        """End the episodes; may be called twice."""
        self._episodes = []
        self._env.close()  # type: ignore[no-untyped-call]

    def _drive(self, actions: Array, driving: list[int], step: Step) -> None:
        controls = {car: self._controls(actions[car : car + 1]) for car in driving}
        totals = dict.fromkeys(driving, 0.0)
        before = {car: self._episodes[car].frames for car in driving}
        for _ in range(self._config.frame_skip):
            self._env.drive(controls)
            for car in controls:
                totals[car] += self._episodes[car].frame()
            over = [car for car in controls if self._episodes[car].over]
            for car in over:
                del controls[car]
                self._observe(car, step)
                if self._cars > 1:
                    self._env.seats[car].park()
            if not controls:
                break
        for car in controls:
            self._observe(car, step)
        for car in driving:
            episode = self._episodes[car]
            step.rewards[car] = totals[car]
            step.frames[car] = episode.frames - before[car]
            step.terminated[car], step.truncated[car] = episode.ends

    def _observe(self, car: int, step: Step) -> None:
        self._last[car] = self._eyes.look(car)
        step.facts[car] = self._episodes[car].facts()

    def _controls(self, action: Array) -> tuple[float, float, float]:
        """Steer, gas and brake of one checked action (1, A), as stock's ``step`` hands them to the car."""
        if self._config.action == "discrete":
            chosen = int(action[0, 0])
            return 0.6 * (chosen == 1) - 0.6 * (chosen == 2), 0.2 * (chosen == 3), 0.8 * (chosen == 4)
        native = to_controls(action) if self._config.action == "steer-accel" else action
        steer, gas, brake = native[0].astype(np.float64)
        return steer, gas, brake

    def _check_episodes(self, live: Array) -> None:
        for car in range(self._cars):
            over = not self._episodes or self._episodes[car].over
            if live[car] and over:
                raise ResetNeededError("the car has no episode going on: call reset(seed) before step")
            if not live[car] and not over:
                raise LeftBehindError(
                    f"car {car} was left out of a step: cars on one stock track move together until they end"
                )


class _Eyes(Protocol):
    """How cars are looked at."""

    def begin(self) -> None:
        """A new track was laid."""

    def look(self, car: int) -> Array:
        """One observation."""


class _Painter:
    """Looks at pictures."""

    def __init__(self, config: TaskConfig, env: SharedCarRacing) -> None:
        self._observe = observer(config)
        self._env = env

    def begin(self) -> None:
        """Pictures need no preparation."""

    def look(self, car: int) -> Array:
        """The picture of a car's driver, as the task shows it."""
        return self._observe(self._env.picture(car))


def _make_eyes(config: TaskConfig, env: SharedCarRacing, cars: int) -> _Eyes:
    if config.observation == "vector":
        from carracing.stock_vector import StockSensor  # loads the compiler

        return StockSensor(env, cars)
    return _Painter(config, env)
