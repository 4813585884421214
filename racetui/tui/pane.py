"""The widget every part of the panel is made of: rows of cells, of which only the changed ones are drawn again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from racetui.tui.glyphs import ASCII
from racetui.tui.look import Look, colourless

_NO_LOOK = colourless(ASCII)


class Cells(Widget):
    """Shows what ``paint`` returns. Textual does not compare cells, so this does: unchanged rows cost nothing."""

    ALLOW_SELECT = False

    def __init__(self, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: Sequence[Strip] = ()
        self._stale = True

    def paint(self, width: int, height: int, look: Look) -> Sequence[Strip]:
        """Rows of exactly ``width`` cells, ``height`` of them at most."""
        raise NotImplementedError

    @property
    def look(self) -> Look:
        """The styles and symbols to draw with."""
        found: Look = getattr(self.app, "look", _NO_LOOK)
        return found

    @property
    def in_sight(self) -> bool:
        """Somebody can see it: its screen is in front, and neither layout nor zoom hides it."""
        screen = self.screen
        if not self.size or self.app.screen_stack[-1:] != [screen]:  # there is none while the panel is being left
            return False
        if screen.maximized not in (None, self) and not self.allowed_beside_zoom:
            return False
        return not self.left_out

    @property
    def left_out(self) -> bool:
        """The layout has no room for it, or somebody switched it off."""
        return not all(node.display for node in self.ancestors_with_self if isinstance(node, Widget))

    @property
    def allowed_beside_zoom(self) -> bool:
        """It stays when another pane fills the screen."""
        return False

    def repaint(self) -> None:
        """Paint again and send the rows that differ, or remember to when it comes into sight."""
        if not self.is_mounted or not self.in_sight:
            self._stale = True
            return
        self._stale = False
        width, height = self.size
        before, self._rows = self._rows, self.paint(width, height, self.look)
        if len(before) != len(self._rows):
            self.refresh()
            return
        rows = enumerate(zip(before, self._rows, strict=True))
        if changed := [_change(y, old, new) for y, (old, new) in rows if old != new]:
            self.redraw(changed)

    def redraw(self, regions: Sequence[Region]) -> None:
        """Get these cells of the rows onto the screen."""
        self.refresh(*regions)

    def repaint_if_stale(self) -> None:
        """Catch up with what was put off while hidden."""
        if self._stale:
            self.repaint()

    def restyle(self) -> None:
        """Paint everything again: the look changed."""
        self._paint_anew()

    def render_line(self, y: int) -> Strip:
        """Give Textual one row."""
        if self._stale and not self._rows and self.size:
            # A row of a form that scrolls may come into sight without any event that says so.
            self._stale = False
            self._rows = self.paint(*self.size, self.look)
        base = self.rich_style
        if y < len(self._rows):
            return self._rows[y].apply_style(base)
        return Strip.blank(self.size.width, base)

    def on_resize(self, _event: events.Resize) -> None:
        """Paint for the new size."""
        self._paint_anew()

    def _paint_anew(self) -> None:
        """Paint every row, also behind a form, where what no longer fits would be seen as a hole."""
        self._rows = ()
        if self.is_mounted and self.size:
            self._stale = False
            self._rows = self.paint(*self.size, self.look)
            self.refresh()

    def covered(self) -> None:
        """Another screen comes in front: take away what is drawn by other means than rows."""

    def on_show(self, _event: events.Show) -> None:
        """Catch up."""
        self.repaint_if_stale()

    def watch_has_focus(self, focused: bool) -> None:
        """Show where the keys go: here, or no more. (Textual's focus and blur events come before that is so.)"""
        super().watch_has_focus(focused)
        self.repaint()


def _change(y: int, old: Strip, new: Strip) -> Region:
    """The cells of row ``y`` from the first piece that differs to the last."""
    left, right = _alike(old, new), _alike(reversed(list(old)), reversed(list(new)))
    width = max(old.cell_length, new.cell_length)
    return Region(left, y, max(0, width - left - right), 1)


def _alike(old: Iterable[Segment], new: Iterable[Segment]) -> int:
    """Cells of the pieces that both begin with."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))
    return sum(segment.cell_length for segment, _ in same)
