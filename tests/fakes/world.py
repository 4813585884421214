"""A world whose every observation says where it comes from, so a misrouted or stale cell is visible."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from zlib import crc32

import numpy as np

from agents.api import End
from carracing.task import FACTS, Array, Box, Step, TaskSpec

WORDS = 6
"""16-bit numbers at the start of an observation: seed (2), car, step, trace (2)."""

TINY = TaskSpec((16,), "uint8", stack=3, action=Box((-1.0, -1.0), (1.0, 1.0)), frame_skip=4, facts=FACTS)
"""The smallest task that has everything."""


@dataclass(frozen=True, slots=True)
class CountingRules:
    """What happens in a CountingWorld, as pure functions, so that a test can check a world it never saw."""

    spec: TaskSpec = field(default_factory=lambda: TINY)
    cars: int = 1
    shortest: int = 3
    """Length of an episode in steps: a function of seed and car between these two."""
    longest: int = 12
    alike: bool = False
    """Every car is driven as if it were the only one of its world: as real cars are, which do not touch."""
    fickle: bool = False
    """Actions may end an episode before its length, so that cars on one track end at different times."""

    def place(self, car: int) -> int:
        """Which car of its world a car is taken to be."""
        return 0 if self.alike else car

    def length(self, seed: int, car: int) -> int:
        return self.shortest + self._hash(b"length", seed, car) % (self.longest - self.shortest + 1)

    def over(self, seed: int, car: int, step: int, trace: int) -> bool:
        """Whether the episode ends with step number ``step``."""
        early = self.fickle and step >= self.shortest and trace % 6 == 0
        return early or step == self.length(seed, car)

    def end(self, seed: int, car: int) -> End:
        return End.TERMINATED if self._hash(b"end", seed, car) % 2 else End.TRUNCATED

    def frames(self, seed: int, car: int, step: int) -> int:
        """Frames of the step that leads to number ``step``: the last may be short."""
        if step < self.length(seed, car):
            return self.spec.frame_skip
        return 1 + self._hash(b"frames", seed, car) % self.spec.frame_skip

    def first_trace(self, seed: int, car: int) -> int:
        return self._hash(b"trace", seed, car)

    def next_trace(self, trace: int, action: Array) -> int:
        """A checksum over all actions of the episode: one wrong action shows in every later observation."""
        return crc32(np.ascontiguousarray(action, dtype=self.spec.action_dtype).tobytes(), trace)

    def reward(self, trace: int) -> float:
        """Decided by all actions so far; a multiple of 1/16, so that sums are exact."""
        return ((trace >> 7) & 0xFF) / 16 - 4

    def facts(self, seed: int, car: int, step: int) -> list[float]:
        length = self.length(seed, car)
        known = {"progress": step / length, "finished": float(step == length)}
        return [known.get(name, float(step + column)) for column, name in enumerate(self.spec.facts)]

    def observation(self, seed: int, car: int, step: int, trace: int) -> Array:
        words = np.array([seed >> 16, seed & 0xFFFF, car, step, trace >> 16, trace & 0xFFFF], dtype=np.uint16)
        size = prod(self.spec.observation_shape)
        if self.spec.observation_dtype == "uint8":
            observation = (np.arange(size, dtype=np.int64) * (step + 3) + trace).astype(np.uint8)
            observation[: 2 * WORDS] = words.view(np.uint8)
        else:
            observation = np.full(size, step, dtype=np.float32)
            observation[:WORDS] = words
        return observation.reshape(self.spec.observation_shape)

    @staticmethod
    def read(observations: Array) -> Array:
        """(rows, 4) int64 of seed, car, step, trace, from (rows, *observation_shape)."""
        flat = observations.reshape(len(observations), -1)
        if flat.dtype == np.uint8:
            flat = np.ascontiguousarray(flat[:, : 2 * WORDS]).view(np.uint16)
        words = flat[:, :WORDS].astype(np.int64)
        return np.stack(
            [words[:, 0] << 16 | words[:, 1], words[:, 2], words[:, 3], words[:, 4] << 16 | words[:, 5]], axis=1
        )

    @staticmethod
    def _hash(salt: bytes, seed: int, car: int) -> int:
        return crc32(salt + seed.to_bytes(8, "little") + car.to_bytes(2, "little"))


class CountingWorld:
    """Counts steps; rejects every call that a real world need not survive."""

    def __init__(self, rules: CountingRules) -> None:
        self.rules = rules
        self._seed = -1
        self._steps = np.zeros(rules.cars, dtype=np.int64)
        self._traces = [0] * rules.cars
        self._ended = np.ones(rules.cars, dtype=bool)
        self._observations = np.zeros((rules.cars, *rules.spec.observation_shape), rules.spec.observation_dtype)
        self.closed = False

    @property
    def spec(self) -> TaskSpec:
        return self.rules.spec

    @property
    def cars(self) -> int:
        return self.rules.cars

    def reset(self, seed: int) -> Array:
        assert not self.closed, "reset of a closed world"
        assert type(seed) is int and 0 <= seed < 2**31, f"no track seed: {seed!r}"
        self._seed = seed
        self._steps[:] = 0
        self._ended[:] = False
        for car in range(self.cars):
            place = self.rules.place(car)
            self._traces[car] = self.rules.first_trace(seed, place)
            self._observations[car] = self.rules.observation(seed, place, 0, self._traces[car])
        return self._observations

    def step(self, actions: Array, live: Array) -> Step:
        self._check(actions, live)
        step = Step(
            self._observations,
            np.zeros(self.cars, dtype=np.float32),
            np.zeros(self.cars, dtype=bool),
            np.zeros(self.cars, dtype=bool),
            np.zeros(self.cars, dtype=np.int32),
            np.zeros((self.cars, len(self.spec.facts)), dtype=np.float32),
        )
        for car in np.flatnonzero(live).tolist():
            self._step_car(car, actions[car], step)
        return step

    def _step_car(self, car: int, action: Array, step: Step) -> None:
        self._steps[car] += 1
        count, place = int(self._steps[car]), self.rules.place(car)
        trace = self._traces[car] = self.rules.next_trace(self._traces[car], action)
        self._observations[car] = self.rules.observation(self._seed, place, count, trace)
        step.rewards[car] = self.rules.reward(trace)
        step.frames[car] = self.rules.frames(self._seed, place, count)
        step.facts[car] = self.rules.facts(self._seed, place, count)
        if self.rules.over(self._seed, place, count, trace):
            self._ended[car] = True
            terminated = self.rules.end(self._seed, place) is End.TERMINATED
            (step.terminated if terminated else step.truncated)[car] = True

    def _check(self, actions: Array, live: Array) -> None:
        assert not self.closed, "step of a closed world"
        assert self._seed >= 0, "step before reset"
        assert actions.shape == (self.cars, self.spec.action.size), f"actions {actions.shape}"
        assert actions.dtype == self.spec.action_dtype, f"actions {actions.dtype}"
        assert live.shape == (self.cars,) and live.dtype == np.bool_ and live.any(), f"live {live}"
        assert not (live & self._ended).any(), f"step after the end: live {live}, ended {self._ended}"
        box = self.spec.action
        low, high = (box.low, box.high) if isinstance(box, Box) else (0, box.n - 1)
        assert (actions[live] >= low).all() and (actions[live] <= high).all(), f"actions out of bounds: {actions}"

    def close(self) -> None:
        self.closed = True
