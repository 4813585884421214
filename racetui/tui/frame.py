"""The box around a pane, with its title in the upper edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from textual.strip import Strip

from racetui.tui.lines import Piece, cells, clean, fit, line
from racetui.tui.look import Look


@dataclass(frozen=True, slots=True)
class Box:
    """What the edges of a pane say."""

    title: str
    facts: Sequence[Piece] = ()
    """At the right end of the upper edge."""
    focused: bool = False


def framed(rows: Sequence[Strip], width: int, height: int, box: Box, look: Look) -> list[Strip]:
    """``height`` rows of ``width`` cells: the box, and inside it the ``rows``, blank where there are too few."""
    inner = max(0, width - 2)
    edge = look.edge_focus if box.focused else look.edge
    side = Segment(look.glyphs.vertical, edge)
    blank = line([], inner, look)
    body = [Strip([side, *(rows[y] if y < len(rows) else blank), side], width) for y in range(max(0, height - 2))]
    corners = look.glyphs.corners
    bottom = [(corners[2] + look.glyphs.horizontal * inner + corners[3], edge)]
    return [_upper(width, box, look), *body, line(bottom, width, look)][:height]


def _upper(width: int, box: Box, look: Look) -> Strip:
    corners, rule = look.glyphs.corners, look.glyphs.horizontal
    edge = look.edge_focus if box.focused else look.edge
    title = clean(box.title, look)
    facts = [(" ", edge), *box.facts, (" ", edge)] if box.facts else []
    left = [(corners[0] + rule, edge), (f" {title} ", look.accent + look.title if box.focused else look.title)]
    room = width - cells(left) - cells(facts) - 2
    if facts and room < 1:
        facts, room = [], width - cells(left) - 2
    if room < 0:
        left[1] = (f" {fit(title, max(0, len(title) + room), look)} ", left[1][1])
        room = 0
    return line([*left, (rule * room, edge), *facts, (rule + corners[1], edge)], width, look)
