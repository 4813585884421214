"""Replays side by side: what they keep of the same experience, how much memory, and how fast a batch comes out."""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.buffers import NStepReplayBuffer, ReplayBuffer

from agents.api import End, Segment
from agents.network_plans import policy_input_shape
from agents.replay.replay import Replay
from agents.replay.sizes import replay_bytes
from carracing.task import Array, TaskSpec

PROMISED = 100_000
"""Transitions whose memory is stated."""
EPISODE = 250
"""Steps of an episode: CarRacing's time limit at four frames a step."""
GAMMA = 0.99


@dataclass(frozen=True, slots=True)
class Contender:
    """A replay filled with experience."""

    name: str
    what: str
    bytes: int
    """Memory of ``PROMISED`` transitions."""
    look_ahead: int
    """Steps whose rewards are summed."""
    sample: Callable[[int], object]
    """Have so many steps as tensors."""


def contenders(task: TaskSpec, steps: int) -> Iterator[Contender]:
    """Ours in memory and in a file, and stable-baselines3's, each with the same ``steps`` transitions."""
    with tempfile.TemporaryDirectory() as directory:
        for name, what, place in (
            ("ours", "single frames once, in memory", ""),
            ("ours, mapped", "the same in a file", directory),
        ):
            replay, rng = Replay(task, steps, place), np.random.default_rng(1)
            for segment in _experience(task, steps):
                replay.add([segment])
            for look in (1, 3):
                yield Contender(name, what, replay_bytes(task, PROMISED), look, _ours(replay, rng, look))
    for name, kind, look in (("sb3", ReplayBuffer, 1), ("sb3, n-step", NStepReplayBuffer, 3)):
        memory = _stock_bytes(_stock(task, PROMISED, kind))
        buffer = _stock(task, steps, kind)
        _fill(buffer, task, steps)
        yield Contender(name, "every observation whole, and its successor", memory, look, buffer.sample)


def seconds_per_batch(contender: Contender, batch: int, seconds: float) -> float:
    """Sample for about so long; mean time of one batch."""
    contender.sample(batch)
    count, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds or not count:
        contender.sample(batch)
        count += 1
    return elapsed / count


def _ours(replay: Replay, rng: np.random.Generator, look: int) -> Callable[[int], None]:
    shape = policy_input_shape(replay.task)

    def sample(rows: int) -> None:
        batch = replay.sample(rows, rng, GAMMA, look)
        for array in (batch.observations.reshape(rows, *shape), batch.next_observations.reshape(rows, *shape)):
            torch.from_numpy(array)
        for array in (batch.actions, batch.rewards, batch.discounts):
            torch.from_numpy(array)

    return sample


def _experience(task: TaskSpec, steps: int) -> Iterator[Segment]:
    rng = np.random.default_rng(0)
    for episode, start in enumerate(range(0, steps, EPISODE)):
        count = min(EPISODE, steps - start)
        actions = np.zeros((count, task.action.size), task.action_dtype)
        rewards = rng.normal(size=count).astype(np.float32)
        frames = np.concatenate(
            [_observations(task, 1, rng)] * (task.stack - 1) + [_observations(task, count + 1, rng)]
        )
        yield Segment(frames, actions, rewards, None, End.TRUNCATED, 0, episode, 0, task.stack)


def _observations(task: TaskSpec, rows: int, rng: np.random.Generator) -> Array:
    shape = (rows, *task.observation_shape)
    if task.observation_dtype == "uint8":
        return rng.integers(0, 256, shape, np.uint8)
    return rng.random(shape, np.float32)


def _stock(task: TaskSpec, size: int, kind: type[ReplayBuffer]) -> ReplayBuffer:
    shape = policy_input_shape(task)
    pictures = task.observation_dtype == "uint8"
    seen = spaces.Box(0, 255, shape, np.uint8) if pictures else spaces.Box(-np.inf, np.inf, shape, np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where it may not fit into memory; untouched, it takes none
        return kind(size, seen, spaces.Box(-1.0, 1.0, (task.action.size,), np.float32), device="cpu")


def _stock_bytes(buffer: ReplayBuffer) -> int:
    return sum(value.nbytes for value in vars(buffer).values() if isinstance(value, np.ndarray))


def _fill(buffer: ReplayBuffer, task: TaskSpec, steps: int) -> None:
    rng, shape = np.random.default_rng(0), policy_input_shape(task)
    action, infos = np.zeros((1, task.action.size), np.float32), [dict[str, Any]()]
    stacks = [_observations(task, task.stack, rng).reshape(1, *shape) for _ in range(64)]
    for step in range(steps):
        seen, following = stacks[step % 64], stacks[(step + 1) % 64]
        buffer.add(seen, following, action, np.ones(1), np.array([(step + 1) % EPISODE == 0]), infos)
