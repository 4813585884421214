"""Several arrays in one piece of memory, each at the start of a cache line."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np

from carracing.task import Array

_ALIGNMENT = 64
"""Bytes of a cache line: no two arrays share one."""

Layout: TypeAlias = Sequence[tuple[tuple[int, ...], np.dtype[Any]]]
"""Shape and dtype of each array, in order."""


def layout_bytes(layout: Layout) -> int:
    """Memory the arrays need together, in bytes."""
    return sum(_aligned(prod(shape) * dtype.itemsize) for shape, dtype in layout)


def layout_offsets(layout: Layout) -> list[int]:
    """Where each array begins, in bytes from the start."""
    offsets, end = [], 0
    for shape, dtype in layout:
        offsets.append(end)
        end += _aligned(prod(shape) * dtype.itemsize)
    return offsets


def arrays_in(buffer: Any, layout: Layout) -> list[Array]:
    """The arrays, as views of any buffer of at least ``layout_bytes``."""
    return [
        np.frombuffer(buffer, dtype, prod(shape), offset).reshape(shape)
        for (shape, dtype), offset in zip(layout, layout_offsets(layout), strict=True)
    ]


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
