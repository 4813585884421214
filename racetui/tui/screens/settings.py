"""The settings of the panel, made from what ``config.toml`` may say: each applies at once and is kept there."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Any

from textual.events import DescendantFocus
from textual.widget import Widget

from profiles.strict import DocumentError
from racetui.capacity import VARIABLE
from racetui.keys import Place, shown
from racetui.preferences import Preferences, Setting, settings, value_of, with_value
from racetui.preferences.reading import Origin
from racetui.preferences.schema import read, written
from racetui.tui.desk import desk
from racetui.tui.forms.choice import Choice, Option
from racetui.tui.forms.entry import Entry
from racetui.tui.forms.form import Field, Form
from racetui.tui.forms.note import Note
from racetui.tui.presses import bindings

_LOCKED = "panel.readonly"
_BELOW = ("about", "file", "own-keys")
"""What stands under the settings."""
_ROWS = {0: (2, 0, 1), 30: (3, 2, 2)}
"""Rows of each, by the least height of the screen."""


class SettingsForm(Form):
    """A row for each setting: what it is, where that came from, and below what it means."""

    PLACES = (Place.FORM, Place.SETTINGS)
    BINDINGS = bindings(Place.FORM, Place.SETTINGS)
    HEADING = "Settings"
    VERB = "done"
    LABELS = MappingProxyType({"cancel": "done"})

    def fields(self) -> Iterable[Field]:
        """All there are."""
        self._known = {_id(setting): setting for setting in settings()}
        for id, setting in self._known.items():
            yield Field(setting.key, self._control(id, setting))

    def below(self) -> Iterable[Widget]:
        """What the focused setting means, where the settings are kept, and whose keys are changed."""
        yield Note(id="about")
        yield Note(self._file(), id="file")
        yield Note(self._keys(), id="own-keys")

    def rows_below(self, height: int) -> int:
        """As many as are left of a screen of ``height``, with a blank one above."""
        return 1 + self.give_rows(_BELOW, _ROWS, height)

    def match(self) -> None:
        """Apply what was changed, and say so beside it."""
        app = desk(self)
        for id, setting in self._known.items():
            control = self.query_one(f"#{id}")
            if isinstance(control, Choice):
                value = next(choice for choice in setting.choices if written(choice) == control.value)
                if value != value_of(app.loaded.preferences, setting.key):
                    self._set(control, setting, value)
        self._show_hints()

    def accept(self, values: dict[str, Any]) -> None:
        """Take what was typed, and leave; everything else has been done."""
        app = desk(self)
        for id, value in values.items():
            setting = self._known[id]
            if isinstance(self.query_one(f"#{id}"), Entry) and value != value_of(app.loaded.preferences, setting.key):
                if locked := self._locked(setting):
                    self.complain(id, locked)
                    return
                app.set(setting.key, value)
        self.dismiss()

    async def do_own_keys(self) -> None:
        """The list of keys, to change them."""
        from racetui.tui.forms.own_keys import KeysScreen

        await self.app.push_screen(KeysScreen())

    def on_screen_resume(self) -> None:
        """Say whose keys are changed by now."""
        for note in self.query("#own-keys").results(Note):
            note.say(self._keys())

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Explain the setting that has the focus."""
        setting = self._known.get(str(event.widget.id))
        if setting is not None:
            self.query_one("#about", Note).say(setting.help, "text")

    def _set(self, control: Choice, setting: Setting, value: Any) -> None:
        """Change a setting, unless something stronger than the file decides."""
        app = desk(self)
        if locked := self._locked(setting):
            control.show(written(value_of(app.loaded.preferences, setting.key)))
            self.refuse(locked)
            return
        app.set(setting.key, value)

    def _locked(self, setting: Setting) -> str:
        """Why it cannot be changed here; empty where it can."""
        app, origin = desk(self), desk(self).loaded.origin(setting.key)
        if setting.key == _LOCKED and app.readonly and origin in {Origin.OPTION, Origin.ENVIRONMENT}:
            return app.readonly
        if setting.section == "queue" and origin is Origin.ENVIRONMENT:
            return f"{VARIABLE} wins: unset it"
        return ""

    def _control(self, id: str, setting: Setting) -> Choice | Entry:
        value = value_of(desk(self).loaded.preferences, setting.key)
        if setting.choices:
            return Choice(
                id, [Option(written(choice), written(choice)) for choice in setting.choices], written(value)
            )
        return Entry(id, written(value), lambda text: _parsed(setting, text))

    def hint(self, field: Field) -> str:
        """Where a setting came from."""
        setting = self._known[str(field.control.id)]
        origin = desk(self).loaded.origin(setting.key)
        return f"{origin}{'' if origin is Origin.DEFAULT else f', default {written(setting.default)}'}"

    def _file(self) -> str:
        loaded = desk(self).loaded
        if loaded.path is None:
            return "kept nowhere: this panel was opened without a file for its settings"
        if not loaded.problems:
            return f"kept in {loaded.path}"
        more = f", and {len(loaded.problems) - 1} more" if len(loaded.problems) > 1 else ""
        return f"wrong: {loaded.problems[0]}{more} (racetui doctor lists all)"

    def _keys(self) -> str:
        own = desk(self).loaded.own_keys
        if not own:
            return "no keys of your own: " + self._opener()
        mine = ", ".join(f"{action} = {' '.join(map(shown, keys))}" for action, keys in own.items())
        return f"your keys: {mine}; {self._opener()}"

    def _opener(self) -> str:
        key = next(key for key in desk(self).keys if key.id == "own_keys")
        return f"{' or '.join(map(shown, key.keys))} lists all, to change them"


def _id(setting: Setting) -> str:
    return setting.key.replace(".", "-").replace("_", "-")


def _parsed(setting: Setting, text: str) -> Any:
    try:
        value = read(setting, text)
        with_value(Preferences(), setting.key, value)
    except DocumentError as error:
        raise ValueError(str(error).rpartition(" must be ")[2]) from None
    return value
