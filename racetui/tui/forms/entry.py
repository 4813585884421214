"""One line of text to fill in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual import events
from textual.widgets import Input


class Entry(Input):
    """A text field with the rule its text must follow."""

    def __init__(self, id: str, value: str, parse: Callable[[str], Any], placeholder: str = "") -> None:
        super().__init__(value, placeholder=placeholder, id=id, compact=True, select_on_focus=True)
        self.cursor_blink = False  # a blinking cursor would keep the link busy
        self.parse = parse
        """From text to value; raises ValueError with what is wrong."""

    async def _on_key(self, event: events.Key) -> None:
        """Edit at once: Textual has the application obey bindings, after letters that were typed later."""
        for binding in self._bindings.key_to_bindings.get(event.key, ()):
            event.stop()
            event.prevent_default()
            await self.run_action(binding.action)
            return
        await super()._on_key(event)


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
