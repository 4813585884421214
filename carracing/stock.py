"""Gymnasium's own CarRacing-v3 as a world of one car: the reference every other simulator is held against."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from gymnasium.envs.box2d.car_racing import CarRacing

from carracing.actions import check_actions, to_controls
from carracing.advance import Advance
from carracing.each_world import EachWorld, make_each
from carracing.observation import observer
from carracing.task import EPISODE_FRAMES, Array, ResetNeededError, Step, TaskConfig, TaskSpec, task_spec


def make_stock_world(config: TaskConfig) -> StockWorld:
    """Make a world of Gymnasium's CarRacing-v3; needs no display."""
    return StockWorld(config)


def make_stock_worlds(config: TaskConfig, tracks: int, threads: int = 1) -> EachWorld:
    """Make several of them, driven one after another. Raises ValueError for more than one thread."""
    if threads != 1:
        raise ValueError(f"backend gymnasium simulates on 1 thread, not {threads}: more processes share its work")
    return make_each(partial(make_stock_world, config), tracks)


class StockWorld:
    """One car on stock's track. An episode depends on its seed and actions only, not on earlier ones.

    An episode is truncated at EPISODE_FRAMES or by ``early_stop``, at the very frame, also within a step. As
    with Gymnasium's TimeLimit, a last frame that also ends the task is both terminated and truncated.
    """

    def __init__(self, config: TaskConfig) -> None:
        self._config = config
        self._spec = task_spec(config)
        self._observe = observer(config)
        self._env = _UndrawnCarRacing(
            continuous=config.action != "discrete", domain_randomize=config.domain_randomize
        )
        self._episode: _Episode | None = None
        self._last: Array = np.zeros((1, *self._spec.observation_shape), np.uint8)

    @property
    def spec(self) -> TaskSpec:
        """What its observations and actions look like."""
        return self._spec

    @property
    def cars(self) -> int:
        """Always 1."""
        return 1

    def reset(self, seed: int) -> Array:
        """Build the track of ``seed`` and put the car at its start: (1, *observation_shape)."""
        self._env.reset(seed=int(seed))
        self._episode = _Episode(self._env, self._config.early_stop)
        return self._look()

    def step(self, actions: Array, live: Array) -> Step:
        """Repeat ``actions`` (1, A) for frame_skip frames or to the episode's end, if ``live`` (1,).

        Raises ActionError, and ResetNeededError where no episode is going on.
        """
        live = np.asarray(live, dtype=bool)
        actions = np.asarray(actions)
        if not live.any():
            return self._stand_still()
        check_actions(self._spec, actions, live)
        if self._episode is None or self._episode.over:
            raise ResetNeededError("the car has no episode going on: call reset(seed) before step")
        reward, frames = self._episode.drive(self._for_stock(actions), self._config.frame_skip)
        return Step(
            observations=self._look(),
            rewards=np.array([reward], np.float32),
            terminated=np.array([self._episode.terminated]),
            truncated=np.array([self._episode.truncated]),
            frames=np.array([frames], np.int32),
            facts=np.array([self._episode.facts()], np.float32),
        )

    def close(self) -> None:
        """End the episode; may be called twice."""
        self._episode = None
        self._env.close()  # type: ignore[no-untyped-call]

    def _for_stock(self, actions: Array) -> Any:
        if self._config.action == "discrete":
            return int(actions[0, 0])
        return (to_controls(actions) if self._config.action == "steer-accel" else actions)[0]

    def _look(self) -> Array:
        self._last = self._observe(self._env.picture())[None]
        return self._last

    def _stand_still(self) -> Step:
        return Step(
            observations=self._last,
            rewards=np.zeros(1, np.float32),
            terminated=np.zeros(1, bool),
            truncated=np.zeros(1, bool),
            frames=np.zeros(1, np.int32),
            facts=np.zeros((1, len(self._spec.facts)), np.float32),
        )


class _UndrawnCarRacing(CarRacing):
    """Stock, but a frame is drawn only when its picture is asked for: 95 % of stock's time is drawing."""

    _score = 0.0

    def _render(self, mode: str) -> None:  # noqa: ARG002 - stock's signature
        # Stock draws within step, before it takes the frame's 0.1 off the score that the picture shows.
        self._score = self.reward

    def picture(self) -> Array:
        """What stock's reset or step would have returned: (96, 96, 3) uint8."""
        score, self.reward = self.reward, self._score
        picture: Array = super()._render("state_pixels")
        self.reward = score
        return picture


class _Episode:
    """One episode of a world that was just reset, frame by frame."""

    def __init__(self, env: _UndrawnCarRacing, early_stop: int) -> None:
        self._env = env
        self._early_stop = early_stop
        self._road: Any = env.road
        self._car: Any = env.car
        self._advance = Advance(len(env.track))
        self._frames = 0
        self._last_progress = 0
        """Frame of the last new tile: once all are visited, of the finished lap."""
        self.terminated = False
        self.truncated = False

    @property
    def over(self) -> bool:
        return self.terminated or self.truncated

    def drive(self, action: Any, frames: int) -> tuple[float, int]:
        """Repeat the action; returns the summed reward and how many frames it took."""
        total, before = 0.0, self._frames
        while self._frames - before < frames and not self.over:
            total += self._frame(action)
        return total, self._frames - before

    def facts(self) -> tuple[float, ...]:
        """The values of FACTS."""
        tiles, visited = len(self._env.track), self._env.tile_visited_count
        missed = self._advance.missed(lambda tile: self._road[tile].road_visited)
        finished, on_grass = visited == tiles, sum(not wheel.tiles for wheel in self._car.wheels)
        return float(missed), visited / tiles, float(finished), float(self._last_progress * finished), float(on_grass)

    def _frame(self, action: Any) -> float:
        visited = self._env.tile_visited_count
        _, reward, self.terminated, _, _ = self._env.step(action)
        self._frames += 1
        if self._env.tile_visited_count > visited:
            self._last_progress = self._frames
        self._advance.touch({tile.idx for wheel in self._car.wheels for tile in wheel.tiles})
        stuck = self._early_stop and self._frames - self._last_progress >= self._early_stop
        self.truncated = bool(stuck) or self._frames >= EPISODE_FRAMES
        return float(reward)
