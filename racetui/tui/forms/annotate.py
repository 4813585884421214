"""The form for what people say of a run: a note and tags."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from racetui.runs.errors import InvalidNote
from racetui.runs.model import RunSummary
from racetui.runs.notes import MOST_TAGS, NOTE_LENGTH, check_tag
from racetui.runs.paths import RunPaths
from racetui.tui.desk import desk
from racetui.tui.forms.entry import Entry
from racetui.tui.forms.form import Field, Form


class AnnotateForm(Form):
    """Written at once, whether the run lives or not."""

    VERB = "write"

    def __init__(self, run: RunSummary) -> None:
        super().__init__()
        self._run = run
        self.HEADING = f"Note and tags of {run.id} {run.name}"

    def fields(self) -> Iterable[Field]:
        """As they are now."""
        yield Field("note", Entry("note", self._run.note, _note, "what to remember of it"))
        yield Field("tags", Entry("tags", " ".join(self._run.tags), _tags, "words with spaces between"))

    def accept(self, values: dict[str, Any]) -> None:
        """Write what has changed."""
        run, paths = self._run, RunPaths(self._run.path)
        if values["note"] != run.note:
            desk(self).orders.do(run, "note", partial(desk(self).services.note, paths, values["note"]))
        if values["tags"] != run.tags:
            desk(self).orders.do(run, "tags", partial(desk(self).services.tag, paths, values["tags"]))
        self.dismiss()


def _note(text: str) -> str:
    note = " ".join(text.split())
    if len(note) > NOTE_LENGTH:
        raise ValueError(f"{NOTE_LENGTH} characters at the most")
    return note


def _tags(text: str) -> tuple[str, ...]:
    tags = sorted(set(text.split()))
    if len(tags) > MOST_TAGS:
        raise ValueError(f"{MOST_TAGS} tags at the most")
    for tag in tags:
        try:
            check_tag(tag)
        except InvalidNote:
            raise ValueError(f"{tag}: letters, digits . _ -") from None
    return tuple(tags)
