"""A pane with a picture on its rows that changes all the time, shown by the cheapest means there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from textual import events
from textual.geometry import Region
from textual.strip import Strip

from racetui.tui import kitty
from racetui.tui.desk import desk
from racetui.tui.halfblocks import Codes, Pixels, cells, sequence, strip
from racetui.tui.pane import Cells

_ENOUGH_COLOURS = ("256", "truecolor")


class Means(Enum):
    """Ways for a picture to get onto the screen."""

    PIXELS = auto()
    """By kitty's graphics, over rows that stay empty."""
    SEQUENCE = auto()
    """As cells straight to the terminal: Textual takes long for what changes everywhere."""
    ROWS = auto()
    """As a part of the rows, by Textual: where there are few colours, or something lies before it."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A (height, width, 3) picture."""

    fine: Pixels
    coarse: Pixels
    """What of it can be told in cells."""


class Pictured(Cells):
    """Its rows have an empty place for the picture, which ``lay`` fills.

    Rows that Textual draws, after a form has been closed or for a screenshot, have the picture on them whatever means
    it was sent by.
    """

    def __init__(self, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id, classes)
        self._sight: Sight | None = None
        self._codes: Codes | None = None
        """The picture as cells, once somebody needs them."""
        self._means = Means.ROWS
        """By which it was sent last."""

    def picture_place(self, width: int, height: int) -> Region:
        """Where the rows of a pane of this size are left empty for it."""
        raise NotImplementedError

    def hold(self, sight: Sight) -> None:
        """Have this picture on the rows, which are drawn anyway."""
        self._sight, self._codes = sight, None

    def lay(self, sight: Sight) -> int:
        """Show this picture now; returns the bytes it takes, as far as that is known."""
        self.hold(sight)
        return self._send(sight)

    def take_away(self) -> None:
        """There is no picture any more."""
        self._sight = self._codes = None
        self.covered()

    def lay_again(self) -> None:
        """Show it by other means where something lies before it now, or does no more."""
        if self._sight is not None and self._wanted is not self._means:
            self._send(self._sight)

    def render_line(self, y: int) -> Strip:
        """Give Textual one row, with what belongs to it of the picture."""
        row = super().render_line(y)
        place = self._place
        if self._sight is None or self._means is Means.PIXELS or not place.y <= y < place.bottom:
            return row
        return with_picture(row, strip(self._cells(self._sight)[y - place.y], self.look), place.x)

    def redraw(self, regions: Sequence[Region]) -> None:
        """Send them the way of the picture."""
        if not self._means is self._wanted is Means.SEQUENCE:
            super().redraw(regions)
            return
        (left, top), place = self.region.offset, self._place
        filters, ground = self.get_line_filters(), self.background_colors[1]
        out = []
        for region in regions:
            whole = self.render_line(region.y) if region.overlaps(place) else super().render_line(region.y)
            row = whole.crop(region.x, region.right)
            for line_filter in filters:
                row = row.apply_filter(line_filter, ground)
            out.append(f"\x1b[{top + region.y + 1};{left + region.x + 1}H{row.render(self.app.console)}")
        self._write("".join(out), *regions)

    def covered(self) -> None:
        """Take away what lies over the rows; the picture is theirs until it is sent again."""
        if self._means is Means.PIXELS:
            desk(self).write(kitty.ERASE)
        self._means = Means.ROWS

    def on_resize(self, event: events.Resize) -> None:
        """The picture has another place from now on."""
        self.covered()
        self._codes = None
        super().on_resize(event)

    def restyle(self) -> None:
        """Paint everything again, the picture too."""
        self._codes = None
        super().restyle()

    def on_unmount(self) -> None:
        """Its screen is gone."""
        self.take_away()

    def _send(self, sight: Sight) -> int:
        wanted, place = self._wanted, self._place
        if wanted is not self._means:
            self.covered()
            self._means = wanted
            if wanted is Means.PIXELS:
                self.refresh(place)  # which empties it
        if not place or wanted is Means.ROWS:
            self.refresh(place)
            return place.area
        if wanted is Means.PIXELS:
            text = kitty.shown(sight.fine, self._on_screen)
        else:
            text = sequence(self._cells(sight), self._on_screen)
        self._write(text, place)
        return len(text.encode())

    def _write(self, text: str, *regions: Region) -> None:
        """Past Textual, which must know that what it keeps of these cells is older."""
        self._styles_cache.set_dirty(*regions)
        desk(self).write(text)

    @property
    def _wanted(self) -> Means:
        app, look = desk(self), self.look
        holders = self.screen.get_child_by_id("textual-toastrack").children  # a query would search the whole screen
        if any(self._on_screen.overlaps(message.region) for holder in holders for message in holder.children):
            return Means.ROWS
        if app.watching.graphics:
            return Means.PIXELS
        able = self.app.console.color_system in _ENOUGH_COLOURS and look.colours and not look.glyphs.ascii
        return Means.SEQUENCE if able else Means.ROWS

    def _cells(self, sight: Sight) -> Codes:
        if self._codes is None:
            self._codes = cells(sight.coarse, self._place.width, self._place.height, self.look)
        return self._codes

    @property
    def _place(self) -> Region:
        return self.picture_place(*self.size)

    @property
    def _on_screen(self) -> Region:
        return self._place.translate(self.region.offset)


def with_picture(row: Strip, picture: Strip, left: int) -> Strip:
    """A row with a part of a picture over its cells from ``left`` on."""
    return Strip.join([row.crop(0, left), picture, row.crop(left + picture.cell_length, row.cell_length)])
