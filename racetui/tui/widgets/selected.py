"""The selected run in a few lines."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from racetui.tui.desk import desk
from racetui.tui.frame import Box, framed
from racetui.tui.look import Look
from racetui.tui.pane import Cells
from racetui.tui.widgets.facts import Subject, describe


class Selected(Cells, can_focus=True):
    """Who the run is, how far it is, where its time goes, and what it was told."""

    HELP = (
        "The selected run: progress and time left, the stages of a pipeline with what each took, speed, where a "
        "round's time goes (stepping environments, acting, learning), its last "
        "checkpoint, its best evaluation, its process, and orders it has not answered yet."
    )

    def paint(self, width: int, height: int, look: Look) -> Sequence[Strip]:
        """As many rows as there is room for, the important ones first to stay."""
        app = desk(self)
        run = app.selected_run
        if run is None:
            return framed([], width, height, Box("Selected", (), self.has_focus), look)
        detail = app.picture.detail
        if detail is not None and detail.run_id != run.id:
            detail = None
        state = [(f"{look.glyphs.state(run.state)} {run.state}", look.state(run.state))]
        box = Box(f"{run.id} {run.name}", state, self.has_focus)
        charted = self.screen.query_one("#return", Cells).in_sight
        rows = describe(
            Subject(run, detail, app.picture.time, charted, recorded=app.services.demo), width - 2, height - 2, look
        )
        return framed(rows, width, height, box, look)
