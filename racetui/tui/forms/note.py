"""Text of the panel's own inside a form: labels, hints, errors."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from racetui.tui.lines import line, wrapped
from racetui.tui.look import Look
from racetui.tui.pane import Cells


class Note(Cells):
    """Some text in one of the look's styles; cut at the end of its last row."""

    def __init__(
        self, text: str = "", style: str = "muted", id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.text, self.style_name = text, style

    def say(self, text: str, style: str = "muted") -> None:
        """Show other text."""
        if (text, style) != (self.text, self.style_name):
            self.text, self.style_name = text, style
            self.repaint()

    def paint(self, width: int, height: int, look: Look) -> Sequence[Strip]:
        """The text, wrapped."""
        rows = wrapped(self.text, width, look)
        if len(rows) > height:
            rows[height - 1] = " ".join(rows[height - 1 :])
        style = getattr(look, self.style_name)
        return [line([(row, style)], width, look) for row in rows[:height]]
