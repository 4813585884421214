"""``racetui`` without a command: the panel."""

from __future__ import annotations

import argparse
import os
import sys

from racetui.exits import Exit


def panel(options: argparse.Namespace) -> int:
    """Open the panel; without a terminal, print the runs and say so by the exit code."""
    from racetui.cli.panel_options import given
    from racetui.tui.launch import open_panel, why_not

    reason = why_not(os.environ, (sys.stdin, sys.stdout, sys.stderr))
    if not reason:
        return open_panel(given(options), bool(options.demo))
    if not options.demo:
        _print_runs()
    sys.stderr.write(f"racetui: no panel: {reason}\n")
    return Exit.NO_TERMINAL


def _print_runs() -> None:
    from racetui.cli.show import runs_table
    from racetui.runs.store import RunStore

    runs = RunStore().list()
    print(runs_table(runs) if runs else "no runs yet: start one with `racetui train`", flush=True)
