"""The form that stops a run: how soon, and at what price."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from racetui.runs.model import RunSummary
from racetui.runs.paths import RunPaths
from racetui.tui.desk import desk
from racetui.tui.forms.choice import OpenChoice, Option
from racetui.tui.forms.form import Field, Form

RUNGS = (
    Option("round", "after this round", "finishes it, saves, stops"),
    Option("now", "now", "gives this round up, saves"),
    Option("kill", "kill", "keeps the last checkpoint only"),
)


class StopForm(Form):
    """Three rungs, the gentlest first."""

    VERB = "stop"

    def __init__(self, run: RunSummary) -> None:
        super().__init__()
        self._run = run
        self.HEADING = f"Stop {run.id} {run.name}"

    def fields(self) -> Iterable[Field]:
        """One choice."""
        yield Field("when", OpenChoice("rung", RUNGS, "round"))

    def accept(self, values: dict[str, Any]) -> None:
        """Give the order and leave; what becomes of it is told later."""
        app = desk(self)
        if values["rung"] == "kill":
            app.orders.do(self._run, "kill", lambda: app.services.kill(RunPaths(self._run.path)))
        else:
            app.orders.give(self._run, "stop", {"after": values["rung"]})
        self.dismiss()

    def do_next_field(self) -> None:
        """There is one field: up and down choose in it, too."""
        self.query_one(OpenChoice).do_next_choice()

    def do_previous_field(self) -> None:
        """See ``do_next_field``."""
        self.query_one(OpenChoice).do_previous_choice()
