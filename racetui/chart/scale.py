"""The y-axis of a chart: where values lie on it, and which of them are written beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from racetui.chart.axes import nice_range, ticks
from racetui.chart.decimate import Floats

_GRAIN = 10
"""Limits of a log axis are rounded outwards to this part of a power of ten."""


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis, linear or logarithmic."""

    low: float
    """Value at its lower end; its logarithm to base 10 on a log axis, as is ``high``."""
    high: float
    ticks: tuple[float, ...]
    """Values to write, lowest first."""
    log: bool = False

    def share(self, values: Floats) -> Floats:
        """How far up each of ``values`` lies, 0 to 1; what a log axis cannot show lies at its lower end."""
        if self.log:
            values = np.log10(np.maximum(values, 10.0**self.low))
        return (values - self.low) / (self.high - self.low)


def linear(low: float, high: float, count: int) -> Scale:
    """A linear axis around low to high with about ``count`` ticks."""
    low, high, step = nice_range(low, high, count)
    return Scale(low, high, tuple(ticks(low, high, step)))


def logarithmic(low: float, high: float, count: int) -> Scale:
    """A log axis around low to high, both above 0, with about ``count`` ticks: powers of ten if there are two."""
    bottom = math.floor(math.log10(low) * _GRAIN + 1e-9) / _GRAIN
    top = math.ceil(math.log10(high) * _GRAIN - 1e-9) / _GRAIN
    if top - bottom < 1.5 / _GRAIN:
        bottom, top = bottom - 0.5, top + 0.5
    powers = range(math.ceil(bottom - 1e-9), math.floor(top + 1e-9) + 1)
    decades = [10.0**power for power in powers][:: max(1, -(-len(powers) // count))]
    if len(decades) < 2:
        decades = [part * 10.0**power for power in range(math.floor(bottom), powers.stop) for part in (1, 2, 5)]
        decades = [value for value in decades if bottom - 1e-9 <= math.log10(value) <= top + 1e-9]
    if len(decades) < 2:
        decades = list(linear(10.0**bottom, 10.0**top, count).ticks)
        decades = [value for value in decades if value > 0 and bottom <= math.log10(value) <= top]
    return Scale(bottom, top, tuple(decades), log=True)
