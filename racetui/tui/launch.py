"""Opening the panel, and whether it can be: decided before anything heavy is imported."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, TextIO

FRAMES_PER_SECOND = "15"
"""How often Textual may redraw: more than anyone needs to read, and little for a slow link."""
_NO_SCREEN = frozenset({"", "dumb", "unknown"})


def open_panel(given: Mapping[str, Any] | None = None, demo: bool = False) -> int:
    """Show the panel until it is left, with settings ``given`` by section.name; returns the exit code.

    A ``demo`` shows a recorded session rather than the runs of the store. Ask ``why_not`` before.
    """
    os.environ.setdefault("TEXTUAL_FPS", FRAMES_PER_SECOND)  # read when Textual is imported
    from racetui.tui.session import run_panel

    return run_panel(given, demo)


def why_not(environment: Mapping[str, str], streams: tuple[TextIO, TextIO, TextIO]) -> str:
    """Why the panel cannot be shown, in words; empty if it can."""
    for name, stream in zip(("stdin", "stdout", "stderr"), streams, strict=True):
        if not stream.isatty():
            return f"{name} is not a terminal"
    if environment.get("TERM", "") in _NO_SCREEN:
        return f"TERM={environment.get('TERM', '')} cannot show one"
    return ""
