"""``racetui compare``."""

from __future__ import annotations

import argparse

from racetui.cli.output import print_json
from racetui.comparison import compare, contestant_of
from racetui.comparison.figures import comparison_text, document
from racetui.exits import Exit
from racetui.runs.store import RunStore


def compare_command(options: argparse.Namespace) -> int:
    """Print who is best, and what was asked of the runs that differs."""
    store = RunStore()
    found = dict.fromkeys(store.find(reference) for reference in options.runs)
    comparison = compare([contestant_of(paths) for paths in found])
    if options.json:
        print_json(document(comparison))
    else:
        print(comparison_text(comparison), end="")
    return Exit.OK
