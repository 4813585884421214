"""Screens as stored text. ``pytest tests/tui --update-snapshots`` stores what is shown now; read the difference."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.color import Color
from rich.style import Style
from textual.strip import Strip

STORED = Path(__file__).parent / "snapshots"
UPDATE = "RACETUI_UPDATE_SNAPSHOTS"
"""Set by the option, so that the processes of xdist know of it, too."""
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def updating() -> bool:
    """Screens are stored, not compared."""
    return bool(os.environ.get(UPDATE))


def check(name: str, shown: str) -> None:
    """Compare a screen with the stored one of that name; an AssertionError shows the rows that differ."""
    difference = compared(name, shown)
    assert not difference, difference


def compared(name: str, shown: str) -> str:
    """The rows in which a screen differs from the stored one of that name; empty if none does."""
    path = STORED / f"{name}.txt"
    rows = [row.rstrip() for row in shown.split("\n")]
    if updating():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    if not path.exists():
        return f"no stored screen {path.name}: store it with --update-snapshots"
    stored = path.read_text(encoding="utf-8").split("\n")[:-1]
    return "\n".join(difflib.unified_diff(stored, rows, f"stored {name}", f"shown {name}", lineterm="", n=1))


def style_map(strips: Iterable[Strip], colours: Mapping[str, str]) -> str:
    """A letter for the style of each cell, and what the letters mean; dots are blanks without a ground of their own.

    ``colours`` are those of the theme by name; what has none is told by its value.
    """
    names = {value: name for name, value in reversed([*colours.items()])}
    letters: dict[str, str] = {}
    rows = []
    for strip in strips:
        row = ""
        for text, style, _ in strip:
            for character in text:
                named = _named(style or Style.null(), names, blank=character == " ")
                row += letters.setdefault(named, _LETTERS[min(len(letters), len(_LETTERS) - 1)]) if named else "."
        rows.append(row)
    return "\n".join([*rows, "", *(f"{letter} {named}" for named, letter in letters.items())])


def _named(style: Style, names: Mapping[str, str], blank: bool) -> str:
    """A style in words; of a blank only what can be seen of it, and nothing on the screen's own ground."""
    marks = [name for name in _MARKS if getattr(style, name)]
    ground = _colour(style.bgcolor, names)
    seen = [*marks, *([f"on {ground}"] if ground not in ("background", "default") else [])]
    if blank:
        return " ".join(part for part in seen if part not in ("bold", "dim", "italic"))
    return " ".join([_colour(style.color, names), *seen])


_MARKS = ("bold", "dim", "italic", "underline", "reverse")


def _colour(colour: Color | None, names: Mapping[str, str]) -> str:
    value = "default" if colour is None else colour.name
    return names.get(value, value)
