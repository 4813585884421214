"""The help: what the focused pane shows, what the symbols mean, and every key, out of the key table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.strip import Strip

from racetui.keys import KEYS, Key, Place, keys_of, shown
from racetui.runs.model import RunState
from racetui.tui.desk import desk
from racetui.tui.frame import Box, framed
from racetui.tui.lines import Piece, cells, line, wrapped
from racetui.tui.look import Look
from racetui.tui.presses import Presses, bindings
from racetui.tui.scrolled import Scrolled

_KEYS_CELLS = 16
_SIZES = "Sizes of memory and files: 21G is 21 GB, 10^9 bytes each; M and k are MB and kB."


class HelpScreen(Presses, ModalScreen[None], inherit_bindings=False):
    """A text over the panel."""

    PLACES = (Place.READING,)
    BINDINGS = bindings(Place.READING)

    def __init__(self, about: str) -> None:
        super().__init__()
        self._about = about

    def compose(self) -> ComposeResult:
        """The text."""
        yield HelpText(self._about)

    def do_back(self) -> None:
        """Leave."""
        self.dismiss()


class HelpText(Scrolled):
    """The text."""

    def __init__(self, about: str) -> None:
        super().__init__(id="help")
        self._about = about
        self._text: list[Strip] = []

    def count(self) -> int:
        """How many rows there are."""
        return len(self._text)

    def entry(self, index: int, _width: int, _look: Look) -> Sequence[Strip]:
        """One row."""
        return self._text[index : index + 1]

    def paint(self, width: int, height: int, look: Look) -> Sequence[Strip]:
        """The box with what is in sight."""
        self._text = help_text(self._about, width - 2, look, desk(self).keys, desk(self).readonly)
        rows = self.window(width - 2, height - 2, look)
        return framed(rows, width, height, Box("Help", [(self.place, look.muted)], focused=True), look)


def help_text(about: str, width: int, look: Look, table: Iterable[Key] = KEYS, readonly: str = "") -> list[Strip]:
    """The rows, section by section."""
    rows = [line([(" " + text, look.text)], width, look) for text in wrapped(about, width - 2, look)] if about else []
    rows += _heading("States", width, look)
    rows += _states(width, look)
    rows += [line([(f"  {text}", look.muted)], width, look) for text in wrapped(_SIZES, width - 3, look)]
    for place in Place:
        rows += _heading(place.value, width, look)
        for key in keys_of(place, table=table):
            names = " ".join(shown(name, not look.glyphs.ascii) for name in key.keys)
            text = f"{key.help} ({readonly})" if key.acts and readonly else key.help
            rows += _entry(names, text, width, look)
    return rows


def _heading(title: str, width: int, look: Look) -> list[Strip]:
    return [line([], width, look), line([(f" {title}", look.title)], width, look)]


def _entry(names: str, text: str, width: int, look: Look) -> list[Strip]:
    """The keys, then what they do, wrapped into its own column."""
    first: list[Piece] = [(f"  {names:<{_KEYS_CELLS}}", look.accent)]
    blank: list[Piece] = [(" " * cells(first), look.text)]
    texts = wrapped(text, max(10, width - cells(first) - 1), look)
    return [
        line([*(blank if number else first), (part, look.text)], width, look) for number, part in enumerate(texts)
    ]


def _states(width: int, look: Look) -> list[Strip]:
    """All states in columns."""
    cell = 14
    across = max(1, (width - 2) // cell)
    states = list(RunState)
    return [
        line(
            [
                ("  ", look.text),
                *(
                    (f"{look.glyphs.state(state)} {state:<{cell - 2}}", look.state(state))
                    for state in states[i : i + across]
                ),
            ],
            width,
            look,
        )
        for i in range(0, len(states), across)
    ]
