"""The list of all actions with their keys, and the question which key one of them is to have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.strip import Strip

from racetui.keynames import KeyNameError, key_name
from racetui.keys import KEYS, Key, Place, shown
from racetui.tui.desk import desk
from racetui.tui.forms.note import Note
from racetui.tui.frame import Box, framed
from racetui.tui.lines import cells, fit, line
from racetui.tui.look import Look
from racetui.tui.presses import Presses, bindings
from racetui.tui.scrolled import Scrolled
from racetui.tui.widgets.footer import Footer

_KEYS_CELLS = 16
_ACTION_CELLS = 17
_USUAL: Mapping[str, Key] = {key.id: key for key in reversed(KEYS) if key.place is not Place.ANYWHERE}
ACTIONS = tuple(dict.fromkeys(key.id for key in KEYS if key.place is not Place.ANYWHERE))
"""All that can have other keys, in the table's order."""


class KeysScreen(Presses, ModalScreen[None], inherit_bindings=False):
    """Every action with its keys; what was wrong with another one below."""

    PLACES = (Place.READING,)
    BINDINGS = bindings(Place.READING)

    def compose(self) -> ComposeResult:
        """The list, what is said of the chosen action, and the keys that work here."""
        with Vertical(id="own-keys-box"):
            yield KeyList()
            yield Note(id="key-note")
            yield Footer(Place.OWN_KEYS, Place.READING, labels={"back": "done"})

    def do_back(self) -> None:
        """Leave; every change has been made."""
        self.dismiss()


class KeyList(Scrolled):
    """The actions, one of them chosen."""

    PLACES = (Place.OWN_KEYS, Place.TEXT)
    BINDINGS = bindings(Place.OWN_KEYS, Place.TEXT)

    def __init__(self) -> None:
        super().__init__(id="key-list")
        self.at = 0

    @property
    def action_id(self) -> str:
        """The chosen action."""
        return ACTIONS[self.at]

    def on_mount(self) -> None:
        """Begin with the first."""
        super().on_mount()
        self.focus()
        self._explain()

    def count(self) -> int:
        """How many actions there are."""
        return len(ACTIONS)

    def entry(self, index: int, width: int, look: Look) -> Sequence[Strip]:
        """One of them."""
        action = ACTIONS[index]
        own = action in desk(self).loaded.own_keys
        names = " ".join(shown(name, not look.glyphs.ascii) for name in self._keys(action))
        style = look.selected if index == self.at else look.text
        pieces = [
            (f" {names:<{_KEYS_CELLS - 1}} ", look.accent + style),
            (f"{action.replace('_', ' ') + '*' * own:<{_ACTION_CELLS}} ", look.strong + style if own else style),
        ]
        room = max(0, width - cells(pieces))
        return [line([*pieces, (fit(_USUAL[action].help, room, look).ljust(room), look.muted + style)], width, look)]

    def paint(self, width: int, height: int, look: Look) -> Sequence[Strip]:
        """The box with what is in sight."""
        self.top = max(min(self.top, self.at), self.at - max(0, height - 3))
        rows = self.window(width - 2, height - 2, look)
        place = [(f"{self.at + 1}/{len(ACTIONS)}", look.muted)]
        return framed(rows, width, height, Box("Keys", place, focused=True), look)

    def scroll_by(self, entries: int) -> None:
        """Choose another one."""
        self.at = max(0, min(len(ACTIONS) - 1, self.at + entries))
        self.repaint()
        self._explain()

    def do_scroll_home(self) -> None:
        """The first one."""
        self.scroll_by(-len(ACTIONS))

    def do_scroll_end(self) -> None:
        """The last one."""
        self.scroll_by(len(ACTIONS))

    def on_click(self, event: events.Click) -> None:
        """The one that was clicked."""
        self.scroll_by(self.top + max(0, event.y - 1) - self.at)

    async def do_change_key(self) -> None:
        """Ask for another key."""
        await self.app.push_screen(KeyPress(self.action_id, partial(self._take, ())))

    async def do_add_key(self) -> None:
        """Ask for one more."""
        before = tuple(self._keys(self.action_id))
        await self.app.push_screen(KeyPress(self.action_id, partial(self._take, before)))

    def do_usual_key(self) -> None:
        """As if it had never been changed."""
        self._change(())

    def _take(self, before: tuple[str, ...], pressed: str) -> None:
        try:
            name = key_name(shown(pressed))
        except KeyNameError as error:
            self._refuse(str(error))
        else:
            self._change((*before, name))

    def _change(self, names: Sequence[str]) -> None:
        action = self.action_id
        own = names if tuple(names) != _USUAL[action].keys else ()
        try:
            desk(self).change_keys(action, own)
        except ValueError as error:
            self._refuse(str(error))
        else:
            self._explain()

    def _keys(self, action: str) -> Sequence[str]:
        return desk(self).loaded.own_keys.get(action, _USUAL[action].keys)

    def _explain(self) -> None:
        usual = " ".join(map(shown, _USUAL[self.action_id].keys))
        where = f"{_USUAL[self.action_id].place.value}; usually {usual}"
        readonly = desk(self).readonly
        self._say(f"{where}; changes are not kept: {readonly}" if readonly else where)

    def _refuse(self, why: str) -> None:
        self._say(f"{self.action_id.replace('_', ' ')} keeps its keys: {why}", "bad")

    def _say(self, text: str, style: str = "muted") -> None:
        self.screen.query_one("#key-note", Note).say(text, style)


class KeyPress(ModalScreen[None], inherit_bindings=False):
    """Waits for one key, whatever it is."""

    def __init__(self, action: str, take: Callable[[str], None]) -> None:
        super().__init__()
        self._action, self._take = action, take

    def compose(self) -> ComposeResult:
        """The question."""
        with Vertical(id="key-press-box"):
            yield Note(f"Press the key for {self._action.replace('_', ' ')}", "strong")
            yield Note("esc: leave it as it is")

    def take_key(self, pressed: str) -> None:
        """The answer: the application gives this screen every key before it looks what the key means."""
        self.dismiss()
        if pressed != "escape":
            self._take(pressed)
