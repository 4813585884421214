"""Arrays that begin on a cache line, so that no vector of theirs lies across two, which would cost twice."""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt

from carracing.task import Array

_LINE = 64
"""Bytes."""


def zeros(shape: int | tuple[int, ...], dtype: npt.DTypeLike = np.float64) -> Array:
    """As ``np.zeros``."""
    size = np.dtype(dtype).itemsize * (prod(shape) if isinstance(shape, tuple) else shape)
    room = np.zeros(size + _LINE, np.uint8)
    begin = -room.ctypes.data % _LINE
    return room[begin : begin + size].view(dtype).reshape(shape)
