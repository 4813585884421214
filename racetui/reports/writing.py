"""Reports as directories: a page for people, its pictures, and the figures for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from racetui.comparison import Comparison, compare, contestant_of
from racetui.comparison.export import write_files
from racetui.comparison.figures import ranking_rows, settings_rows
from racetui.documents import moment, number, plain
from racetui.reports.caveats import Document, caveats, kinds
from racetui.reports.curves import RunCurves, curves_of
from racetui.reports.figures import figure_rows
from racetui.reports.folder import MARK, write_whole
from racetui.reports.metrics import METRICS_FILE, benchmark_metrics
from racetui.reports.page import Page
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.words import size

_SCALES = ("collector.workers", "collector.lanes", "collector.threads")
"""Settings over which speed is drawn, where nothing else but the number of them tells runs apart."""
EVENTS = 200
"""At the end of a run, that its report has."""


def write_comparison(runs: Sequence[RunPaths], place: Path, replace: bool = False) -> None:
    """Write a report of the runs into the directory, whole or not at all.

    Raises ReportPlaceError, StoreError, OSError.
    """
    documents = [benchmark_metrics(paths) for paths in runs]
    curves = [curves_of(paths) for paths in runs]
    comparison = compare([contestant_of(paths) for paths in runs])
    write_whole(place, replace, partial(_fill_comparison, comparison, documents, curves))


def write_report(paths: RunPaths, place: Path, replace: bool = False) -> None:
    """The same of one run. Raises ReportPlaceError, StoreError, OSError."""
    document, curves = benchmark_metrics(paths), curves_of(paths)
    write_whole(place, replace, partial(_fill_report, paths, document, curves))


def _fill_comparison(
    comparison: Comparison, documents: Sequence[Document], curves: Sequence[RunCurves], place: Path
) -> None:
    page = Page(f"Comparison of {len(curves)} runs")
    page.paragraph(f"Made {moment(time.time())}.", note=True)
    page.heading("Ranking")
    page.table(*ranking_rows(comparison))
    page.paragraph(comparison.notes, note=True)
    found = caveats(documents)
    page.heading("Before you compare")
    page.listed(found or ("Nothing stands against it: task, amounts, settings, versions and machine are the same.",))
    _pictures(page, place, curves)
    groups = [[curves[index] for index in kind] for kind in kinds(documents)]
    from racetui.reports import plots

    named = [
        (", ".join(run.run.name for run in group[:2]) + ("…" if len(group) > 2 else ""), group) for group in groups
    ]
    _picture(page, place / "seeds.png", "Over seeds", partial(plots.seeds, named))
    for key in _SCALES:
        name = f"scaling-{key.partition('.')[2]}.png"
        draw = partial(plots.scaling, key, _points(key, documents))
        _picture(page, place / name, f"Speed by {key}", draw)
    page.heading("Settings that differ")
    headings, rows = settings_rows(comparison)
    page.table(headings, rows) if rows else page.paragraph("None.")
    _figures(page, documents)
    (place / "metrics.json").write_text(json.dumps(plain(documents), indent=1), encoding="utf-8")
    write_files(place, comparison)
    (place / MARK).write_text(page.text, encoding="utf-8")


def _fill_report(paths: RunPaths, document: Document, curves: RunCurves, place: Path) -> None:
    run = curves.run
    page = Page(f"Run {run.id}: {run.name}")
    page.paragraph(
        f"Made {moment(time.time())}. The run is {run.state.value}{f': {run.detail}' if run.detail else ''}.",
        note=True,
    )
    _pictures(page, place, [curves])
    _figures(page, [document])
    with RunReader(paths) as reader:
        _evaluations(page, curves)
        page.heading("Checkpoints")
        saved = reader.checkpoints()
        rows = [
            (f"{row.frames:,}", moment(row.time), size(row.bytes), row.reason, ", ".join(row.tags)) for row in saved
        ]
        page.table(("frames", "saved", "size", "why", "tags"), rows) if rows else page.paragraph("None is kept.")
        page.heading("Events")
        events = reader.events()[-EVENTS:]
        page.table(("when", "level", "what"), [(moment(event.time), event.level, event.text) for event in events])
    settings = (document["configuration"] or {}).get("settings", {})
    page.heading("Settings")
    page.table(("setting", "value"), list(settings.items()))
    (place / METRICS_FILE).write_text(json.dumps(plain(document), indent=1), encoding="utf-8")
    (place / MARK).write_text(page.text, encoding="utf-8")


def _pictures(page: Page, place: Path, curves: Sequence[RunCurves]) -> None:
    from racetui.reports import plots

    _picture(page, place / "returns.png", "Returns", partial(plots.learning, curves))
    _picture(page, place / "speed-memory.png", "Speed and memory", partial(plots.speed_and_memory, curves))


def _picture(page: Page, path: Path, heading: str, draw: Callable[[Path], bool]) -> None:
    """Draw it, if there is anything to draw; the runs have no such data else, and the page says nothing of it."""
    if draw(path):
        page.heading(heading)
        page.picture(path, heading)


def _figures(page: Page, documents: Sequence[Document]) -> None:
    page.heading("Figures")
    page.table(("", *(f"{one['run']['id']} {one['run']['name']}" for one in documents)), figure_rows(documents))


def _evaluations(page: Page, curves: RunCurves) -> None:
    page.heading("Evaluations")
    rows = [
        (
            *(f"{row.frames:,}", row.purpose, row.backend, str(row.episodes)),
            *(number(row.results.get(name)) for name in ("mean", "std", "min", "p10")),
            "-" if row.results.get("finish_rate") is None else f"{row.results['finish_rate']:.0%}",
        )
        for row in curves.evaluations
    ]
    headings = ("frames", "why", "backend", "episodes", "mean", "std", "min", "p10", "laps finished")
    page.table(headings, rows) if rows else page.paragraph("None was made.")


def _points(key: str, documents: Sequence[Document]) -> list[tuple[float, float, str]]:
    """(value, frames/s, name) of the runs that say both."""
    found = []
    for document in documents:
        value = (document["configuration"] or {}).get("settings", {}).get(key, "")
        speed = document["frames_per_second"]
        if value.isdecimal() and speed is not None:
            found.append((float(value), float(speed), document["run"]["name"]))
    return found
