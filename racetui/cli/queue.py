"""``racetui queue``: who goes, who waits for what, and another place for one of them."""

from __future__ import annotations

import argparse
from typing import Any

from racetui.cli.output import print_json, table
from racetui.config import ConfigError
from racetui.exits import Exit
from racetui.queueing import queue_settings
from racetui.runs.paths import RunPaths
from racetui.runs.queue import Line, Queue
from racetui.runs.store import RunStore
from racetui.runs.turns import Ticket


def queue(options: argparse.Namespace) -> int:
    """Print the queue, after a run was moved in it if that is asked for."""
    queue_settings()  # a limit that counts for nothing would be a surprise
    store = RunStore()
    if options.run is None:
        if options.first or options.now:
            raise ConfigError(f"--{'first' if options.first else 'now'} needs a run to move")
        line = Queue(RunPaths(store.runs / "0")).look()  # the store's queue, whoever is in it
    else:
        line = _moved(store.find(options.run), options)
    names = {run.id: run.name for run in store.list()}
    if options.json:
        print_json({"limits": line.limits, "queue": [_document(line, ticket, names) for ticket in line.tickets]})
    elif line.tickets:
        print(_text(line, names))
    else:
        print("nobody goes or waits: start a run with `racetui train` or in the panel")
    return Exit.OK


def _moved(paths: RunPaths, options: argparse.Namespace) -> Line:
    if options.first:
        return Queue(paths).first(paths.id)
    if options.now:
        return Queue(paths).now(paths.id)
    raise ConfigError(f"say what to do with run {paths.id}: --first or --now")


def _document(line: Line, ticket: Ticket, names: dict[str, str]) -> dict[str, Any]:
    return {
        "run": ticket.run,
        "name": names.get(ticket.run, ""),
        "state": _state(ticket),
        "cores": ticket.demand.cores,
        "memory_bytes": ticket.demand.memory,
        "reason": line.reason(ticket.run),
    }


def _text(line: Line, names: dict[str, str]) -> str:
    rows = [
        (
            ticket.run,
            names.get(ticket.run, ""),
            _state(ticket),
            str(ticket.demand.cores),
            f"{ticket.demand.memory / 1e9:.1f}",
            line.reason(ticket.run),
        )
        for ticket in line.tickets
    ]
    return table(("id", "name", "state", "cores", "GB", "reason"), rows)


def _state(ticket: Ticket) -> str:
    return "goes" if ticket.going else "held" if ticket.held else "waits"
