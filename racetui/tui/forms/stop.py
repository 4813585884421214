"""The form that stops a run: how soon, and at what price."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from textual.widget import Widget

from racetui.runs.paths import RunPaths
from racetui.tui.desk import desk
from racetui.tui.forms.choice import OpenChoice, Option
from racetui.tui.forms.form import Field
from racetui.tui.forms.note import Note
from racetui.tui.forms.question import Question
from racetui.tui.targets import Targets

RUNGS = (
    Option("round", "after this round", "finishes it, saves, stops"),
    Option("now", "now", "gives this round up, saves"),
    Option("kill", "kill", "at once; keeps the last checkpoint only"),
)


class StopForm(Question):
    """Three rungs, the gentlest first."""

    VERB = "stop"

    def __init__(self, targets: Targets) -> None:
        super().__init__()
        self._targets = targets
        self.HEADING = f"Stop {targets.title}"

    def fields(self) -> Iterable[Field]:
        """One choice."""
        yield Field("when", OpenChoice("rung", RUNGS, "round"))

    def below(self) -> Iterable[Widget]:
        """Whom it is for, where that are several."""
        if self._targets.listed:
            yield Note(self._targets.listed, id="command")

    def accept(self, values: dict[str, Any]) -> None:
        """Give the order and leave; what becomes of it is told later."""
        app = desk(self)
        for run in self._targets.runs:
            if values["rung"] == "kill":
                app.orders.do(run, "kill", partial(app.services.kill, RunPaths(run.path)))
            else:
                app.orders.give(run, "stop", {"after": values["rung"]})
        self.dismiss()
