"""Following the curves of one run: each look reads only what is new."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from racetui.runs.model import Series
from racetui.runs.reader import RunReader

_NO_POINTS = Series(np.empty(0, np.int64), np.empty(0), np.empty(0))


MOST_POINTS = 10_000
"""Of a curve that is drawn: many more than a screen has columns, and little beside what a panel takes anyway."""


class CurveFollower:
    """Curves of a run by name, as far as they were asked for; in MOST_POINTS points where they are longer."""

    def __init__(
        self,
        reader: RunReader,
        thin: Callable[[RunReader, str, int], tuple[Series, int]] = RunReader.thinned,
    ) -> None:
        """``thin`` makes a curve of few points of a long one: ``RunReader.thinned`` or ``averaged``."""
        self._reader, self._thin = reader, thin
        self._series: dict[str, Series] = {}
        self._rows: dict[str, int] = {}

    def follow(self, name: str) -> Series:
        """The whole curve; the same object as before if nothing is new. Raises StoreError."""
        known, row = self._series.get(name, _NO_POINTS), self._rows.get(name, 0)
        if row == 0 or len(known.frames) > 2 * MOST_POINTS:
            news, self._rows[name] = self._thin(self._reader, name, MOST_POINTS)
            known = news if len(news.frames) else known
        else:
            news, self._rows[name] = self._reader.series_since(name, row)
            known = known.joined(news)
        self._series[name] = known
        return known
