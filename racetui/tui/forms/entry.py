"""One line of text to fill in."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any

from textual.widgets import Input

from racetui.cli.values import count, duration


class Entry(Input):
    """A text field with the rule its text must follow."""

    def __init__(self, id: str, value: str, parse: Callable[[str], Any], placeholder: str = "") -> None:
        super().__init__(value, placeholder=placeholder, id=id, compact=True, select_on_focus=True)
        self.cursor_blink = False  # a blinking cursor would keep the link busy
        self.parse = parse
        """From text to value; raises ValueError with what is wrong."""


def amount(frames: bool) -> Callable[[str], float]:
    """A rule: so many frames, else so much time, more than none."""

    def parse(text: str) -> float:
        try:
            value = count(text.strip()) if frames else duration(text.strip())
        except ArgumentTypeError:
            raise ValueError("such as 500k or 2M" if frames else "such as 90s, 10m or 1h30m") from None
        if value <= 0:
            raise ValueError("more than 0")
        return value

    return parse


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
