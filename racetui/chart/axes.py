"""Round numbers for the axes of a chart."""

from __future__ import annotations

import math


def nice_step(span: float, count: int) -> float:
    """The least of 1, 2, 2.5 or 5 times a power of ten that covers ``span`` in at most ``count`` steps."""
    raw = span / max(1, count)
    power = 10.0 ** math.floor(math.log10(raw))
    for factor in (1.0, 2.0, 2.5, 5.0, 10.0):
        if factor * power >= raw * (1 - 1e-9):
            return factor * power
    return 10.0 * power


def nice_range(low: float, high: float, count: int) -> tuple[float, float, float]:
    """(low, high, step): limits close around the values, ``count`` ticks or so ``step`` apart; never empty.

    Limits are rounded outwards to a fifth of a step, so that an axis does not change with every point.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return 0.0, 1.0, 1.0
    if high - low < 1e-9 * max(1.0, abs(low), abs(high)):
        margin = abs(low) / 2 or 1.0
        low, high = (0.0, high + margin) if low >= 0 else (low - margin, high + margin)
    step = nice_step(high - low, count)
    grain = step / 5
    return math.floor(low / grain + 1e-9) * grain, math.ceil(high / grain - 1e-9) * grain, step


def ticks(low: float, high: float, step: float) -> list[float]:
    """The multiples of ``step`` from low to high."""
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def nice_end(value: float) -> float:
    """``value`` or a little more, rounded so that an axis that grows seldom changes: steps of some 4 percent."""
    if not value > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    step = power / 20 if value < 2 * power else power / 10 if value < 5 * power else power / 5
    return math.ceil(value / step - 1e-9) * step


_TIMES = (1, 2, 5, 10, 15, 30, *(60 * n for n in (1, 2, 5, 10, 15, 30)), *(3600 * n for n in (1, 2, 3, 6, 12, 24)))


def time_step(span: float, count: int) -> float:
    """As ``nice_step``, for seconds that are written as minutes, hours and days."""
    raw = span / max(1, count)
    if raw > _TIMES[-1]:
        return float(_TIMES[-1] * math.ceil(nice_step(span / _TIMES[-1], count)))
    return (
        next((float(step) for step in _TIMES if step >= raw * (1 - 1e-9)), raw)
        if raw > 0.5
        else nice_step(span, count)
    )


def digits(low: float, high: float) -> int:
    """Significant digits that tell values from low to high apart on an axis: three, more where it is far from 0."""
    span = high - low
    largest = max(abs(low), abs(high))
    if not span > 0 or not math.isfinite(largest):
        return 3
    return 3 + max(0, min(6, math.floor(math.log10(largest / span))))
