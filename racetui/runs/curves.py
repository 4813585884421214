"""Following the curves of one run: each look reads only what is new."""

from __future__ import annotations

import numpy as np

from racetui.runs.model import Series
from racetui.runs.reader import RunReader

_NO_POINTS = Series(np.empty(0, np.int64), np.empty(0), np.empty(0))


class CurveFollower:
    """Curves of a run by name, as far as they were asked for."""

    def __init__(self, reader: RunReader) -> None:
        self._reader = reader
        self._series: dict[str, Series] = {}
        self._rows: dict[str, int] = {}

    def follow(self, name: str) -> Series:
        """The whole curve; the same object as before if nothing is new. Raises StoreError."""
        known = self._series.get(name, _NO_POINTS)
        news, self._rows[name] = self._reader.series_since(name, self._rows.get(name, 0))
        if len(news.frames):
            known = known.joined(news)
        self._series[name] = known
        return known
