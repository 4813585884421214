"""The arrays through which lanes are driven: in this process's memory, or in memory shared with workers."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import prod
from typing import Any

import numpy as np

from carracing.task import Array, Step, TaskSpec

_ALIGNMENT = 64
"""Bytes of a cache line: no two arrays share one."""


@dataclass(frozen=True, slots=True)
class LaneArrays:
    """Orders to and results from N lanes, one row each."""

    actions: Array
    """(N, A) as the environment accepts them."""
    live: Array
    """(N,) bool: whom the next step moves."""
    mask: Array
    """(N,) bool: whom the next reset concerns."""
    seeds: Array
    """(N,) int64 track seeds of the next reset."""
    observations: Array
    rewards: Array
    terminated: Array
    truncated: Array
    frames: Array
    facts: Array
    """The results, as in ``Step``."""
    labels: Array
    """(N, spec.label_size): what an expert would do now; no columns where the task has no labels."""

    def rows(self, rows: slice) -> LaneArrays:
        """Views of some of the lanes."""
        return LaneArrays(*(getattr(self, field.name)[rows] for field in fields(self)))

    def copy(self) -> LaneArrays:
        """The same in memory of their own."""
        return LaneArrays(*(getattr(self, field.name).copy() for field in fields(self)))

    def step(self) -> Step:
        """The results of the last step: views, so valid until the next one."""
        return Step(self.observations, self.rewards, self.terminated, self.truncated, self.frames, self.facts)


def arrays_bytes(spec: TaskSpec, lanes: int) -> int:
    """Memory ``arrays_over`` needs, in bytes."""
    return sum(_aligned(prod(shape) * dtype.itemsize) for shape, dtype in _layout(spec, lanes))


def arrays_over(buffer: Any, spec: TaskSpec, lanes: int) -> LaneArrays:
    """Arrays within any writable buffer of at least ``arrays_bytes``."""
    arrays, offset = [], 0
    for shape, dtype in _layout(spec, lanes):
        count = prod(shape)
        arrays.append(np.frombuffer(buffer, dtype, count, offset).reshape(shape))
        offset += _aligned(count * dtype.itemsize)
    return LaneArrays(*arrays)


def _layout(spec: TaskSpec, lanes: int) -> list[tuple[tuple[int, ...], np.dtype[Any]]]:
    shapes: list[tuple[tuple[int, ...], Any]] = [
        ((lanes, spec.action.size), spec.action_dtype),
        ((lanes,), np.bool_),
        ((lanes,), np.bool_),
        ((lanes,), np.int64),
        ((lanes, *spec.observation_shape), spec.observation_dtype),
        ((lanes,), np.float32),
        ((lanes,), np.bool_),
        ((lanes,), np.bool_),
        ((lanes,), np.int32),
        ((lanes, len(spec.facts)), np.float32),
        ((lanes, spec.label_size), spec.action_dtype),
    ]
    return [(shape, np.dtype(dtype)) for shape, dtype in shapes]


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
