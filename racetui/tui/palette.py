"""The command palette: the key table's actions that apply now, found by typing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial

from rich.text import Text
from textual.command import CommandInput, CommandPalette, DiscoveryHit, Hit, Hits, Provider, SearchIcon
from textual.widgets import LoadingIndicator

from racetui.colours import COLOURS
from racetui.keys import Key, applies, keys_of, shown
from racetui.tui.desk import desk
from racetui.tui.presses import Presses


@dataclass(frozen=True, slots=True)
class Command:
    """One row."""

    title: str
    help: str
    do: Callable[[], Awaitable[None]]


class Commands(Provider):
    """What can be done on the screen beneath, given the selected run; and each theme by name."""

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for command in self._commands():
            yield DiscoveryHit(command.title, command.do, help=_help(command))

    async def search(self, query: str) -> Hits:
        """What matches, by label and description."""
        matcher = self.matcher(query)
        for command in self._commands():
            score = max(matcher.match(command.title), 0.9 * matcher.match(command.help))
            if score > 0:
                yield Hit(
                    score, matcher.highlight(command.title), command.do, text=command.title, help=_help(command)
                )

    def _commands(self) -> Iterator[Command]:
        screen, app = self.screen, desk(self.screen)
        if isinstance(screen, Presses):
            for key in keys_of(*screen.PLACES, table=app.keys):
                if key.in_palette and applies(key, app.selected_run, app.marked_runs):
                    why = f" ({app.readonly})" if key.acts and app.readonly else ""
                    yield Command(_title(key), key.help + why, partial(screen.perform, key))
        if not app.look.colours:
            return
        for name in COLOURS:
            yield Command(f"theme {name}", "These colours; config.toml remembers them", partial(self._dress, name))

    async def _dress(self, theme: str) -> None:
        desk(self.screen).set("panel.theme", theme)


def _title(key: Key) -> str:
    return f"{key.id.replace('_', ' ')}  ({shown(key.keys[0])})"


def _help(command: Command) -> str:
    return Text(command.help).plain.replace("[", "\\[")


class Palette(CommandPalette):
    """Textual's palette without what moves by itself."""

    def __init__(self) -> None:
        super().__init__([Commands], placeholder="Search the commands")

    def on_mount(self) -> None:
        """Stop what would redraw although nothing changed, and use no symbol that a terminal may lack."""
        self.query_one(SearchIcon).icon = ">"
        self.query_one(CommandInput).cursor_blink = False
        self.query_one(LoadingIndicator).auto_refresh = None
