"""Means of what updates report, kept as tensors until somebody asks: asking a GPU for a number waits for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import torch


class Meters:
    """Sums and counts by name."""

    def __init__(self) -> None:
        self._sums: dict[str, torch.Tensor] = {}
        self._counts: Counter[str] = Counter()

    def add(self, values: Mapping[str, torch.Tensor]) -> None:
        """Count in the scalars of one update."""
        for name, value in values.items():
            self._sums[name] = value.detach() if name not in self._sums else self._sums[name] + value.detach()
        self._counts.update(values.keys())

    def take(self) -> dict[str, float]:
        """The means over the updates that had each, and begin anew."""
        means = {name: float(total) / self._counts[name] for name, total in self._sums.items()}
        self._sums, self._counts = {}, Counter()
        return means
