"""From the key table to Textual: bindings, and what a pressed key does."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import isawaitable
from typing import ClassVar, cast

from textual.binding import Binding, BindingsMap, BindingType
from textual.dom import DOMNode

from racetui.keys import KEYS, Key, Place, choose, keys_of, shown
from racetui.tui.desk import desk


def bindings(*places: Place, table: Iterable[Key] = KEYS) -> list[BindingType]:
    """Textual's bindings for the keys of some places, all leading to ``action_press``.

    They have priority: a key is then obeyed before the next one is looked at, and on a slow link, where several
    arrive at once, each finds what the one before it opened or focused.
    """
    pressed = dict.fromkeys(name for key in keys_of(*places, table=table) for name in key.keys)
    return [Binding(name, f"press('{name}')", show=False, priority=True) for name in pressed]


class Presses:
    """Takes keys: mixed into a widget or screen that has ``do_<id>`` for its keys, or leaves it to the app."""

    PLACES: ClassVar[tuple[Place, ...]] = ()

    def on_mount(self) -> None:
        """Take the person's own keys."""
        if desk(self._node).keys is not KEYS:
            self.rebind()

    def rebind(self) -> None:
        """Take the keys that the table has now."""
        self._node._bindings = BindingsMap(bindings(*self.PLACES, table=desk(self._node).keys))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave a key to the focused pane if that has a use for it."""
        focused: object = self._node.screen.focused
        if action == "press" and focused is not self and isinstance(focused, Presses):
            return not any(parameters[0] in key.keys for key in keys_of(*focused.PLACES, table=desk(self._node).keys))
        return True

    async def action_press(self, pressed: str) -> None:
        """Do what the key means now, or say what it would need."""
        app = desk(self._node)
        key, why = choose(pressed, self.PLACES, app.selected_run, app.marked_runs, table=app.keys)
        if key is None:
            desk(self._node).tell(why, "warning")
        else:
            await self.perform(key)

    async def perform(self, key: Key) -> None:
        """Do it: here if this knows how, else the application does."""
        if key.acts and desk(self._node).readonly:
            desk(self._node).tell(
                f"{shown(key.keys[0])} ({key.id.replace('_', ' ')}): {desk(self._node).readonly}", "warning"
            )
            return
        doer = getattr(self, f"do_{key.id}", None) or getattr(self._node.app, f"do_{key.id}")
        opened = doer()
        if isawaitable(opened):
            await opened  # the next key is for what this one opened

    @property
    def _node(self) -> DOMNode:
        """Itself: Textual finds styles along the first base that is a node, so a mixin must not be one."""
        return cast("DOMNode", self)
