"""What every test stands on: a run store of its own, never the user's."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def store_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty run store in a temporary directory, for this process and those it starts."""
    home = tmp_path / "store"
    monkeypatch.setenv("RACETUI_HOME", str(home))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return home
