"""The top row: where the panel is, how many runs there are, and how busy the machine is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from textual.strip import Strip

from racetui import words
from racetui.hardware import MachineSample
from racetui.runs.model import RunState
from racetui.tui.desk import desk
from racetui.tui.lines import Piece, cells, line
from racetui.tui.link import Link
from racetui.tui.look import Look
from racetui.tui.pane import Cells
from racetui.tui.picture import Picture

_COUNTED = (RunState.RUNNING, RunState.PAUSED, RunState.EVALUATING, RunState.STALLED)


class Header(Cells):
    """One row over everything."""

    @property
    def allowed_beside_zoom(self) -> bool:
        """It stays."""
        return True

    def paint(self, width: int, _height: int, look: Look) -> Sequence[Strip]:
        """One row."""
        app = desk(self)
        notes = [text for text, wanted in (("DEMO", app.services.demo), ("READ-ONLY", app.readonly)) if wanted]
        link = link_pieces(app.link, look) if app.link.answers and not app.frozen else []
        return [header(app.picture, app.rate, app.frozen, width, look, notes, link)]


def link_pieces(link: Link, look: Look) -> list[Piece]:
    """There and back, and what is sent: ``link 38ms 21kB/s``."""
    seconds, rate = link.seconds, link.rate() / 1000
    there: list[Piece] = []
    if seconds is not None:
        there = [(f"{1000 * seconds:.0f}ms " if seconds < 1 else f"{seconds:.1f}s ", look.text)]
    return [("link ", look.muted), *there, (f"{rate:.{0 if rate >= 10 else 1}f}kB/s", look.text)]


def header(
    picture: Picture,
    rate: float,
    frozen: bool,
    width: int,
    look: Look,
    notes: Sequence[str] = (),
    link: Sequence[Piece] = (),
) -> Strip:
    """The row, with what matters least left out where it is too narrow; ``notes`` stay."""
    pace = [("FROZEN", look.warn + look.strong)] if frozen else [(f"{rate:g} Hz", look.muted)]
    right: list[Piece] = [*((f"{note}  ", look.warn + look.strong) for note in notes), *pace, (" ", look.text)]
    name: list[Piece] = [(" racetui", look.accent + look.strong)]
    if picture.problem:
        return line([*name, (f"  {picture.problem}", look.bad)], width, look, right)
    counts, machine = _counts(picture, look), picture.machine
    if machine is None:
        return line(_joined([name, counts], look), width, look, right)
    host: list[Piece] = [(machine.host, look.text)]
    cpu, memory = _cpu(machine, look), _memory(machine, look)
    gpus = [_gpus(machine, look)] if machine.gpus else []
    variants = (
        [name, host, counts, cpu, memory, *gpus],
        [name, counts, cpu, memory, *gpus],
        [counts, cpu, memory],
        [counts, cpu[:-1], memory[:-1]],
        [counts, cpu[:-1]],
    )
    rows = [(_joined(variant, look), right) for variant in variants]
    if link:
        linked = [*link, ("  ", look.text), *right]
        rows = [*((row, linked) for row, _ in rows[:2]), *rows[1:]]
    left, right = next((row for row in rows if cells(row[0]) + cells(row[1]) < width), rows[-1])
    return line(left, width, look, right)


def _joined(groups: list[list[Piece]], look: Look) -> list[Piece]:
    pieces: list[Piece] = []
    for group in groups:
        pieces += [("  " if pieces else "", look.text), *group]
    return pieces


def _counts(picture: Picture, look: Look) -> list[Piece]:
    counts = Counter(run.state for run in picture.runs)
    pieces: list[Piece] = []
    for state in _COUNTED:
        if counts[state] or state is RunState.RUNNING:
            style = look.state(state) if counts[state] else look.muted
            pieces += [
                (" " * (2 if pieces else 0), look.text),
                (f"{look.glyphs.state(state)} {counts[state]} {state}", style),
            ]
    return pieces


def _cpu(machine: MachineSample, look: Look) -> list[Piece]:
    cores = f"{machine.usable_cores:g}"
    if machine.usable_cores != machine.logical_cores:
        cores += f"/{machine.logical_cores}"
    return [
        ("CPU ", look.muted),
        (f"{words.percent(machine.cpu_share):>3}", look.text),
        (f" of {cores}c", look.muted),
    ]


def _memory(machine: MachineSample, look: Look) -> list[Piece]:
    used, total = words.size(machine.memory_used), words.size(machine.memory_total)
    style = look.bad if machine.memory_used > 0.9 * machine.memory_total else look.text
    return [("RAM ", look.muted), (used, style), (f"/{total}", look.muted)]


def _gpus(machine: MachineSample, look: Look) -> list[Piece]:
    """The busy share: of one GPU, or the mean of all that tell."""
    known = [gpu.busy for gpu in machine.gpus if gpu.busy is not None]
    share = words.percent(sum(known) / len(known)) if known else "n/a"
    return [("GPU " if len(machine.gpus) == 1 else f"{len(machine.gpus)} GPUs ", look.muted), (share, look.text)]
