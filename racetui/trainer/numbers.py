"""Tells when a metric stops being a number, once and not every round."""

from __future__ import annotations

import math
from collections.abc import Mapping

from racetui.runs.writer import RunWriter

UNDEFINED_AT_TIMES = frozenset({"explained_variance"})
"""Metrics that have no value where there is nothing to measure, which is no fault."""


class NumberWatch:
    """Looks at every round's metrics."""

    def __init__(self, writer: RunWriter) -> None:
        self._writer = writer
        self._wrong: set[str] = set()

    def look(self, frames: int, values: Mapping[str, float]) -> None:
        """Record an event if any of these is NaN or infinite that was a number before."""
        wrong = {name for name, value in values.items() if not math.isfinite(value)} - UNDEFINED_AT_TIMES
        if fresh := sorted(wrong - self._wrong):
            named = ", ".join(f"{name} is {values[name]}" for name in fresh[:5])
            more = f" and {len(fresh) - 5} more" if len(fresh) > 5 else ""
            self._writer.event("warning", "nan", f"not a number at {frames:,} frames: {named}{more}")
        self._wrong = wrong
