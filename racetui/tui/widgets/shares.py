"""Where the time of a round goes, in words and as one bar."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style

from racetui.tui.lines import Piece
from racetui.tui.look import Look
from racetui.tui.meters import stacked
from racetui.tui.picture import SHARES


def shares_text(shares: Mapping[str, float], look: Look) -> list[Piece]:
    """Percentages of those that are known, without the sign."""
    return [
        piece
        for name, style in _styles(look).items()
        if name in shares
        for piece in ((f"{name} ", style), (f"{100 * shares[name]:.0f} ", look.text))
    ]


def shares_bar(shares: Mapping[str, float], width: int, look: Look) -> list[Piece]:
    """All of them side by side."""
    return stacked([(shares.get(name, 0.0), style) for name, style in _styles(look).items()], width, look)


def _styles(look: Look) -> dict[str, Style]:
    colours = (look.series["return"], look.series["episodes"], look.series["frames"], look.faint)
    return dict(zip(SHARES, colours, strict=True))
