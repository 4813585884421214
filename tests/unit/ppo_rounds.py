"""Rounds of made-up experience for PPO's tests: a real actor on random observations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agents.api import Agent, End, Segment
from agents.random import EpisodeRandom
from carracing.task import Array, Box, Discrete, TaskSpec

VECTOR = TaskSpec((5,), "float32", 2, Box((-1.0, -0.5), (1.0, 0.5)), 4)
CHOICE = TaskSpec((5,), "float32", 1, Discrete(3), 4)
GREY = TaskSpec((40, 44), "uint8", 4, Box((-1.0, -1.0), (1.0, 1.0)), 4)
COLOUR = TaskSpec((3, 40, 44), "uint8", 2, Discrete(5), 4)
TASKS = [VECTOR, CHOICE, GREY, COLOUR]


@dataclass(frozen=True, slots=True)
class Shape:
    """How a round is cut up: one segment per end."""

    ends: tuple[End, ...] = (End.TERMINATED, End.TRUNCATED, End.CUT)
    steps: int = 8
    """Of each segment."""


def observations(task: TaskSpec, rows: int, random: np.random.Generator) -> Array:
    """(rows, *observation_shape) of noise."""
    if task.observation_dtype == "uint8":
        return random.integers(0, 256, (rows, *task.observation_shape), np.uint8)
    return random.normal(size=(rows, *task.observation_shape)).astype(np.float32)


def make_round(agent: Agent, task: TaskSpec, seed: int = 0, shape: Shape = Shape()) -> list[Segment]:
    """Segments of the agent's own actor; rewards favour the first action, so there is something to learn."""
    random = np.random.default_rng(seed)
    actor, weights = agent.actor_spec().build(), agent.snapshot()
    actor.load(weights)
    segments = []
    for number, end in enumerate(shape.ends):
        frames = observations(task, task.stack + shape.steps, random)
        stacks = np.lib.stride_tricks.sliding_window_view(frames, task.stack, axis=0)[:-1]
        keys = np.full(shape.steps, 1000 * seed + number, np.uint64)
        decision = actor.act(np.moveaxis(stacks, -1, 1), EpisodeRandom(keys, np.arange(shape.steps)))
        rewards = decision.env_actions[:, 0].astype(np.float32)
        segments.append(
            Segment(
                frames, decision.actions, rewards, decision.log_probs, end, weights.version, number, 0, task.stack
            )
        )
    return segments
