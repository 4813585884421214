"""``racetui wait``."""

from __future__ import annotations

import argparse
import math

from racetui.cli.output import print_json, summary_document, tell_queued
from racetui.exits import Exit
from racetui.runs.control import wait_for_state
from racetui.runs.model import RunState
from racetui.runs.store import RunStore


def wait(options: argparse.Namespace) -> int:
    """Wait until a run has ended; exit code 1 if it failed or crashed."""
    paths = RunStore().find(options.run)
    tell_queued(paths)
    patience = math.inf if options.timeout is None else options.timeout
    summary = wait_for_state(paths, lambda state: state.ended, patience)
    if options.json:
        print_json(summary_document(summary))
    else:
        detail = f" ({summary.detail})" if summary.detail else ""
        print(f"{summary.id} {summary.name}: {summary.state.value}{detail} at {summary.frames:,} frames")
    return Exit.FAILURE if summary.state in (RunState.FAILED, RunState.CRASHED) else Exit.OK
