"""What all forms do: fields in rows, a message beside each wrong one, enter to go, escape to leave."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from racetui.keys import Place
from racetui.tui.desk import desk
from racetui.tui.forms.choice import Choice, OpenChoice
from racetui.tui.forms.entry import Entry
from racetui.tui.forms.note import Note
from racetui.tui.lines import clean
from racetui.tui.presses import Presses, bindings
from racetui.tui.widgets.footer import Footer


@dataclass(frozen=True, slots=True)
class Field:
    """A row of a form."""

    label: str
    control: Choice | Entry
    hint: str = ""
    """Said beside it unless it is a choice whose option has a note, or something is wrong."""


_AROUND = 4
"""Rows of a form besides its fields: the edges, the verdict, the footer."""


class Form(Presses, ModalScreen[None], inherit_bindings=False):
    """A box over the panel; subclasses say what is asked and what is done."""

    PLACES: ClassVar[tuple[Place, ...]] = (Place.FORM,)
    BINDINGS = bindings(Place.FORM)
    HEADING = ""
    VERB = "go"
    """What enter does, for the footer."""
    LABELS: ClassVar[Mapping[str, str]] = {}
    """Other words for the footer, by action."""
    FIRST = ""
    """The field to begin at, if it is not the first of all."""

    def fields(self) -> Iterable[Field]:
        """The rows, made once."""
        raise NotImplementedError

    def below(self) -> Iterable[Widget]:
        """What stands under the fields."""
        return ()

    def rows_below(self, _height: int) -> int:
        """How many rows that takes of a screen of so many."""
        return 0

    def give_rows(self, notes: Sequence[str], rows: Mapping[int, Sequence[int]], height: int) -> int:
        """Give notes under the fields so many rows, by the least height of the screen; returns how many in all."""
        given = rows[max(least for least in rows if least <= height)]
        for name, count in zip(notes, given, strict=True):
            note = self.query_one(f"#{name}")
            note.display, note.styles.height = count > 0, max(1, count)
        return sum(given)

    def hint(self, field: Field) -> str:
        """What is said beside a field where nothing is wrong with it."""
        return (field.control.option.note if isinstance(field.control, Choice) else "") or field.hint

    def changed(self) -> None:
        """A field has another value."""

    def match(self) -> None:
        """Another option is chosen: ask for what goes with it, before the next key."""

    def accept(self, values: dict[str, Any]) -> None:
        """Do it: every value has been checked; may leave the form or say why not."""
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self._fields: list[Field] = []
        self._hidden: set[str] = set()
        self._complaints: dict[str, tuple[str, str]] = {}
        """By field: the value that was wrong, and why."""
        self._refused: dict[str, str] = {}
        """The values with which it could not be done."""

    def compose(self) -> ComposeResult:
        """The box."""
        self._fields = list(self.fields())
        with Vertical(id="box") as box:
            box.border_title = Text(clean(self.HEADING, desk(self).look))  # a run's name is no markup
            with VerticalScroll(id="rows", can_focus=False):
                for field in self._fields:
                    with Horizontal(classes="field", id=f"{field.control.id}-row"):
                        yield Note(field.label, classes="label")
                        yield field.control
                        if not isinstance(field.control, OpenChoice):
                            yield Note(classes="hint", id=f"{field.control.id}-hint")
            yield from self.below()
            yield Note(id="verdict")
            yield Footer(*self.PLACES, Place.CHOICE, labels={"submit": self.VERB, **self.LABELS})

    def on_resize(self, event: events.Resize) -> None:
        """Fields that there is no room for are scrolled to; what enter does and what went wrong stay in sight."""
        height = event.size.height
        self.query_one("#rows").styles.max_height = max(1, height - _AROUND - self.rows_below(height))

    def on_mount(self) -> None:
        """Begin at the first field."""
        for field in self._fields:
            if isinstance(field.control, Choice):
                field.control.moved = self.match
        self.match()
        self._show_hints()
        if self._fields:
            self.set_focus(self.query_one(f"#{self.FIRST}") if self.FIRST else self._fields[0].control)
        self.changed()

    @on(Choice.Changed)
    @on(Input.Changed)
    def _on_change(self) -> None:
        """News of a change may come after enter was pressed: a complaint stays until its field is another."""
        self._show_hints()
        if self._raw() != self._refused:
            self.query_one("#verdict", Note).say("")
        self.changed()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A letter that is typed into a field is text."""
        if action == "press" and isinstance(self.focused, Entry) and len(str(parameters[0])) == 1:
            return False
        return super().check_action(action, parameters)

    async def action_press(self, pressed: str) -> None:
        """Do what the key means, after the text typed before it has arrived in its field."""
        if isinstance(self.focused, Entry):
            arrived = asyncio.Event()
            self.focused.call_later(arrived.set)
            with contextlib.suppress(TimeoutError):  # never wait for a field that is being taken away
                await asyncio.wait_for(arrived.wait(), 1.0)
        await super().action_press(pressed)

    def parsed(self) -> dict[str, Any] | None:
        """The values by field, or None with the errors shown."""
        values, errors = self.read()
        for number, (field, text) in enumerate(errors.items()):
            self.complain(field, text, focus=number == 0)
        return None if errors else values

    def ask(self, field: str, wanted: bool) -> None:
        """Show a field, or hide one that has no meaning beside the other values."""
        row = self.query_one(f"#{field}-row")
        if row.display != wanted and self.focused is not None:  # what is shown above may push it out of sight
            self.call_after_refresh(self.focused.scroll_visible, animate=False)
        row.display = wanted
        (self._hidden.discard if wanted else self._hidden.add)(field)

    def asked(self, field: str) -> bool:
        """Whether a field is shown."""
        return field not in self._hidden

    def read(self) -> tuple[dict[str, Any], dict[str, str]]:
        """The values by field, and what is wrong with the others; nothing of fields that are hidden."""
        values: dict[str, Any] = {}
        errors: dict[str, str] = {}
        for field in (field for field in self._fields if self.asked(str(field.control.id))):
            control, name = field.control, str(field.control.id)
            try:
                values[name] = control.parse(control.value) if isinstance(control, Entry) else control.value
            except ValueError as error:
                errors[name] = str(error)
        return values, errors

    def complain(self, field: str, text: str, focus: bool = True) -> None:
        """Say what is wrong with a field, beside it, until it is changed."""
        self._complaints[field] = (self._raw()[field], text)
        self._show_hints()
        if focus:
            self.set_focus(self.query_one(f"#{field}"))

    def refuse(self, text: str) -> None:
        """Say why it was not done, under all fields, until one of them is changed."""
        self._refused = self._raw()
        self.query_one("#verdict", Note).say(text, "bad")

    def _raw(self) -> dict[str, str]:
        return {str(field.control.id): field.control.value for field in self._fields}

    def _show_hints(self) -> None:
        raw = self._raw()
        for field in self._fields:
            control, name = field.control, str(field.control.id)
            if isinstance(control, OpenChoice):
                continue
            hint = self.query_one(f"#{name}-hint", Note)
            value, complaint = self._complaints.get(name, ("", ""))
            if complaint and value == raw[name]:
                hint.say(complaint, "bad")
            else:
                hint.say(self.hint(field))

    def do_submit(self) -> None:
        """Check everything, then do it."""
        values = self.parsed()
        if values is not None:
            self.accept(values)

    def do_cancel(self) -> None:
        """Leave."""
        self.dismiss()

    def do_next_field(self) -> None:
        """Focus the next field."""
        self._focus_beside(1)

    def do_previous_field(self) -> None:
        """Focus the field above."""
        self._focus_beside(-1)

    def _focus_beside(self, places: int) -> None:
        """Fields in their own order: Textual's is by places on the screen, which a field just shown has not yet."""
        controls = [field.control for field in self._fields if self.asked(str(field.control.id))]
        here = controls.index(self.focused) if self.focused in controls else -1
        self.set_focus(controls[(here + places) % len(controls)])
