"""A run's facts as CSV, for people's other tools."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeAlias

from racetui.runs.model import EpisodeRow, EvaluationRow
from racetui.runs.reader import RunReader

Table: TypeAlias = tuple[Sequence[str], Iterable[Sequence[Any]]]
"""Headings and rows."""

SCORES = ("mean", "std", "min", "p10", "finish_rate", "missed_tiles", "lap_frames", "seconds")
"""What is told of an evaluation's results."""


def metrics(reader: RunReader) -> Table:
    """A row for each round of training, a column for each curve; empty where a round has no such value."""
    names = reader.metric_names()
    rows: dict[tuple[int, float], dict[str, float]] = {}
    for name in names:
        series = reader.series(name)
        for frames, time, value in zip(
            series.frames.tolist(), series.times.tolist(), series.values.tolist(), strict=True
        ):
            rows.setdefault((frames, time), {})[name] = value
    ordered = sorted(rows.items())
    return ("frames", "time", *names), ((*key, *(values.get(name) for name in names)) for key, values in ordered)


def episodes(reader: RunReader) -> Table:
    """A row for each finished episode of training."""
    found = reader.episodes(last=-1)
    facts = sorted({fact for row in found for fact in row.facts})
    plain = [field.name for field in fields(EpisodeRow) if field.name not in ("facts", "end")]
    rows = (
        (*(getattr(row, name) for name in plain), row.end.value, *(row.facts.get(fact) for fact in facts))
        for row in found
    )
    return (*plain, "end", *facts), rows


def evaluations(reader: RunReader) -> Table:
    """A row for each evaluation."""
    plain = [field.name for field in fields(EvaluationRow) if field.name != "results"]
    rows = (
        (*(getattr(row, name) for name in plain), *(row.results.get(score) for score in SCORES))
        for row in reader.evaluations()
    )
    return (*plain, *SCORES), rows


TABLES: dict[str, Callable[[RunReader], Table]] = {
    "metrics": metrics,
    "episodes": episodes,
    "evaluations": evaluations,
}


def write_csv(reader: RunReader, table: str, path: Path) -> int:
    """Write one of TABLES, whole or not at all; returns the number of rows. Raises StoreError, OSError."""
    headings, rows = TABLES[table](reader)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    written = 0
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(headings)
            for row in rows:
                writer.writerow(row)
                written += 1
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return written
