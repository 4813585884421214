"""``racetui pause``, ``resume``, ``checkpoint`` and ``stop``."""

from __future__ import annotations

import argparse
import sys

from racetui.cli.output import print_json, summary_document
from racetui.exits import Exit
from racetui.runs import control
from racetui.runs.model import RunState
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore


def order(options: argparse.Namespace) -> int:
    """Send a run an order and print what became of it."""
    paths = RunStore().find(options.run)
    command = control.send(paths, options.order, source="cli")
    return _await(paths, command, options)


def stop(options: argparse.Namespace) -> int:
    """Stop a run by one of three rungs, and wait until it has ended."""
    paths = RunStore().find(options.run)
    if options.kill:
        control.kill(paths)
        control.wait_for_state(paths, lambda state: state.ended, options.timeout)
        return _print_state(paths, options)
    command = control.send(paths, "stop", {"after": "now" if options.now else "round"}, source="cli")
    code = _await(paths, command, options, quiet=True)
    if code == Exit.OK and not options.no_wait:
        control.wait_for_state(paths, lambda state: state.ended, options.timeout)
        return _print_state(paths, options)
    return code


def _await(paths: RunPaths, command: int, options: argparse.Namespace, quiet: bool = False) -> int:
    if options.no_wait:
        return Exit.OK
    outcome = control.wait_for(paths, command, options.timeout).outcome
    if outcome != "ok":
        print(f"racetui: the run answered: {outcome}", file=sys.stderr)
        return Exit.FAILURE
    return Exit.OK if quiet else _print_state(paths, options)


def _print_state(paths: RunPaths, options: argparse.Namespace) -> int:
    summary = RunReader(paths).summary()
    if options.json:
        print_json(summary_document(summary))
    else:
        print(f"{summary.id} {summary.name}: {summary.state.value} at {summary.frames:,} frames")
    return Exit.FAILURE if summary.state in (RunState.FAILED, RunState.CRASHED) else Exit.OK
