"""``racetui logs``."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable

from racetui.cli.output import moment, print_json
from racetui.config import ConfigError
from racetui.exits import Exit
from racetui.runs.logbook import Logbook, LogLine
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore

POLL_SECONDS = 0.25


def logs(options: argparse.Namespace) -> int:
    """Print the end of a run's log, its events among what it printed; with ``--follow`` go on until the run ends."""
    if options.json and options.follow:
        raise ConfigError("--json prints one document, and --follow never ends it: leave one out")
    with RunReader(RunStore().find(options.run)) as reader:
        logbook = Logbook(reader)
        ended = reader.summary().state.ended  # asked before reading, so that the last words are not missed
        lines = logbook.fresh()[-options.lines :] if options.lines else []
        if options.json:
            print_json(lines)
            return Exit.OK
        _print(lines)
        while options.follow and not ended:
            time.sleep(POLL_SECONDS)
            ended = reader.summary().state.ended
            _print(logbook.fresh())
    return Exit.OK


def _print(lines: Iterable[LogLine]) -> None:
    for line in lines:
        print(_text(line), flush=True)


def _text(line: LogLine) -> str:
    """With its time, where it has one of its own, and with its level, where that is of note."""
    if line.level == "output":
        return line.text
    level = "" if line.level == "info" else f"{line.level}: "
    return f"{moment(line.time)} {level}{line.text}"
