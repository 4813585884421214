"""A pane of text that scrolls by keys and wheel, drawing only what is in sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.strip import Strip

from racetui.keys import Place
from racetui.tui.look import Look
from racetui.tui.pane import Cells
from racetui.tui.presses import Presses, bindings


class Scrolled(Presses, Cells, can_focus=True):
    """Entries of one row or more each; scrolling counts entries."""

    PLACES: ClassVar[tuple[Place, ...]] = (Place.TEXT,)
    BINDINGS = bindings(Place.TEXT)

    def __init__(self, id: str | None = None, follow: bool = False) -> None:
        super().__init__(id=id)
        self.follows = follow
        """It belongs to a text that grows: at its end it stays at the end."""
        self.following = follow
        self.top = 0
        self.last_top = 0
        """The first entry in sight at the end of the text."""
        self._fits = 1

    def count(self) -> int:
        """How many entries there are."""
        raise NotImplementedError

    def entry(self, index: int, width: int, look: Look) -> Sequence[Strip]:
        """The rows of one entry."""
        raise NotImplementedError

    def window(self, width: int, height: int, look: Look) -> list[Strip]:
        """The rows in sight."""
        count = self.count()
        last_top = self.last_top = self._last_top(count, width, height, look)
        self.top = last_top if self.following else max(0, min(self.top, last_top))
        rows: list[Strip] = []
        index = self.top
        while index < count and len(rows) < height:
            rows += self.entry(index, width, look)
            index += 1
        self._fits = max(1, index - self.top)
        if self.following and len(rows) > height:
            return rows[-height:]
        return rows[:height]

    @property
    def place(self) -> str:
        """Where in the text this is, in words."""
        if self.following:
            return "following"
        return f"{min(self.count(), self.top + self._fits)}/{self.count()}"

    def _last_top(self, count: int, width: int, height: int, look: Look) -> int:
        """The first entry to show for the last one to be in sight."""
        rows, index = 0, count
        while index > 0 and rows < height:
            index -= 1
            rows += len(self.entry(index, width, look))
        return index + 1 if rows > height and index + 1 < count else index

    def scroll_by(self, entries: int) -> None:
        """Move; going up leaves the end, arriving at the end follows again."""
        bottom = self.top
        self.following = False
        self.top = max(0, self.top + entries)
        self.repaint()
        if entries > 0 and self.follows and self.top <= bottom:
            self.following = True
            self.repaint()

    def do_scroll_up(self) -> None:
        """One entry up."""
        self.scroll_by(-1)

    def do_scroll_down(self) -> None:
        """One entry down."""
        self.scroll_by(1)

    def do_page_up(self) -> None:
        """What is in sight, up."""
        self.scroll_by(-self._fits)

    def do_page_down(self) -> None:
        """What is in sight, down."""
        self.scroll_by(self._fits)

    def do_scroll_home(self) -> None:
        """To the beginning."""
        self.following = False
        self.top = 0
        self.repaint()

    def do_scroll_end(self) -> None:
        """To the end, to stay there if the text grows."""
        self.following = self.follows
        self.top = self.count()
        self.repaint()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Three entries up."""
        event.stop()
        self.scroll_by(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Three entries down."""
        event.stop()
        self.scroll_by(3)


class Written(Scrolled):
    """A text of single rows that is written anew with every picture: whoever paints sets ``text`` first."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.text: list[Strip] = []

    def count(self) -> int:
        """How many rows there are."""
        return len(self.text)

    def entry(self, index: int, _width: int, _look: Look) -> Sequence[Strip]:
        """One row."""
        return self.text[index : index + 1]
