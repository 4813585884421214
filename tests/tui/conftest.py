"""The same terminal, locale and time zone for every test of the panel."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from racetui.bench.panel import FORGOTTEN


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (*FORGOTTEN, "COLORFGBG", "RACETUI_NOTIFY", "LC_ALL", "LC_CTYPE", "TEXTUAL_THEME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty run store."""
    return tmp_path / "home"
