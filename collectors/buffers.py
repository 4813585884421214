"""Memory that is used again: as many pieces as were ever in use at once, each as large as was needed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from carracing.task import Array

_ROOM = 1.25
"""New pieces are larger than asked for, so that slightly longer episodes fit as well."""


class Buffers:
    """Hands out pieces of memory and takes them back."""

    def __init__(self) -> None:
        self._free: list[Array] = []
        self.poisoned = False
        """Fill memory with nonsense before it is used: tests then see a cell nobody wrote."""

    def take(self, size: int) -> Array:
        """(size or more,) uint8: the smallest piece that fits; where none does, a new one instead of the largest."""
        fitting = [index for index, buffer in enumerate(self._free) if len(buffer) >= size]
        if fitting:
            buffer = self._free.pop(min(fitting, key=lambda index: len(self._free[index])))
        else:
            if self._free:
                self._free.pop(max(range(len(self._free)), key=lambda index: len(self._free[index])))
            buffer = np.empty(int(size * _ROOM), np.uint8)
        if self.poisoned:
            buffer[:] = 0xA5
        return buffer

    def give_back(self, buffers: Iterable[Array]) -> None:
        """Nobody looks at these any more."""
        self._free += buffers
