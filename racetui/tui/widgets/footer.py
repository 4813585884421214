"""The bottom row: the keys that do something now, out of the key table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from textual import events
from textual.strip import Strip

from racetui.keys import Key, Place, for_footer, shown
from racetui.runs.model import RunSummary
from racetui.tui.desk import desk
from racetui.tui.lines import Piece, cells, line
from racetui.tui.look import Look
from racetui.tui.pane import Cells
from racetui.tui.presses import Presses


class Footer(Cells):
    """Keys and what they do; a click on one is as good as the key."""

    def __init__(self, *places: Place, labels: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.places = places
        self.labels = labels or {}
        """Other labels than the table's, by action."""
        self._spans: list[tuple[int, int, Key]] = []

    @property
    def allowed_beside_zoom(self) -> bool:
        """It stays."""
        return True

    def paint(self, width: int, _height: int, look: Look) -> Sequence[Strip]:
        """One row, with the keys that can be spared left out."""
        marked = desk(self).marked_runs
        keys = [
            replace(key, label=_labelled(self.labels.get(key.id, key.label), key, marked))
            for key in for_footer(self.places, desk(self).selected_run, marked, table=desk(self).keys)
        ]
        readonly = bool(desk(self).readonly)
        while keys and cells(_pieces(keys, look, readonly)) > width:
            keys.remove(max(keys, key=lambda key: key.rank))
        self._spans, start = [], 1
        for key in keys:
            end = start + len(shown(key.keys[0], not look.glyphs.ascii)) + 1 + len(key.label)
            self._spans.append((start, end, key))
            start = end + 2
        return [line(_pieces(keys, look, readonly), width, look)]

    async def on_click(self, event: events.Click) -> None:
        """Do what the key would do."""
        for start, end, key in self._spans:
            if start <= event.x < end and isinstance(self.screen, Presses):
                await self.screen.perform(key)


def _labelled(label: str, key: Key, marked: Sequence[RunSummary]) -> str:
    """Its label, with the number of marked runs that it goes to."""
    return f"{label} {sum(map(key.need.met, marked))}" if key.group and marked else label


def _pieces(keys: Sequence[Key], look: Look, readonly: bool) -> list[Piece]:
    """The row; what a read-only panel leaves to others is faint."""
    pieces: list[Piece] = [(" ", look.text)]
    for key in keys:
        away = key.acts and readonly
        pieces += [
            (shown(key.keys[0], not look.glyphs.ascii), look.faint if away else look.accent + look.strong),
            (f" {key.label}  ", look.faint if away else look.muted),
        ]
    return pieces
