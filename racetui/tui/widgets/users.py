"""Who uses the machine: every living run, and of the selected one where its time goes, and its processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual.strip import Strip

from racetui import words
from racetui.hardware import MachineSample
from racetui.inspection import Inspection, RunUse
from racetui.members import Member
from racetui.runs.model import RunSummary
from racetui.tui.desk import desk
from racetui.tui.frame import Box, framed
from racetui.tui.lines import Piece, line, wrapped
from racetui.tui.look import Look
from racetui.tui.meters import bar, load_style
from racetui.tui.picture import Detail, Picture
from racetui.tui.scrolled import Written
from racetui.tui.widgets.shares import shares_bar, shares_text

_BAR = 10
_ROLE = 18
"""Cells for what a process does."""


class Users(Written):
    """The runs on this machine."""

    HELP = (
        "What every living run takes of the machine, and of the selected one: where the time of a round goes, what "
        "holds it back and what to change, and its processes. CPU is of one core; memory is proportional, shared "
        "pages counted once, or resident (marked r) where the system tells no more."
    )

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.inspection: Inspection | None = None

    def paint(self, width: int, height: int, look: Look) -> Sequence[Strip]:
        """The box with what is in sight."""
        app = desk(self)
        rows_of = recorded_rows(app.picture, app.selected_run, width - 2, look) if app.services.demo else None
        self.text = list(rows_of or users_rows(app.picture, app.selected_run, self.inspection, width - 2, look))
        rows = self.window(width - 2, height - 2, look)
        title = "Runs, recorded on another machine" if app.services.demo else "Runs"
        return framed(rows, width, height, Box(title, [(self.place, look.muted)], self.has_focus), look)


def users_rows(
    picture: Picture, run: RunSummary | None, inspection: Inspection | None, width: int, look: Look
) -> Iterator[Strip]:
    """All rows, section by section."""
    machine = picture.machine
    if inspection is None or machine is None:
        yield line([(" looking ...", look.muted)], width, look)
        return
    if not inspection.runs:
        yield line([(" no run is alive", look.muted)], width, look)
    yield from (_use(use, machine, width, look) for use in inspection.runs)
    if run is None:
        return
    detail = picture.detail if picture.detail is not None and picture.detail.run_id == run.id else Detail(run.id)
    yield from _time(run, detail, width, look)
    for use in inspection.runs:
        if use.run.id == run.id:
            yield from _members(use, width, look)


def recorded_rows(picture: Picture, run: RunSummary | None, width: int, look: Look) -> Iterator[Strip]:
    """The same of a recording: what the runs took then, since none of their processes is here."""
    for other in (other for other in picture.runs if other.pid is not None):
        glyph = (f" {look.glyphs.state(other.state)} ", look.state(other.state))
        yield line([glyph, (f"{other.id} {other.name}", look.text)], width, look)
    if run is None or picture.detail is None or picture.detail.run_id != run.id:
        return
    usage = picture.detail.usage
    if usage is not None:
        took = f"{usage.cpu_percent / 100:.1f} cores, {words.size(usage.memory)}, {usage.processes} processes"
        yield line([(f"   {run.name} took {took}", look.muted)], width, look)
    yield from _time(run, picture.detail, width, look)


def _use(use: RunUse, machine: MachineSample, width: int, look: Look) -> Strip:
    """Its part of what may be used, processor time and memory."""
    run = use.run
    share = use.cpu_percent / 100 / machine.usable_cores if use.cpu_percent is not None else None
    memory = f" {words.size(use.memory):>5}"
    if use.memory is not None and machine.memory_total:
        memory += f" {words.percent(use.memory / machine.memory_total):>4}"
    right: list[Piece] = [
        ("CPU ", look.muted),
        *bar(share or 0.0, _BAR, look, load_style(share or 0.0, look)),
        (f" {words.percent(share):>4}", look.text),
        ("  RAM", look.muted),
        (memory + " ", look.text),
    ]
    glyph = (f" {look.glyphs.state(run.state)} ", look.state(run.state))
    return line([glyph, (f"{run.id} {run.name}", look.text)], width, look, right)


def _time(run: RunSummary, detail: Detail, width: int, look: Look) -> Iterator[Strip]:
    """Where it goes, and what to change."""
    yield line([], width, look)
    yield line([(f" Time of a round of {run.id} {run.name}", look.title)], width, look)
    if not detail.shares:
        yield line([("   no round yet", look.muted)], width, look)
        return
    yield line([("   ", look.text), *shares_text(detail.shares, look), ("%", look.muted)], width, look)
    yield line([("   ", look.text), *shares_bar(detail.shares, max(0, width - 5), look)], width, look)
    for remark in detail.remarks:
        for text, style in ((remark.text, look.text), (remark.advice, look.muted)):
            yield from (line([("   " + row, style)], width, look) for row in wrapped(text, width - 4, look))


def _members(use: RunUse, width: int, look: Look) -> Iterator[Strip]:
    yield line([], width, look)
    count = words.counted(len(use.members), "process", "processes")
    yield line([(f" {count} of {use.run.id} {use.run.name}", look.title)], width, look)
    heads = f"{'pid':>9} {'what':<{_ROLE}} {'CPU':>5} {'memory':>7} {'threads':>7}  state"
    yield line([(heads, look.faint)], width, look)
    for member in use.members:
        yield line(_member(member, look), width, look)


def _member(member: Member, look: Look) -> list[Piece]:
    cpu = f"{member.cpu_percent:.0f}%" if member.cpu_percent is not None else words.UNKNOWN
    memory = words.size(member.memory) + ("" if member.proportional else "r")
    busy = member.cpu_percent is not None and member.cpu_percent >= 1
    return [
        (f"{member.pid:>9} ", look.muted),
        (f"{member.role[:_ROLE]:<{_ROLE}} ", look.text),
        (f"{cpu:>5} ", look.text if busy else look.faint),
        (f"{memory:>7} ", look.text),
        (f"{member.threads:>7}  ", look.muted),
        (member.state, look.warn if member.state in ("stopped", "zombie") else look.muted),
    ]
