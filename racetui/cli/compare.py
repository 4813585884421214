"""``racetui compare``."""

from __future__ import annotations

import argparse
from typing import Any

from racetui.cli.output import print_json
from racetui.cli.report import write_compared
from racetui.comparison import compare, contestant_of
from racetui.comparison.figures import comparison_text, document
from racetui.exits import Exit
from racetui.reports.caveats import caveats
from racetui.reports.folder import check_place
from racetui.reports.metrics import outline
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore


def compare_command(options: argparse.Namespace) -> int:
    """Print who is best, and what was asked of the runs that differs."""
    store = RunStore()
    found = list(dict.fromkeys(store.find(reference) for reference in options.runs))
    if options.out is not None:
        check_place(options.out, options.force)
    found_caveats = caveats([_outline(paths) for paths in found])
    comparison = compare([contestant_of(paths) for paths in found])
    if options.json:
        print_json(document(comparison) | {"caveats": found_caveats})
    else:
        print(comparison_text(comparison), end="")
        for caveat in found_caveats:
            print(f"caution: {caveat}")
    if options.out is not None:
        write_compared(found, options.out, options.force)
    return Exit.OK


def _outline(paths: RunPaths) -> dict[str, Any]:
    with RunReader(paths) as reader:
        return outline(paths, reader)
