"""Screens as stored text. ``RACETUI_SNAPSHOTS=write pytest tests/tui`` stores what is shown now; then read it."""

from __future__ import annotations

import os
from pathlib import Path

STORED = Path(__file__).parent / "snapshots"


def check(name: str, shown: str) -> None:
    """Compare a screen with the stored one of that name."""
    path = STORED / f"{name}.txt"
    shown = "\n".join(row.rstrip() for row in shown.split("\n")) + "\n"
    if os.environ.get("RACETUI_SNAPSHOTS") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(shown, encoding="utf-8")
    assert path.exists(), f"no stored screen {path}: write it with RACETUI_SNAPSHOTS=write"
    assert shown == path.read_text(encoding="utf-8"), f"{name} looks different from {path}:\n{shown}"
