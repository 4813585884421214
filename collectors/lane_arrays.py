"""The arrays through which lanes are driven: in this process's memory, or in memory shared with workers."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from carracing.task import Array, Step, TaskSpec
from collectors.layout import Layout, arrays_in, layout_bytes


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
    busy: Array
    """(N,) float64: in the first row of a block of worlds, seconds that it has worked."""

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
    return layout_bytes(_layout(spec, lanes))


def arrays_over(buffer: Any, spec: TaskSpec, lanes: int) -> LaneArrays:
    """Arrays within any writable buffer of at least ``arrays_bytes``."""
    return LaneArrays(*arrays_in(buffer, _layout(spec, lanes)))


def _layout(spec: TaskSpec, lanes: int) -> Layout:
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
        ((lanes,), np.float64),
    ]
    return [(shape, np.dtype(dtype)) for shape, dtype in shapes]
