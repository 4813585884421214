"""Who is best of the marked runs, and in what they were asked to be different."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.strip import Strip

from racetui import words
from racetui.comparison import GOAL, Comparison, Difference, Standing
from racetui.tui.desk import desk
from racetui.tui.frame import Box, framed
from racetui.tui.lines import Piece, line, wrapped
from racetui.tui.look import Look
from racetui.tui.marks import TAGS, Marks, role
from racetui.tui.scrolled import Written

_NAME_CELLS = 10
"""The least room for a name before a column is given up."""
_VALUE_CELLS = 14
"""The least room for a setting's value, if it needs that much, before values are written below each other."""


class Standings(Written):
    """The ranking, then the settings that differ."""

    HELP = (
        "The marked runs, best evaluation first. Area is the mean height of the return curve over frames that all "
        "of them have; to 900 is the training time until the mean return of 100 episodes was 900. Below are the "
        "settings in which they differ, as --set takes them."
    )

    def paint(self, width: int, height: int, look: Look) -> Sequence[Strip]:
        """The box with what is in sight."""
        app = desk(self)
        comparison = app.picture.comparison
        inner = width - 2
        if not app.marks.ids or comparison is None:
            text = "Reading ..." if app.marks.ids else "No run is marked. Mark up to six in the run list with space."
            self.text = [line([(" " + row, look.muted)], inner, look) for row in wrapped(text, inner - 2, look)]
        else:
            self.text = standings_text(comparison, app.marks, inner, look)
        rows = self.window(inner, height - 2, look)
        return framed(rows, width, height, Box("Ranking", [(self.place, look.muted)], self.has_focus), look)


def standings_text(comparison: Comparison, marks: Marks, width: int, look: Look) -> list[Strip]:
    """All rows: ranking, what its figures mean, settings."""
    columns = _columns(comparison.standings, width)
    right = [(f"{name:>{cells}}", look.faint) for name, cells, _ in columns]
    rows = [line([("     run", look.faint)], width, look, [*right, (" ", look.faint)])]
    for standing in comparison.standings:
        figures: list[Piece] = [(f"{read(standing, look):>{cells}}", look.text) for _, cells, read in columns]
        rows.append(line(_who(standing, marks, look), width, look, [*figures, (" ", look.text)]))
    rows += [line([(" " + row, look.faint)], width, look) for row in wrapped(comparison.notes, width - 2, look)]
    return [*rows, line([], width, look), *_settings(comparison, marks, width, look)]


def _who(standing: Standing, marks: Marks, look: Look) -> list[Piece]:
    run = standing.run
    return [
        (f"{standing.rank:>2} ", look.muted),
        *_letter(marks, run.id, look),
        (f"{look.glyphs.state(run.state)} ", look.state(run.state)),
        (f"{run.id} {run.name}", look.strong if standing.rank == 1 else look.text),
    ]


def _letter(marks: Marks, run_id: str, look: Look) -> list[Piece]:
    slot = marks.slot(run_id)
    return [("  ", look.text)] if slot is None else [(f"{TAGS[slot]} ", look.series[role(slot)] + look.strong)]


_Column = tuple[str, int, Callable[[Standing, Look], str]]


def _columns(standings: Sequence[Standing], width: int) -> list[_Column]:
    """Heading, cells and text of each column that there is room for beside the names."""
    columns: list[_Column] = [
        ("best", 16, _best),
        ("area", 8, lambda standing, _: words.score(standing.area)),
        (f"to {GOAL:.0f}", 8, lambda standing, _: words.duration(standing.seconds_to_goal)),
        ("frames/s", 10, lambda standing, _: words.short(standing.frames_per_second)),
        ("memory", 8, lambda standing, _: words.size(standing.peak_memory)),
    ]
    names = max((len(f"{standing.run.id} {standing.run.name}") for standing in standings), default=0)
    while len(columns) > 1 and sum(cells for _, cells, _ in columns) + 8 + min(names, _NAME_CELLS) > width:
        columns.pop()
    return columns


def _best(standing: Standing, look: Look) -> str:
    if standing.best_mean is None:
        return words.UNKNOWN
    return f"{words.score(standing.best_mean)} {look.glyphs.plus_minus} {words.score(standing.best_std)}"


def _settings(comparison: Comparison, marks: Marks, width: int, look: Look) -> list[Strip]:
    runs, found = [one.run.id for one in comparison.described], comparison.differences
    rows = [line([(" Settings that differ", look.title)], width, look)]
    if len(runs) < 2 or not found:
        text = "mark another run to compare with" if len(runs) < 2 else "none: all of them were asked for the same"
        return [*rows, line([("   " + text, look.muted)], width, look)]
    key = max(len(difference.key) for difference in found) + 4
    room = (width - key) // len(runs)
    longest = max(len(value) for difference in found for value in difference.values)
    if room < min(longest, _VALUE_CELLS) + 1:
        return [*rows, *(row for difference in found for row in _stacked(difference, runs, marks, width, look))]
    heads: list[Piece] = [(" " * key, look.text)]
    for run_id in runs:
        letter = _letter(marks, run_id, look)
        heads += [*letter, (f"{run_id:<{room - 2}}", look.muted)]
    rows.append(line(heads, width, look))
    return [*rows, *(_row(difference, key, room, width, look) for difference in found)]


def _row(difference: Difference, key: int, room: int, width: int, look: Look) -> Strip:
    """A setting with its values beside each other."""
    values = [value if len(value) < room else value[: room - 2] + look.glyphs.ellipsis for value in difference.values]
    pieces: list[Piece] = [(f"   {difference.key:<{key - 3}}", look.muted)]
    return line([*pieces, *((f"{value:<{room}}", look.text) for value in values)], width, look)


def _stacked(difference: Difference, runs: Sequence[str], marks: Marks, width: int, look: Look) -> list[Strip]:
    """A setting with its values below each other."""
    rows = [line([(f"   {difference.key}", look.muted)], width, look)]
    for run_id, value in zip(runs, difference.values, strict=True):
        rows.append(line([("     ", look.text), *_letter(marks, run_id, look), (value, look.text)], width, look))
    return rows
