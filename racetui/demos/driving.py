"""A block of demonstrations, driven in one process: several cars at once, each its own episode from start to end."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from agents.api import Actor, WeightsSnapshot
from agents.demonstrations import Block, DemonstrationsError, EpisodeEntry
from agents.noise import held_noise
from agents.random import EpisodeRandom
from carracing import make_worlds
from carracing.task import EPISODE_FRAMES, Array, Box, Step, Worlds, labelled
from collectors.seeds import EpisodeSeeds
from racetui.demos.plan import RecordingPlan


class Pilot(Protocol):
    """Says what to do, without noise."""

    def __call__(self, windows: Array, rngs: EpisodeRandom) -> Array:
        """(cars, A) for what the cars saw last, (cars, stack, *observation_shape)."""


def drive_block(plan: RecordingPlan, number: int) -> Block:
    """Drive the episodes of a block to their ends: a pure function of the plan and the number."""
    episodes = plan.episodes_of(number)
    worlds = make_worlds(plan.header.backend, plan.task_of(number), len(episodes))
    try:
        drive = _Drive(plan, episodes, worlds)
        pilot = _pilot(plan, worlds)
        while drive.live.any():
            drive.step(pilot)
        return drive.block(number, plan.task_of(number).random_start)
    finally:
        worlds.close()


def _pilot(plan: RecordingPlan, worlds: Worlds) -> Pilot:
    if plan.checkpoint is not None:
        actor = _actor(plan.checkpoint)
        return lambda windows, rngs: actor.act(windows, rngs).env_actions
    expert = labelled(worlds)
    if expert is None:
        raise DemonstrationsError(f"backend {plan.header.backend} has no scripted driver")
    return lambda windows, rngs: expert.labels()


@lru_cache(maxsize=1)
def _actor(checkpoint: Path) -> Actor:
    """The checkpoint's policy without exploration; kept, since a worker drives many blocks."""
    import torch

    from agents.checkpoint import build_agent, load_checkpoint

    torch.set_num_threads(1)
    agent = build_agent(load_checkpoint(checkpoint))
    snapshot = agent.snapshot()
    actor = agent.actor_spec().build()
    actor.load(WeightsSnapshot(snapshot.version, snapshot.tensors, {"deterministic": 1.0}))
    return actor


class _Drive:
    """Episodes being driven and recorded, one car each."""

    def __init__(self, plan: RecordingPlan, episodes: range, worlds: Worlds) -> None:
        self._plan, self._episodes, self._worlds, self._spec = plan, episodes, worlds, worlds.spec
        seeds, cars = EpisodeSeeds(plan.header.seed), len(episodes)
        self._tracks = np.array([seeds.track(episode) for episode in episodes], np.int64)
        self._keys = np.array([seeds.key(episode) for episode in episodes], np.uint64)
        self._noise = np.array([[plan.noise_of(episode)] for episode in episodes])
        spec, longest = self._spec, -(-EPISODE_FRAMES // self._spec.frame_skip)
        self._frames: Array = np.zeros((cars, longest + 1, *spec.observation_shape), spec.observation_dtype)
        self._labels: Array = np.zeros((cars, longest, spec.action.size), spec.action_dtype)
        self._driven, self._rewards = np.zeros_like(self._labels), np.zeros((cars, longest), np.float32)
        self._steps, self._ticks = np.zeros(cars, np.int64), np.zeros(cars, np.int64)
        self._terminated, self._facts = np.zeros(cars, np.bool_), np.zeros((cars, len(spec.facts)), np.float32)
        self.live = np.ones(cars, np.bool_)
        self._frames[:, 0] = worlds.reset(self.live, self._tracks)

    def step(self, pilot: Pilot) -> None:
        """One step of all cars still driving."""
        rngs = EpisodeRandom(self._keys, self._steps)
        clean = pilot(self._windows(), rngs)
        driven = self._disturbed(clean, rngs)
        step = self._worlds.step(driven, self.live)
        self._record(np.flatnonzero(self.live), clean, driven, step)

    def block(self, number: int, random_start: bool) -> Block:
        """All that was recorded."""
        entries = tuple(self._entry(car, random_start) for car in range(len(self._episodes)))
        counts = self._steps.tolist()

        def joined(array: Array, more: int = 0) -> Array:
            return np.concatenate([array[car, : count + more] for car, count in enumerate(counts)])

        return Block(
            number,
            entries,
            joined(self._frames, 1),
            joined(self._labels),
            joined(self._driven),
            joined(self._rewards),
        )

    def _windows(self) -> Array:
        """(cars, stack, *observation_shape): an episode's first observation stands for those before it."""
        rows = np.maximum(self._steps[:, None] + np.arange(1 - self._spec.stack, 1), 0)
        windows: Array = self._frames[np.arange(len(rows))[:, None], rows]
        return windows

    def _disturbed(self, clean: Array, rngs: EpisodeRandom) -> Array:
        action = self._spec.action
        if not isinstance(action, Box) or not self._noise.any():
            return clean
        noise = held_noise(rngs, action.size, self._spec.frame_skip) * self._noise
        return np.asarray(np.clip(clean + noise, action.low, action.high), clean.dtype)

    def _record(self, cars: Array, clean: Array, driven: Array, step: Step) -> None:
        at = self._steps[cars]
        self._labels[cars, at] = clean[cars]
        self._driven[cars, at] = driven[cars]
        self._rewards[cars, at] = step.rewards[cars]
        self._frames[cars, at + 1] = step.observations[cars]
        self._steps[cars] += 1
        self._ticks += step.frames
        self._facts[cars] = step.facts[cars]
        self._terminated |= step.terminated
        self.live &= ~(step.terminated | step.truncated)

    def _entry(self, car: int, random_start: bool) -> EpisodeEntry:
        steps = int(self._steps[car])
        return EpisodeEntry(
            episode=self._episodes[car],
            seed=int(self._tracks[car]),
            noise=float(self._noise[car, 0]),
            random_start=random_start,
            steps=steps,
            frames=int(self._ticks[car]),
            episode_return=float(self._rewards[car, :steps].sum(dtype=np.float64)),
            terminated=bool(self._terminated[car]),
            facts=dict(zip(self._spec.facts, self._facts[car].tolist(), strict=True)),
        )
