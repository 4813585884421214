"""The command palette: the key table's actions that apply now, found by typing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from rich.text import Text
from textual.command import CommandInput, CommandPalette, DiscoveryHit, Hit, Hits, Provider, SearchIcon
from textual.widgets import LoadingIndicator

from racetui.keys import Key, keys_of, shown
from racetui.tui.desk import desk
from racetui.tui.presses import Presses


class Commands(Provider):
    """What can be done on the screen beneath, given the selected run."""

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for key, run in self._keys():
            yield DiscoveryHit(_title(key), run, help=_help(key))

    async def search(self, query: str) -> Hits:
        """What matches, by label and description."""
        matcher = self.matcher(query)
        for key, run in self._keys():
            score = max(matcher.match(_title(key)), 0.9 * matcher.match(key.help))
            if score > 0:
                yield Hit(score, matcher.highlight(_title(key)), run, text=_title(key), help=_help(key))

    def _keys(self) -> Iterator[tuple[Key, Callable[[], Awaitable[None]]]]:
        screen = self.screen
        if isinstance(screen, Presses):
            for key in keys_of(*screen.PLACES, table=desk(screen).keys):
                if key.in_palette and key.need.met(desk(self.screen).selected_run):
                    yield key, partial(screen.perform, key)


def _title(key: Key) -> str:
    return f"{key.id.replace('_', ' ')}  ({shown(key.keys[0])})"


def _help(key: Key) -> str:
    return Text(key.help).plain.replace("[", "\\[")


class Palette(CommandPalette):
    """Textual's palette without what moves by itself."""

    def __init__(self) -> None:
        super().__init__([Commands], placeholder="Search the commands")

    def on_mount(self) -> None:
        """Stop what would redraw although nothing changed, and use no symbol that a terminal may lack."""
        self.query_one(SearchIcon).icon = ">"
        self.query_one(CommandInput).cursor_blink = False
        self.query_one(LoadingIndicator).auto_refresh = None
