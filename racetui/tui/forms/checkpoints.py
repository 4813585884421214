"""The forms about a run's checkpoints: which is the best, and which is to go."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from racetui import words
from racetui.checkpointing import Kept
from racetui.runs.model import RunSummary
from racetui.runs.paths import RunPaths
from racetui.tui.desk import desk
from racetui.tui.forms.choice import Choice, OpenChoice, Option
from racetui.tui.forms.form import Field, Form
from racetui.tui.forms.question import Question

PROMOTE = Option("promote", "make it the best", "until a later one scores better than all")
DELETE = Option("delete", "delete it", "asks first")


class CheckpointsForm(Form):
    """One of them, and what to do with it: only what can be done."""

    def __init__(self, run: RunSummary, found: list[Kept]) -> None:
        super().__init__()
        self._run, self._found = run, {str(one.row.frames): one for one in found}
        self.HEADING = f"Checkpoints of {run.id} {run.name}"

    def fields(self) -> Iterable[Field]:
        """Which, and what."""
        options = [Option(frames, words.count(int(frames)), worth(one)) for frames, one in self._found.items()]
        yield Field("checkpoint", Choice("checkpoint", options, options[0].value))
        yield Field("do", Choice("do", self._possible(options[0].value), PROMOTE.value))

    def match(self) -> None:
        """Offer what can be done with this one."""
        possible = self._possible(self.query_one("#checkpoint", Choice).value)
        self.query_one("#do", Choice).offer(possible, possible[0].value)

    def accept(self, values: dict[str, Any]) -> None:
        """Make it the best, or ask whether it really is to go."""
        run, frames, app = self._run, int(values["checkpoint"]), desk(self)
        self.dismiss()
        if values["do"] == "delete":
            self.app.push_screen(DeleteForm(run, self._found[values["checkpoint"]]))
        else:
            work = partial(app.services.promote, RunPaths(run.path), frames)
            app.orders.do(run, f"making the checkpoint at {frames:,} frames the best", work, "promote")

    def _possible(self, frames: str) -> list[Option]:
        stays = "latest" in self._found[frames].row.tags and not self._run.state.ended
        return [PROMOTE] if stays else [PROMOTE, DELETE]


class DeleteForm(Question):
    """Asks, with keeping it as the first answer."""

    VERB = "answer"

    def __init__(self, run: RunSummary, one: Kept) -> None:
        super().__init__()
        self._run, self._one = run, one
        self.HEADING = f"Delete a checkpoint of {run.id} {run.name}?"

    def fields(self) -> Iterable[Field]:
        """Yes or no."""
        frames = words.count(self._one.row.frames)
        best = "it is the best one, and" if "best" in self._one.row.tags else "it"
        options = (
            Option("keep", "keep it", f"the one of {frames} frames, {worth(self._one)}"),
            Option("delete", "delete it", f"{best} cannot be brought back"),
        )
        yield Field(frames, OpenChoice("answer", options, "keep"))

    def accept(self, values: dict[str, Any]) -> None:
        """Have it deleted, or not."""
        app, run, row = desk(self), self._run, self._one.row
        if values["answer"] == "delete":
            work = partial(app.services.delete, RunPaths(run.path), row.frames, "best" in row.tags)
            app.orders.do(run, f"deleting the checkpoint at {row.frames:,} frames", work, "delete")
        self.dismiss()


def worth(one: Kept) -> str:
    """Its size, score and tags."""
    score = "" if one.score is None else f", {words.score(one.score.results.get('mean'))}"
    return f"{words.size(one.row.bytes)}{score} {' '.join(one.row.tags)}".rstrip()
