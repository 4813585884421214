"""Lines of styled text: the one door through which text gets onto the screen, so none can steer the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from racetui.runs.log import plain
from racetui.tui.look import Look

Piece: TypeAlias = tuple[str, Style]
_DASHES = str.maketrans("\N{EN DASH}\N{EM DASH}", "--")
"""What stands for a number that nobody knows, and is a dash in ASCII too."""


def clean(text: str, look: Look) -> str:
    """``text`` without anything a terminal would obey, and in ASCII where only that can be shown."""
    if not text.isprintable():
        text = plain(text)
    if look.glyphs.ascii and not text.isascii():
        text = text.translate(_DASHES).encode("ascii", "replace").decode("ascii")
    return text


def fit(text: str, width: int, look: Look) -> str:
    """``text`` cut to ``width`` cells, with a mark where it was cut."""
    text = clean(text, look)
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1) + look.glyphs.ellipsis if width > 0 else ""


def cells(pieces: Iterable[Piece]) -> int:
    """Width of the pieces together."""
    return sum(cell_len(text) for text, _ in pieces)


def line(left: Sequence[Piece], width: int, look: Look, right: Sequence[Piece] = ()) -> Strip:
    """One row of exactly ``width`` cells: ``left`` cut where ``right`` begins, which keeps its place."""
    tail = _segments(right, width, look)
    taken = sum(segment.cell_length for segment in tail)
    head = _segments(left, max(0, width - taken - (1 if tail else 0)), look)
    gap = width - taken - sum(segment.cell_length for segment in head)
    return Strip([*head, Segment(" " * gap, Style.null()), *tail] if gap else [*head, *tail], width)


def _segments(pieces: Sequence[Piece], width: int, look: Look) -> list[Segment]:
    segments: list[Segment] = []
    left = width
    for index, (text, style) in enumerate(pieces):
        more = any(following for following, _ in pieces[index + 1 :])
        text = clean(text, look)
        length = cell_len(text)
        if length > left or (length == left and more):
            text = fit(text, left, look) if length > left else fit(text + " ", left, look)
            if text:
                segments.append(Segment(text, style))
            break
        if text:
            segments.append(Segment(text, style))
            left -= length
    return segments


def wrapped(text: str, width: int, look: Look) -> list[str]:
    """``text`` in lines of at most ``width`` cells, broken at spaces where that leaves a line at least half full."""
    text = clean(text, look)
    rows: list[str] = []
    while cell_len(text) > width > 0:
        fitting = max(1, _fitting(text, width))
        head = text[:fitting]
        space = fitting if text[fitting : fitting + 1] == " " else head.rfind(" ")
        end = space if space > width // 2 else fitting
        rows.append(text[:end].rstrip())
        text = text[end:].lstrip() if space > width // 2 else text[end:]
    return [*rows, text]


def _fitting(text: str, width: int) -> int:
    """How many characters from the start fit into ``width`` cells."""
    taken = 0
    for number, character in enumerate(text):
        taken += cell_len(character)
        if taken > width:
            return number
    return len(text)
