"""A form of one question whose answers are all in sight."""

from __future__ import annotations

from racetui.tui.forms.choice import OpenChoice
from racetui.tui.forms.form import Form


class Question(Form):
    """There is one field, so up and down choose in it, as left and right do."""

    def do_next_field(self) -> None:
        """The answer below."""
        self.query_one(OpenChoice).do_next_choice()

    def do_previous_field(self) -> None:
        """The answer above."""
        self.query_one(OpenChoice).do_previous_choice()
