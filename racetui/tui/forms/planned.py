"""A form about a run: under its fields stands what the run would be, planned anew with every change."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.widget import Widget

from racetui.tui.desk import desk
from racetui.tui.forms import starting
from racetui.tui.forms.form import Form
from racetui.tui.forms.note import Note

if TYPE_CHECKING:
    from racetui.launching import StartRequest
    from racetui.previews import Preview

_BELOW = ("plan", "expected", "warning", "command")
"""What stands under the fields, always in sight."""
_ROWS = {0: (0, 1, 1, 1), 22: (1, 1, 2, 2), 30: (1, 1, 2, 3)}
"""Rows of each, by the least height of the screen."""


class PlannedForm(Form):
    """Plans in a thread, one question at a time, the newest next."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: StartRequest | None = None
        """What the plan in sight is, or will be, of."""
        self._planning = False
        self._command = ""

    def request(self, values: dict[str, Any]) -> StartRequest:
        """What the fields come to."""
        raise NotImplementedError

    def below(self) -> Iterable[Widget]:
        """The plan, what is expected, and the command that does the same."""
        return [Note(id=name) for name in _BELOW]

    def rows_below(self, height: int) -> int:
        """As many as are left of a screen of ``height``."""
        return self.give_rows(_BELOW, _ROWS, height)

    def changed(self) -> None:
        """Plan again, and show the command."""
        values, errors = self.read()
        if errors:  # half a number is nothing to complain of while it is being typed
            self._asked = None
            for name in _BELOW:
                self.query_one(f"#{name}", Note).say("")
            return
        self._asked = self.request(values)
        if not self._planning:
            self._plan()

    def do_copy(self) -> None:
        """Copy the command to the terminal's clipboard."""
        if self._command:
            self.app.copy_to_clipboard(self._command)
            desk(self).tell("The command is copied, if your terminal lets programs do that")
        else:
            desk(self).tell("There is no command yet: something is wrong with a field", "warning")

    def _plan(self) -> None:
        """Plan what is asked for now; one at a time, however fast somebody types."""
        if self._asked is not None:
            self._planning = True
            desk(self).in_background(partial(starting.planned, self._asked), partial(self._show_preview, self._asked))

    def _show_preview(self, request: StartRequest, found: Preview) -> None:
        self._planning = False
        if not self.is_attached or not self.is_running:
            return  # the form was left
        if request is not self._asked:
            self._plan()  # something else is asked by now
            return
        self._command = found.command
        grave = found.error or "; ".join(found.warnings)
        self.query_one("#plan", Note).say(found.plan, "text")
        self.query_one("#expected", Note).say(found.expected, "text")
        style = "bad" if found.error else "warn" if grave else "muted"
        self.query_one("#warning", Note).say(grave or found.advice, style)
        self.query_one("#command", Note).say(found.command, "faint")
