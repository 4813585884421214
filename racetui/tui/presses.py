"""From the key table to Textual: bindings, and what a pressed key does."""

from __future__ import annotations

from typing import ClassVar, cast

from textual.binding import Binding, BindingType
from textual.dom import DOMNode

from racetui.keys import Key, Place, choose, keys_of
from racetui.tui.desk import desk


def bindings(*places: Place, priority: bool = False) -> list[BindingType]:
    """Textual's bindings for the keys of some places, all leading to ``action_press``."""
    pressed = dict.fromkeys(name for key in keys_of(*places) for name in key.keys)
    return [Binding(name, f"press('{name}')", show=False, priority=priority) for name in pressed]


class Presses:
    """Takes keys: mixed into a widget or screen that has ``do_<id>`` for its keys, or leaves it to the app."""

    PLACES: ClassVar[tuple[Place, ...]] = ()

    def action_press(self, pressed: str) -> None:
        """Do what the key means now, or say what it would need."""
        key, why = choose(pressed, self.PLACES, desk(self._node).selected_run)
        if key is None:
            desk(self._node).tell(why, "warning")
        else:
            self.perform(key)

    def perform(self, key: Key) -> None:
        """Do it: here if this knows how, else the application does."""
        doer = getattr(self, f"do_{key.id}", None) or getattr(self._node.app, f"do_{key.id}")
        doer()

    @property
    def _node(self) -> DOMNode:
        """Itself: Textual finds styles along the first base that is a node, so a mixin must not be one."""
        return cast("DOMNode", self)
