"""A comparison as files: for tables, programs, documents and people."""

from __future__ import annotations

import csv
import json
import secrets
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from racetui.comparison.comparing import Comparison
from racetui.comparison.contestant import RETURN
from racetui.comparison.figures import FIGURES, comparison_text, document, figures, settings_rows
from racetui.comparison.svg import Labels, Line, svg
from racetui.documents import plain
from racetui.runs.positions import Axis, positions


@dataclass(frozen=True, slots=True)
class Shown:
    """Which curves are exported, and how their picture looks."""

    metric: str = RETURN
    axis: Axis = Axis.FRAMES
    log: bool = False
    slots: tuple[int, ...] = ()
    """Colour of each run, in their order; by their order where there are too few."""


_USUAL = Shown()


def export(comparison: Comparison, shown: Shown, store: Path) -> Path:
    """Write all files into a new directory of the store's ``comparisons``, whole or not at all; returns it.

    ``store`` is the directory that holds ``runs``. Raises OSError.
    """
    ids = "-".join(contestant.run.id for contestant in comparison.contestants)
    place = store / "comparisons"
    place.mkdir(parents=True, exist_ok=True)
    draft = place / f".new-{secrets.token_hex(4)}"
    try:
        draft.mkdir()
        write_files(draft, comparison, shown)
        return _named(draft, f"{time.strftime('%Y%m%d-%H%M%S')}-runs-{ids}")
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _named(draft: Path, name: str) -> Path:
    number = 1
    while True:
        path = draft.with_name(name if number == 1 else f"{name}-{number}")
        if not path.exists():
            return draft.rename(path)
        number += 1


def write_files(directory: Path, comparison: Comparison, shown: Shown = _USUAL) -> None:
    """Write all files into a directory that is there. Raises OSError."""
    told = {"metric": shown.metric, "axis": shown.axis.value, **document(comparison)}
    text = json.dumps(plain(told), indent=2, allow_nan=False) + "\n"
    (directory / "comparison.json").write_text(text, encoding="utf-8")
    (directory / "comparison.txt").write_text(comparison_text(comparison), encoding="utf-8")
    (directory / "chart.svg").write_text(_picture(comparison, shown), encoding="utf-8")
    _write(directory / "ranking.csv", FIGURES, map(figures, comparison.standings))
    _write(directory / "settings.csv", *settings_rows(comparison))
    _write(
        directory / "curves.csv", ("run", "name", "frames", "time", shown.metric), _points(comparison, shown.metric)
    )


def _points(comparison: Comparison, metric: str) -> Iterable[tuple[Any, ...]]:
    """A row for each point of every run's curve."""
    for contestant in comparison.contestants:
        series = contestant.series.get(metric)
        if series is not None:
            head = contestant.run.id, contestant.run.name
            columns = (series.frames.tolist(), series.times.tolist(), series.values.tolist())
            yield from ((*head, *point) for point in zip(*columns, strict=True))


def _picture(comparison: Comparison, shown: Shown) -> str:
    lines = []
    for number, contestant in enumerate(comparison.contestants):
        series = contestant.series.get(shown.metric)
        x = None if series is None else positions(series, shown.axis, contestant.series, contestant.run.created)
        if series is not None and x is not None:
            slot = shown.slots[number] if number < len(shown.slots) else number
            lines.append(Line(f"{contestant.run.id} {contestant.run.name}", slot, x, series.values))
    return svg(lines, Labels(shown.metric, shown.axis.value, shown.axis.timed, shown.log))


def _write(path: Path, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(headings)
        writer.writerows(rows)
