"""``racetui compare``."""

from __future__ import annotations

import argparse
import sys

from racetui.cli.output import print_json
from racetui.comparison import compare, contestant_of
from racetui.comparison.export import Shown, export
from racetui.comparison.figures import comparison_text, document
from racetui.config import ConfigError
from racetui.exits import Exit
from racetui.runs.store import RunStore


def compare_command(options: argparse.Namespace) -> int:
    """Print who is best, and what was asked of the runs that differs."""
    store = RunStore()
    found = dict.fromkeys(store.find(reference) for reference in options.runs)
    comparison = compare([contestant_of(paths, [options.export] if options.export else ()) for paths in found])
    if options.export and options.export not in comparison.metrics:
        known = ", ".join(comparison.metrics)
        raise ConfigError(f"no run has the metric {options.export!r}; there are {known or 'none yet'}")
    if options.json:
        print_json(document(comparison))
    else:
        print(comparison_text(comparison), end="")
    if options.export:
        print(f"written to {export(comparison, Shown(options.export), store.home)}", file=sys.stderr)
    return Exit.OK
