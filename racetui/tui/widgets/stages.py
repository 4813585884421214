"""The stages of a pipeline, a row each: which is going on, how far it is, what it took."""

from __future__ import annotations

from collections.abc import Iterator

from racetui import words
from racetui.runs.model import RunState, RunSummary, StageRow
from racetui.tui.lines import Piece, cells, line
from racetui.tui.look import Look
from racetui.tui.widgets.rows import LABEL, Row


def stage_rows(run: RunSummary, width: int, look: Look) -> Iterator[Row]:
    """A row for each stage; the one that is going on is the last to be given up."""
    names = max((len(stage.name) for stage in run.stages), default=0)
    states = max((len(stage.state) for stage in run.stages), default=0)
    for stage in run.stages:
        now = stage == run.stage
        style = look.state(stage.state)
        head: list[Piece] = [
            (f" {'stages' if stage.number == 1 else '':<{LABEL}}", look.muted),
            (f"{look.glyphs.state(stage.state)} ", style),
            (f"{stage.name:<{names}} ", look.strong if now else look.text),
            (f"{stage.state:<{states}}", style),
        ]
        took: list[Piece] = _took(stage, now, look)
        more: list[Piece] = _gained(stage, look)
        room = width - cells(head)
        rest = next((parts for parts in ([*took, *more], took) if cells(parts) <= room), [])
        yield Row(3 if now else 5, line([*head, *rest], width, look))


def _took(stage: StageRow, now: bool, look: Look) -> list[Piece]:
    if stage.started is None:
        expected = stage.planned_seconds
        return [] if expected is None else [(f"  about {words.duration(expected)}", look.faint)]
    took: list[Piece] = [(f"  {words.duration(stage.done.seconds)}", look.text)]
    if now and stage.share:
        took.append((f" {words.percent(stage.share)}", look.accent))
    return took


def _gained(stage: StageRow, look: Look) -> list[Piece]:
    """How much faster than on one core; of stages that are over."""
    if stage.speed_up is None or stage.state is not RunState.FINISHED:
        return []
    return [(f" {look.glyphs.times} {stage.speed_up:.1f}", look.muted)]
