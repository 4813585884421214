"""Saving changes one after the other, however fast they come."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any


class Saver:
    """Takes changes at once and writes them when asked to, from any thread; the last one of a setting wins."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pending: dict[str, Any] = {}
        self._changing, self._writing = threading.Lock(), threading.Lock()

    def add(self, key: str, value: Any) -> None:
        """Remember a change."""
        with self._changing:
            self._pending[key] = value

    def flush(self) -> str:
        """Write what is pending; returns what went wrong, in one line, else nothing."""
        with self._writing:
            with self._changing:
                values, self._pending = self._pending, {}
            if not values:
                return ""
            from racetui.preferences.saving import SavingError, save  # its library is needed for this alone

            try:
                save(self._path, values)
            except SavingError as error:
                return str(error)
        return ""
