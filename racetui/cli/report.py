"""``racetui report``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from racetui.cli.output import print_json, table
from racetui.exits import Exit
from racetui.reports import benchmark_metrics, keep_benchmark_metrics
from racetui.reports.figures import figure_rows
from racetui.reports.folder import MARK, check_place
from racetui.runs.paths import RunPaths
from racetui.runs.store import RunStore


def report_command(options: argparse.Namespace) -> int:
    """Print a run's figures; with a directory, write its report there."""
    paths = RunStore().find(options.run)
    if options.out is not None:
        check_place(options.out, options.force)
    document = benchmark_metrics(paths)
    keep_benchmark_metrics(paths, document)
    if options.json:
        print_json(document)
    else:
        print(table(("", f"run {paths.id}"), figure_rows([document])))
    if options.out is not None:
        from racetui.reports.writing import write_report

        write_report(paths, options.out, options.force)
        tell_written(options.out)
    return Exit.OK


def write_compared(runs: Sequence[RunPaths], place: Path, replace: bool) -> None:
    """Write the report of a comparison and say where. Raises ReportPlaceError, StoreError, OSError."""
    from racetui.reports.writing import write_comparison

    write_comparison(runs, place, replace)
    tell_written(place)


def tell_written(place: Path) -> None:
    """Say on stderr where a report is."""
    print(f"racetui: wrote {place / MARK}", file=sys.stderr)
