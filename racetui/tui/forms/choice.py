"""One of a few values, chosen by left and right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.strip import Strip

from racetui.keys import Place
from racetui.tui.lines import line
from racetui.tui.look import Look
from racetui.tui.pane import Cells
from racetui.tui.presses import Presses, bindings


@dataclass(frozen=True, slots=True)
class Option:
    """A value and what to say about it."""

    value: str
    title: str
    note: str = ""


class Choice(Presses, Cells, can_focus=True):
    """Shows the chosen option between two arrows."""

    PLACES = (Place.CHOICE,)
    BINDINGS = bindings(Place.CHOICE)

    class Changed(Message):
        """Another option is chosen."""

    def __init__(self, id: str, options: Sequence[Option], value: str) -> None:
        super().__init__(id=id)
        self.options = options
        self.moved: Callable[[], None] = lambda: None
        """Called at once when another option is chosen; ``Changed`` comes after keys that were typed ahead."""
        self._index = next((i for i, option in enumerate(options) if option.value == value), 0)
        self._chosen = value
        """By a person, or to begin with: perhaps not among the options of the moment."""

    @property
    def option(self) -> Option:
        """The chosen one."""
        return self.options[self._index]

    @property
    def value(self) -> str:
        """Its value."""
        return self.option.value

    def offer(self, options: Sequence[Option], otherwise: str, wanted: str | None = None) -> None:
        """Offer other options from now on, with the value that was chosen, or the one ``wanted``.

        ``otherwise`` is chosen if that is not among them, and the first if that is not either; but what was chosen
        is remembered, and comes back with the options that have it.
        """
        value, before = self._chosen if wanted is None else wanted, self.value
        self._chosen = value
        if options == self.options and value == before:
            return
        self.options = options
        values = [option.value for option in options]
        found = [values.index(name) for name in (value, otherwise) if name in values]
        self._index = found[0] if found else 0
        self.repaint()
        if self.value != before:
            self.post_message(self.Changed())

    def show(self, value: str) -> None:
        """Go back to an option by its value, without a word to anybody."""
        self._index = next(i for i, option in enumerate(self.options) if option.value == value)
        self.repaint()

    def choose(self, value: str) -> None:
        """Choose an option by its value."""
        self._move_to(next(i for i, option in enumerate(self.options) if option.value == value))

    def paint(self, width: int, _height: int, look: Look) -> Sequence[Strip]:
        """One row."""
        arrows = look.accent if self.has_focus else look.faint
        text = look.strong + look.selected if self.has_focus else look.text
        pieces = [(look.glyphs.less + " ", arrows), (self.option.title, text), (" " + look.glyphs.more, arrows)]
        return [line(pieces, width, look)]

    def on_click(self, _event: events.Click) -> None:
        """The option after this one."""
        self.do_next_choice()

    def do_next_choice(self) -> None:
        """The option after this one."""
        self._move_to(self._index + 1)

    def do_previous_choice(self) -> None:
        """The option before this one."""
        self._move_to(self._index - 1)

    def _move_to(self, index: int) -> None:
        self._index = index % len(self.options)
        self._chosen = self.value
        self.repaint()
        self.moved()
        self.post_message(self.Changed())


class OpenChoice(Choice):
    """The same with every option in sight, one row each, and what to say about it."""

    def paint(self, width: int, height: int, look: Look) -> Sequence[Strip]:
        """A row per option."""
        longest = max(len(option.title) for option in self.options)
        rows = []
        for option in self.options[:height]:
            chosen = option is self.option
            title = look.strong if chosen else look.text
            rows.append(
                line(
                    [
                        (f"{look.glyphs.pointer if chosen else ' '} ", look.accent),
                        (f"{option.title:<{longest}}  ", title + look.selected if chosen else title),
                        (option.note, look.muted),
                    ],
                    width,
                    look,
                )
            )
        return rows

    def on_click(self, event: events.Click) -> None:
        """The option that was clicked."""
        if event.y < len(self.options):
            self._move_to(event.y)
