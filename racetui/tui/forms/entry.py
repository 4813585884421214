"""One line of text to fill in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.widgets import Input


class Entry(Input):
    """A text field with the rule its text must follow."""

    def __init__(self, id: str, value: str, parse: Callable[[str], Any], placeholder: str = "") -> None:
        super().__init__(value, placeholder=placeholder, id=id, compact=True, select_on_focus=True)
        self.cursor_blink = False  # a blinking cursor would keep the link busy
        self.parse = parse
        """From text to value; raises ValueError with what is wrong."""


def whole(least: int, most: int) -> Callable[[str], int]:
    """A rule: a whole number within limits."""

    def parse(text: str) -> int:
        digits = text.strip().replace("_", "")
        if not digits.isascii() or not digits.removeprefix("-").isdigit():
            raise ValueError("a whole number")
        if not least <= int(digits) <= most:
            raise ValueError(f"{least} to {most}")
        return int(digits)

    return parse
