"""Numbers and times as people read them."""

from __future__ import annotations

import math

UNKNOWN = "\N{EN DASH}"


def short(value: float | None, digits: int = 3) -> str:
    """A number in about ``digits`` significant digits with k, M or G: 812, 22.1k, 3.21M."""
    if value is None or math.isnan(value):
        return UNKNOWN
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if 0 < abs(value) < 0.01:
        return f"{value:.{max(0, digits - 2)}e}"
    for limit, unit, divisor in ((1e3, "", 1.0), (1e6, "k", 1e3), (1e9, "M", 1e6), (math.inf, "G", 1e9)):
        scaled = value / divisor
        text = _digits(scaled, digits)
        if abs(value) < limit and abs(float(text)) < 1000:
            return text + unit
    return f"{value:.{digits - 1}e}"


def _digits(value: float, digits: int) -> str:
    whole = len(str(int(abs(value)))) if abs(value) >= 1 else 1
    return f"{value:.{max(0, digits - whole)}f}"


def count(value: float | None) -> str:
    """A number of things: whole below a thousand, then as ``short``."""
    return f"{value:.0f}" if value is not None and abs(value) < 1000 else short(value)


def trimmed(value: float, digits: int = 3) -> str:
    """As ``short``, without zeros that say nothing: 1k, 2.5M, 0."""
    text = short(value, digits)
    unit = text[-1] if text[-1] in "kMG" else ""
    number = text.removesuffix(unit)
    return (number.rstrip("0").rstrip(".") if "." in number else number) + unit


def score(value: float | None) -> str:
    """A return: one decimal."""
    return UNKNOWN if value is None or math.isnan(value) else f"{value:.1f}"


def percent(share: float | None) -> str:
    """A share of 1 in whole percent; 100 % only when it is all."""
    if share is None or math.isnan(share):
        return UNKNOWN
    return f"{min(99, round(100 * share)) if share < 1 else round(100 * share)}%"


def duration(seconds: float | None) -> str:
    """Two units at most: 8s, 49m, 2h11m, 3d04h."""
    if seconds is None or math.isnan(seconds) or math.isinf(seconds):
        return UNKNOWN
    whole = max(0, round(seconds))
    minutes, hours, days = whole // 60, whole // 3600, whole // 86_400
    if whole < 60:
        return f"{whole}s"
    if minutes < 10:
        return f"{minutes}m{whole % 60:02d}s"
    if hours < 1:
        return f"{minutes}m"
    return f"{hours}h{minutes % 60:02d}m" if days < 1 else f"{days}d{hours % 24:02d}h"


def size(count: float | None) -> str:
    """Bytes in units of ten, as everything else says them, without their B: 512M, 21.3G."""
    if count is None:
        return UNKNOWN
    for unit, divisor in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= divisor:
            return f"{_digits(count / divisor, 3)}{unit}"
    return f"{count:.0f}B"


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 car, 8 cars."""
    return f"{number} {one if number == 1 else many or one + 's'}"
