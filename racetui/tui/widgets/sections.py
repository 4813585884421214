"""Everything about a run, section by section, as rows of any width: what does not fit goes on below. Textual-free."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from textual.strip import Strip

from racetui import words
from racetui.checkpointing import Kept, kept
from racetui.runs.model import EvaluationRow, EventRow, RunSummary, StageRow
from racetui.tui.lines import Piece, cells, line, wrapped
from racetui.tui.look import Look
from racetui.tui.meters import sparkline
from racetui.tui.picture import Detail, Picture
from racetui.tui.widgets.facts import Subject, describe

_ALL = 100
"""Rows: more than a run has facts."""
_INDENT, _DEEPER = 3, 5
"""Cells before an entry, and before what of it goes on below."""
_CURVE = 30
"""Cells of a metric's curve, at the most."""

Group = Sequence[Piece]
"""Pieces that stay in one row."""


@dataclass(frozen=True, slots=True)
class RunText:
    """All rows, and where each section begins."""

    rows: list[Strip]
    sections: tuple[tuple[str, int], ...]
    """Title and first row of each."""

    def section_at(self, row: int) -> str:
        """Title of the section that a row belongs to."""
        return next((title for title, first in reversed(self.sections) if first <= row), "")


def run_text(
    run: RunSummary, picture: Picture, spec: Sequence[str], width: int, look: Look, recorded: bool = False
) -> RunText:
    """The text of a run; a ``recorded`` one has no process here."""
    detail = picture.detail if picture.detail is not None and picture.detail.run_id == run.id else Detail(run.id)
    checkpoints = kept(detail.checkpoints, detail.evaluations)
    parts: list[tuple[str, Sequence[list[Strip]]]] = [
        ("Evaluations", [flow(_evaluation(row, look), width, look) for row in reversed(detail.evaluations)]),
        ("Checkpoints", [flow(_checkpoint(one, look), width, look) for one in checkpoints]),
        ("Metrics", _metrics(detail, width, look)),
        ("Events", [_event(row, width, look) for row in reversed(detail.events)]),
        ("Specification", [flow([[(text, look.text)]], width, look) for text in spec]),
    ]
    if run.stages:
        parts.insert(0, ("Stages", [flow(_stage(stage, look), width, look) for stage in run.stages]))
    rows = [
        *describe(
            Subject(run, detail, picture.time, charted=False, summary=False, recorded=recorded), width, _ALL, look
        ),
        *_said(run, width, look),
    ]
    sections = [("Facts", 0)]
    for title, entries in parts:
        sections.append((title, len(rows) + 1))
        rows += [line([], width, look), line([(f" {title}", look.title)], width, look)]
        rows += [row for entry in entries for row in entry] or flow([[("none", look.muted)]], width, look)
    return RunText(rows, tuple(sections))


def flow(groups: Iterable[Group], width: int, look: Look) -> list[Strip]:
    """Groups one behind the other, in as many rows as that takes; one that is too wide for a row is wrapped."""
    rows: list[list[Piece]] = [[(" " * _INDENT, look.text)]]
    for group in groups:
        if cells(rows[-1]) + cells(group) > width and cells(rows[-1]) > _DEEPER:
            rows.append([(" " * _DEEPER, look.text)])
        if cells(rows[-1]) + cells(group) <= width or len(group) != 1:
            rows[-1] += group
            continue
        (text, style) = group[0]
        room = max(1, width - cells(rows[-1]))
        first, *rest = wrapped(text, room, look)
        rows[-1].append((first, style))
        rows += [[(" " * _DEEPER, look.text), (more, style)] for part in rest for more in wrapped(part, room, look)]
    return [line(row, width, look) for row in rows]


def _said(run: RunSummary, width: int, look: Look) -> Iterator[Strip]:
    """What people say of it, and where it is."""
    for label, text in (("tags", " ".join(run.tags)), ("note", run.note), ("files", str(run.path))):
        for number, part in enumerate(wrapped(text, width - 9, look) if text else ()):
            yield line([(f" {'' if number else label:<8}", look.muted), (part, look.text)], width, look)


