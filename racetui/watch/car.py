"""The watched car: driven under the task's rules as any lane, and beside it frame by frame, to be seen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from agents.api import Actor
from agents.random import EpisodeRandom
from carracing.registry import make_worlds
from carracing.simulator.layout import ANGLE, PX, PY, VX, VY
from carracing.simulator.tiles import VISITED as VISITED_FLAG
from carracing.simulator.worlds import FastWorlds, to_orders
from carracing.task import Array, TaskConfig
from racetui.watch.shot import AHEAD, MISSED, VISITED, Shot

_ONE: Array = np.ones(1, np.bool_)


class Car:
    """One car on backend fast, whose bits every backend has.

    What the policy sees comes from worlds of the task itself; the same orders go, one frame at a time, to worlds
    that are there to be looked at.
    """

    def __init__(self, task: TaskConfig) -> None:
        self._task = task
        self._worlds = make_worlds("fast", replace(task, labels=False), 1)
        seen = replace(task, observation="rgb", stack=1, frame_skip=1, crop_indicators=False)
        self._seen = FastWorlds(replace(seen, labels=False, missed_penalty=0.0), 1)
        self._simulator = self._seen.simulator
        self._score = 0.0
        self._frame = 0
        self._about = (0, 0, 0)
        """Episode, track seed and version of what is driven."""

    def drive(self, actor: Actor, version: int, episode: int, seed: int, key: np.uint64) -> Iterator[Shot]:
        """An episode, frame by frame, its first picture included; ``actor`` may be given new weights on the way."""
        seeds, keys = np.array([seed]), np.array([key])
        window: Array = np.repeat(self._worlds.reset(_ONE, seeds)[:, None], self._task.stack, axis=1)
        picture = self._seen.reset(_ONE, seeds)[0]
        self._score, self._frame, self._about = 0.0, 0, (episode, seed, version)
        yield self._shot(picture, np.zeros(3), np.zeros(5), over=False)
        over, step = False, 0
        while not over:
            action = actor.act(window, EpisodeRandom(keys, np.array([step]))).env_actions
            done = self._worlds.step(action, _ONE)
            over, orders = bool(done.terminated[0] or done.truncated[0]), to_orders(action, self._task.action)[0]
            for frame in range(int(done.frames[0])):
                seen = self._seen.step(action, _ONE)
                self._score += float(seen.rewards[0])
                self._frame += 1
                last = over and frame == int(done.frames[0]) - 1
                yield self._shot(seen.observations[0], orders, seen.facts[0], last)
            window = np.concatenate([window[:, 1:], done.observations[:, None]], axis=1)
            step += 1

    def close(self) -> None:
        """End both."""
        self._worlds.close()
        self._seen.close()

    def _shot(self, picture: Array, orders: Array, facts: Array, over: bool) -> Shot:
        tracks, body = self._simulator.tracks, self._simulator.cars.bodies[0, :, 0]
        count = int(tracks.tiles[0])
        steer, gas, brake = (float(order) for order in orders)
        episode, seed, version = self._about
        return Shot(
            episode=episode,
            seed=seed,
            version=version,
            over=over,
            picture=np.moveaxis(picture, 0, -1),
            track=tracks.points[0, :count, 2:4],
            tiles=self._tiles(count),
            frame=self._frame,
            score=self._score,
            steer=min(1.0, max(-1.0, steer)),
            gas=min(1.0, max(0.0, gas)),
            brake=min(1.0, max(0.0, brake)),
            missed=int(facts[0]),
            progress=float(facts[1]),
            speed=math.hypot(body[VX], body[VY]),
            x=float(body[PX]),
            y=float(body[PY]),
            heading=float(body[ANGLE]),
        )

    def _tiles(self, count: int) -> Array:
        cars = self._simulator.cars
        visited = cars.flags[0, :count] & VISITED_FLAG != 0
        behind = np.arange(count) <= min(int(cars.front[0]), count - 1)
        return np.where(visited, VISITED, np.where(behind, MISSED, AHEAD)).astype(np.uint8)
