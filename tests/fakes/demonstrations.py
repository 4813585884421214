"""Demonstration sets of any task, made up rather than driven."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np

from agents.demonstrations import Block, EpisodeEntry, SetHeader, recording_into, write_block
from carracing.task import Array, Box, TaskConfig, task_spec

EPISODES, STEPS = 3, 11
_KEPT: list[tempfile.TemporaryDirectory[str]] = []
"""Until the tests are over."""


@cache
def made_up_set(task: TaskConfig) -> Path:
    """A set of EPISODES episodes of STEPS random steps."""
    _KEPT.append(tempfile.TemporaryDirectory())
    directory = Path(_KEPT[-1].name) / "set"
    header = SetHeader(
        task=asdict(task),
        backend="fast",
        driver="nobody",
        driver_facts={},
        seed=0,
        episodes=EPISODES,
        block=EPISODES,
        noise=[0.0],
        random_starts=0.0,
    )
    with recording_into(directory, header):
        write_block(directory, header, _block(task))
    return directory


def _block(task: TaskConfig) -> Block:
    spec, rng, steps = task_spec(task), np.random.default_rng(0), EPISODES * STEPS
    shape = (steps + EPISODES, *spec.observation_shape)
    frames: Array
    if spec.observation_dtype == "uint8":
        frames = rng.integers(0, 256, shape, np.uint8)
    else:
        frames = rng.normal(size=shape).astype(np.float32)
    labels: Array
    if isinstance(spec.action, Box):
        labels = rng.uniform(spec.action.low, spec.action.high, (steps, spec.action.size)).astype(np.float32)
    else:
        labels = rng.integers(0, spec.action.n, (steps, 1))
    entries = tuple(
        EpisodeEntry(
            episode=episode,
            seed=episode,
            noise=0.0,
            random_start=False,
            steps=STEPS,
            frames=STEPS * spec.frame_skip,
            episode_return=0.0,
            terminated=True,
            facts=dict.fromkeys(spec.facts, 0.0),
        )
        for episode in range(EPISODES)
    )
    return Block(0, entries, frames, labels, labels, np.zeros(steps, np.float32))
