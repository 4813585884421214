"""The figures of runs as rows of a table, for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from racetui.documents import number, span
from racetui.reports.caveats import Document
from racetui.words import size

_FIGURES: tuple[tuple[str, Callable[[Document], str]], ...] = (
    ("state", lambda one: one["state"]),
    ("trained", lambda one: span(one["training_seconds"])),
    ("from making to end", lambda one: span(one["wall_seconds"])),
    ("frames", lambda one: f"{one['frames']:,}"),
    ("steps", lambda one: f"{one['steps']:,}"),
    ("episodes", lambda one: f"{one['episodes']:,}"),
    ("frames/s", lambda one: number(one["frames_per_second"], 0)),
    ("steps/s", lambda one: number(one["steps_per_second"], 0)),
    ("episodes/s", lambda one: number(one["episodes_per_second"], 2)),
    ("return, mean of all episodes", lambda one: number(one["rewards"].get("mean"))),
    ("return, mean of the last 100", lambda one: number(one["rewards"].get("last_100_mean"))),
    ("return, best episode", lambda one: number(one["rewards"].get("best"))),
    ("best evaluation", lambda one: _best(one)),
    ("memory at most", lambda one: "-" if one["memory_peak_bytes"] is None else size(one["memory_peak_bytes"])),
    ("processor, % of a core", lambda one: number(one["cpu_percent_mean"], 0)),
    ("processor", lambda one: (one["hardware"] or {}).get("processor", "-")),
    ("usable cores", lambda one: str((one["hardware"] or {}).get("usable_cores", "-"))),
)


def figure_rows(documents: Sequence[Document]) -> list[tuple[str, ...]]:
    """A row for each figure, then for each package's version, with its name and a column for each run."""
    rows = [(name, *map(write, documents)) for name, write in _FIGURES]
    packages = dict.fromkeys(name for one in documents for name in one["versions"] or {})
    return rows + [(name, *((one["versions"] or {}).get(name, "-") for one in documents)) for name in packages]


def _best(document: Document) -> str:
    best = document["evaluations"].get("best")
    return f"{best['mean']:.1f} ± {number(best['std'])} at {best['frames']:,} frames" if best else "-"
