"""The top row: where the panel is, how many runs there are, and how busy the machine is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from textual.strip import Strip

from racetui.hardware import MachineSample
from racetui.runs.model import RunState
from racetui.tui import words
from racetui.tui.desk import desk
from racetui.tui.lines import Piece, cells, line
from racetui.tui.look import Look
from racetui.tui.pane import Cells
from racetui.tui.picture import Picture

_COUNTED = (RunState.RUNNING, RunState.PAUSED, RunState.EVALUATING, RunState.STALLED)


class Header(Cells):
    """One row over everything."""

    def paint(self, width: int, _height: int, look: Look) -> Sequence[Strip]:
        """One row."""
        app = desk(self)
        return [header(app.picture, app.rate, app.frozen, width, look)]


def header(picture: Picture, rate: float, frozen: bool, width: int, look: Look) -> Strip:
    """The row, with what matters least left out where it is too narrow."""
    groups: list[list[Piece]] = [[(" racetui ", look.accent + look.strong)], _counts(picture, look)]
    machine = picture.machine
    if machine is not None:
        groups.insert(1, [(machine.host, look.text)])
        groups += [_cpu(machine, look), _memory(machine, look)]
    pace = [("FROZEN", look.warn + look.strong)] if frozen else [(f"{rate:g} Hz", look.muted)]
    right: list[Piece] = [*pace, (" ", look.text)]
    if picture.problem:
        return line([*groups[0], (picture.problem, look.bad)], width, look, right)
    for unimportant in (1, 0):  # the host, then the program's own name, go first
        if _width(groups) + cells(right) + 1 > width and len(groups) > 3:
            del groups[unimportant]
    return line(_joined(groups, look), width, look, right)


def _joined(groups: list[list[Piece]], look: Look) -> list[Piece]:
    pieces: list[Piece] = []
    for group in groups:
        pieces += [("  ", look.text), *group] if pieces else group
    return pieces


def _width(groups: list[list[Piece]]) -> int:
    return sum(cells(group) for group in groups) + 2 * len(groups)


def _counts(picture: Picture, look: Look) -> list[Piece]:
    counts = Counter(run.state for run in picture.runs)
    pieces: list[Piece] = []
    for state in _COUNTED:
        if counts[state] or state is RunState.RUNNING:
            style = look.state(state) if counts[state] else look.muted
            pieces += [
                ("  " if pieces else "", look.text),
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
