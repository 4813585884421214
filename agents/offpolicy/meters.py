"""Means of what updates report, kept as tensors until somebody asks: asking a GPU for a number waits for it."""

from __future__ import annotations

from collections.abc import Mapping

import torch


class Meters:
    """Sums by name."""

    def __init__(self) -> None:
        self._sums: dict[str, torch.Tensor] = {}
        self._count = 0

    def add(self, values: Mapping[str, torch.Tensor]) -> None:
        """Count in the scalars of one update."""
        for name, value in values.items():
            self._sums[name] = value.detach() if name not in self._sums else self._sums[name] + value.detach()
        self._count += 1

    def take(self) -> dict[str, float]:
        """The means, and begin anew."""
        means = {name: float(total) / self._count for name, total in self._sums.items()}
        self._sums, self._count = {}, 0
        return means