def _stage(stage: StageRow, look: Look) -> Iterator[Group]:
    yield [(f"{look.glyphs.state(stage.state)} ", look.state(stage.state)), (f"{stage.name:<7} ", look.text)]
    yield [(f"{stage.state:<9} ", look.state(stage.state)), (f"{words.percent(stage.share):>4}  ", look.text)]
    yield [(f"{words.count(stage.done.frames):>6} frames  ", look.text)]
    yield [("took ", look.muted), (f"{words.duration(stage.done.seconds)}  ", look.text)]
    if stage.planned_seconds is not None:
        yield [("expected ", look.muted), (f"{words.duration(stage.planned_seconds)}  ", look.text)]
    if stage.speed_up is not None:
        yield [(f"{look.glyphs.times} {stage.speed_up:.1f} over one core  ", look.muted)]
    yield [(words.counted(stage.workers, "worker"), look.muted)]


def _evaluation(row: EvaluationRow, look: Look) -> Iterator[Group]:
    yield [(f"{_when(row.started)}  ", look.faint), (f"at {words.count(row.frames):>6}  ", look.text)]
    if row.state != "finished":
        style = look.info if row.state == "running" else look.bad
        yield [(f"{row.state}  ", style)]
    else:
        score = (
            f"{words.score(row.results.get('mean'))} {look.glyphs.plus_minus} {words.score(row.results.get('std'))}"
        )
        yield [(f"{score:<15}  ", look.strong)]
    yield [(f"{row.purpose:<9} {row.episodes:>4} tracks from {row.seed}  ", look.muted)]
    how = "" if row.deterministic else ", stochastic"
    yield [(f"{row.backend}{how}  ", look.muted)]
    for name, write in _SCORES:
        if row.results.get(name) is not None:
            yield [(f"{_TITLES.get(name, name)} ", look.muted), (f"{write(row.results[name])}  ", look.text)]
    if row.detail:
        yield [(row.detail, look.muted)]


_SCORES: tuple[tuple[str, Callable[[float], str]], ...] = (
    ("min", words.score),
    ("p10", words.score),
    ("finish_rate", words.percent),
    ("missed_tiles", words.short),
    ("lap_frames", words.count),
)
_TITLES = {"finish_rate": "finished", "missed_tiles": "missed", "lap_frames": "lap frames"}


def _checkpoint(one: Kept, look: Look) -> Iterator[Group]:
    row, score = one.row, one.score
    yield [(f"{_when(row.time)}  ", look.faint), (f"at {words.count(row.frames):>6}  ", look.text)]
    yield [(f"{words.size(row.bytes):>6}  {row.reason:<9} ", look.muted)]
    if score is not None:
        mean, std = score.results.get("mean"), score.results.get("std")
        yield [(f"{words.score(mean)} {look.glyphs.plus_minus} {words.score(std)}  ", look.strong)]
    yield [(" ".join(_tag(tag) for tag in row.tags), look.good)]


def _tag(tag: str) -> str:
    return {"hand": "(chosen by hand)", "top": "(had scored best)"}.get(tag, tag)


def _metrics(detail: Detail, width: int, look: Look) -> list[list[Strip]]:
    """A row for each: its last value, the least and the greatest of its last rounds, and their course."""
    names = max((len(name) for name in detail.tails), default=0)
    entries = []
    for name in sorted(detail.tails):
        values = detail.tails[name].values
        finite = values[np.isfinite(values)]
        last = float(values[-1]) if len(values) else None
        wrong = last is not None and not np.isfinite(last)
        pieces: list[Piece] = [(f"{' ' * _INDENT}{name:<{names}} ", look.muted)]
        pieces.append((f"{'NaN' if wrong else words.short(last):>9}  ", look.bad if wrong else look.strong))
        if len(finite):
            reach = f"{words.short(float(finite.min()))} to {words.short(float(finite.max()))}"
            pieces.append((f"{reach:<20}", look.faint))
        room = min(_CURVE, width - cells(pieces) - 1)
        if room >= 8:
            pieces.append((sparkline(values, room, look), look.series["return"]))
        entries.append([line(pieces, width, look)])
    return entries


def _event(row: EventRow, width: int, look: Look) -> list[Strip]:
    return flow(
        [[(f"{_when(row.time, seconds=True)}  ", look.faint)], [(row.text, look.level(row.level))]], width, look
    )


def _when(moment: float, seconds: bool = False) -> str:
    return time.strftime("%d %b %H:%M:%S" if seconds else "%d %b %H:%M", time.localtime(moment))
