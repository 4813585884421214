"""The form that chooses which runs the list shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual.widget import Widget

from racetui.runs.filtering import HELP, FilterError, parse_filter
from racetui.tui.desk import desk
from racetui.tui.forms.entry import Entry
from racetui.tui.forms.form import Field, Form
from racetui.tui.forms.note import Note
from racetui.tui.lines import wrapped


class FilterForm(Form):
    """One line; an empty one shows all runs."""

    HEADING = "Show runs that"
    VERB = "show"

    def fields(self) -> Iterable[Field]:
        """The line as it is now."""
        yield Field(
            "match", Entry("text", desk(self).filter.text, str, "agent:ppo return>800 state:running tag:good")
        )

    def below(self) -> Iterable[Widget]:
        """What can be written."""
        yield Note(HELP, id="command")

    def refuse(self, text: str) -> None:
        """Say it in as many rows as it takes: the words that are possible are at its end."""
        verdict = self.query_one("#verdict", Note)
        verdict.styles.height = len(wrapped(text, verdict.size.width, desk(self).look))
        super().refuse(text)

    def accept(self, values: dict[str, Any]) -> None:
        """Show those from now on, or say what is not understood."""
        try:
            desk(self).show_runs(parse_filter(values["text"]))
        except FilterError as error:
            self.refuse(str(error))
        else:
            self.dismiss()
