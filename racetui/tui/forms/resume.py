"""The form that lets runs go on which have used their budgets: how much more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from textual.widget import Widget

from racetui import words
from racetui.runs.limits import extended, used_up
from racetui.runs.model import RunSummary
from racetui.runs.paths import RunPaths
from racetui.tui.desk import desk
from racetui.tui.forms import rules
from racetui.tui.forms.choice import Choice, Option
from racetui.tui.forms.entry import Entry
from racetui.tui.forms.form import Field, Form
from racetui.tui.forms.note import Note
from racetui.tui.targets import Targets

USUAL = {"frames": "1M", "seconds": "10m"}
"""How much more, where the run had no limit of that kind."""
_KINDS = (Option("frames", "frames", "more than it has had"), Option("seconds", "time", "of training, more"))


def _rule(kind: str) -> Callable[[str], float]:
    return rules.amount("time" if kind == "seconds" else kind)


class ResumeForm(Form):
    """What a run has had is kept; the limit is raised."""

    VERB = "resume"

    def __init__(self, targets: Targets) -> None:
        super().__init__()
        self._targets = targets
        self._used = [run for run in targets.runs if used_up(run)]
        self.HEADING = f"Resume {targets.title}"
        budget = self._used[0].budget
        self._kind = "seconds" if budget.seconds and not budget.frames else "frames"
        self._usual = {
            "frames": words.trimmed(budget.frames) if budget.frames else USUAL["frames"],
            "seconds": f"{budget.seconds:g}s" if budget.seconds else USUAL["seconds"],
        }

    def fields(self) -> Iterable[Field]:
        """Kind and amount; as much again, to begin with."""
        yield Field("budget", Choice("budget", _KINDS, self._kind))
        more = Entry("more", self._usual[self._kind], _rule(self._kind))
        yield Field("more", more, "on top of what it has had")

    def below(self) -> Iterable[Widget]:
        """Why this is asked, and whom it is for."""
        had = ", ".join(
            f"{run.id} {run.name}: {words.count(run.frames)} frames in {words.duration(run.seconds)}"
            for run in self._used
        )
        yield Note(f"used up by {had}", id="plan")
        yield Note(self._targets.listed, id="advice")

    def match(self) -> None:
        """Another kind of budget has another unit and another usual amount."""
        kind, more = self.query_one("#budget", Choice).value, self.query_one("#more", Entry)
        more.parse = _rule(kind)
        if more.value in self._usual.values():
            more.value = self._usual[kind]

    def accept(self, values: dict[str, Any]) -> None:
        """Resume all of them; those that have something left with what they have."""
        for run in self._targets.runs:
            resume(self, run, values["budget"] if run in self._used else "", values["more"])
        self.dismiss()


def resume(node: Widget, run: RunSummary, kind: Any, more: float = 0.0) -> None:
    """Have the trainer launched again, with more of a kind of budget where one is given."""
    app = desk(node)
    budget = extended(run, kind, more) if kind else None
    app.orders.do(run, "resume from the last checkpoint", lambda: app.services.resume(RunPaths(run.path), budget))
