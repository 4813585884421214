"""The command ``report``, and the options of all commands that write one. Imports nothing heavy."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from racetui.cli.options import RUN_HELP, add_json, later


def add_report_command(commands: Any) -> None:
    """Add it to the parser's commands."""
    report = commands.add_parser(
        "report",
        help="what a run came to: its figures, or a report with pictures",
        description="Print what a run came to: the figures of its benchmark_metrics.json, as of now. With --out, "
        "write a report into a directory: report.html, which needs nothing else, its pictures (PNG) and the figures "
        "(JSON).",
    )
    report.set_defaults(command=later("racetui.cli.report:report_command"))
    report.add_argument("run", metavar="RUN", help=RUN_HELP)
    add_out(report)
    add_json(report)


def add_out(parser: argparse.ArgumentParser) -> None:
    """``--out`` and ``--force``, as every command has that writes a report."""
    parser.add_argument("--out", type=Path, metavar="DIR", help="write a report into this directory")
    parser.add_argument("--force", action="store_true", help="replace a report that is there")


_SWEEP = """Queue every combination of some settings as runs, which wait their turn and need nobody to watch them:

  name: rates                  # the runs are rates-1, rates-2, ...; by default the file's name
  preset: ppo-fast             # beneath everything else; may be left out
  base:                        # of every run, as in a run's configuration
    budget: {frames: 2_000_000}
  grid:                        # every combination is a run
    agent.learning_rate: [1e-4, 3e-4]
    seed: [1, 2, 3]
  runs:                        # or one by one; each of them in every combination of the grid
    - {collector: sync}
    - {collector: async}
  most: 100                    # runs it may have at most

The same file again starts what is missing and resumes what ended early. Runs that differ in their seeds alone are
told together, with their spread."""


def add_sweep_command(commands: Any) -> None:
    """Add it to the parser's commands."""
    sweep = commands.add_parser(
        "sweep",
        help="queue every combination of some settings, and compare the runs",
        description=_SWEEP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sweep.set_defaults(command=later("racetui.cli.sweep:sweep"))
    sweep.add_argument("file", metavar="FILE", type=Path, help="YAML, as above")
    sweep.add_argument("--dry-run", action="store_true", help="check everything and print the runs; start none")
    sweep.add_argument("--wait", action="store_true", help="wait for all of them, and compare them")
    add_out(sweep)
    add_json(sweep)
