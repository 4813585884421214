"""What travels between a collector of whole episodes and its workers: blocks of them, asked for and brought back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.api import ActorSpec, End, Segment
from carracing.task import Array, TaskSpec
from collectors.layout import Layout, arrays_in, layout_bytes, layout_offsets
from collectors.registry import WorldsFactory
from collectors.seeds import EpisodeSeeds


@dataclass(frozen=True, slots=True)
class DrivingPlan:
    """What a worker needs to drive blocks; picklable."""

    worlds: WorldsFactory
    task: TaskSpec
    actor: ActorSpec
    seeds: EpisodeSeeds
    episodes: int
    """In a block: so many cars drive together, each to the end of its one episode."""


@dataclass(frozen=True, slots=True)
class BlockTask:
    """A block to be driven: a pure function of its first episode and the weights, wherever and whenever."""

    ticket: int
    """Names this request; a block asked for again has another."""
    first: int
    """Its first episode."""
    weights: int
    """Number of the publication to act with; see ``EpisodePool.publish``."""

    def words(self, episodes: int) -> str:
        """Which episodes, for people."""
        last = self.first + episodes - 1
        return f"episode {self.first}" if episodes == 1 else f"episodes {self.first} to {last}"


@dataclass(frozen=True, slots=True)
class Driven:
    """A driven block as it lies in the worker's own memory; valid until the next block."""

    segments: Sequence[Segment]
    """One whole episode per car."""
    frames: Array
    """(episodes,) int64 simulator frames of each."""
    returns: Array
    """(episodes,) float64."""
    facts: Array
    """(episodes, facts) float32, at the end."""
    seconds_env: float
    seconds_act: float

    @property
    def outline(self) -> BlockOutline:
        """How large it is."""
        steps = sum(map(len, self.segments))
        return BlockOutline(steps, self.segments[0].log_probs is not None, self.seconds_env, self.seconds_act)


@dataclass(frozen=True, slots=True)
class BlockOutline:
    """All that must be known of a driven block to make room for it."""

    steps: int
    """Of its episodes together."""
    log_probs: bool
    """Whether there are any."""
    seconds_env: float
    seconds_act: float

    def bytes(self, plan: DrivingPlan) -> int:
        """Of its arrays."""
        return layout_bytes(_layout(plan, self.steps, self.log_probs))


@dataclass(frozen=True, slots=True)
class Block:
    """A driven block in one piece of memory; its episodes lie one behind the other."""

    steps: Array
    """(episodes,) int64."""
    terminated: Array
    """(episodes,) bool: ended by the task rather than by a limit."""
    frames: Array
    returns: Array
    facts: Array
    """As in ``Driven``."""
    observations: Array
    """(steps + episodes * stack, *observation_shape): of each episode ``stack - 1`` look-back, then T + 1."""
    actions: Array
    rewards: Array
    log_probs: Array
    labels: Array
    """(steps, ...) as in ``Segment``; log_probs and labels are empty where there are none."""


def block_in(buffer: Any, plan: DrivingPlan, outline: BlockOutline) -> Block:
    """The arrays of a block, as views of a buffer of at least ``outline.bytes(plan)``."""
    return Block(*arrays_in(buffer, _layout(plan, outline.steps, outline.log_probs)))


def episode_segments(block: Block, stack: int, index: int, version: int, episode: int, longest: int) -> list[Segment]:
    """The block's episode number ``index`` as views: one segment, or, if not 0, pieces of ``longest`` steps."""
    steps = int(block.steps[index])
    before = int(block.steps[:index].sum())
    frames = block.observations[before + index * stack :]
    length = longest or steps
    segments = []
    for start in range(0, steps, length):
        stop = min(start + length, steps)
        end = End.TERMINATED if block.terminated[index] else End.TRUNCATED
        part = slice(before + start, before + stop)
        segments.append(
            Segment(
                frames[start : stop + stack],
                block.actions[part],
                block.rewards[part],
                block.log_probs[part] if len(block.log_probs) else None,
                end if stop == steps else End.CUT,
                version,
                episode,
                start,
                stack,
                block.labels[part] if block.labels.shape[1] else None,
            )
        )
    return segments


def pieces(driven: Driven, plan: DrivingPlan) -> Iterator[tuple[int, Array]]:
    """Every part of a driven block and where it belongs in the block's memory, in bytes from its start."""
    segments, outline = driven.segments, driven.outline
    lengths = np.array([len(segment) for segment in segments], np.int64)
    terminated = np.array([segment.end is End.TERMINATED for segment in segments], np.bool_)
    sums = (lengths, terminated, driven.frames, driven.returns, driven.facts)
    steps = (
        [segment.frames for segment in segments],
        [segment.actions for segment in segments],
        [segment.rewards for segment in segments],
        [segment.log_probs for segment in segments if segment.log_probs is not None],
        [segment.labels for segment in segments if segment.labels is not None],
    )
    offsets = iter(layout_offsets(_layout(plan, outline.steps, outline.log_probs)))
    yield from ((next(offsets), np.ascontiguousarray(array)) for array in sums)
    for arrays in steps:
        offset = next(offsets)
        for array in arrays:
            yield offset, array
            offset += array.nbytes


def _layout(plan: DrivingPlan, steps: int, log_probs: bool) -> Layout:
    task, episodes = plan.task, plan.episodes
    shapes: list[tuple[tuple[int, ...], Any]] = [
        ((episodes,), np.int64),
        ((episodes,), np.bool_),
        ((episodes,), np.int64),
        ((episodes,), np.float64),
        ((episodes, len(task.facts)), np.float32),
        ((steps + episodes * task.stack, *task.observation_shape), task.observation_dtype),
        ((steps, task.action.size), task.action_dtype),
        ((steps,), np.float32),
        ((steps if log_probs else 0,), np.float32),
        ((steps, task.label_size), task.action_dtype),
    ]
    return [(shape, np.dtype(dtype)) for shape, dtype in shapes]
