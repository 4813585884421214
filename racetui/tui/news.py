"""What threads tell the panel's application."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.message import Message

from racetui.tui.picture import Picture


class NewPicture(Message):
    """The reader saw something; only the latest counts."""

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self.picture = picture

    def can_replace(self, message: Message) -> bool:
        """A newer picture makes an older one useless."""
        return isinstance(message, NewPicture)


class Finished(Message):
    """Work in a thread is done."""

    def __init__(self, done: Callable[[Any], None], result: Any) -> None:
        super().__init__()
        self.done, self.result = done, result


class ReaderFailed(Message):
    """The reader met an error that nobody foresaw."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
