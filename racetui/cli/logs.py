"""``racetui logs``."""

from __future__ import annotations

import argparse
import time

from racetui.exits import Exit
from racetui.runs.log import since, tail
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore

POLL_SECONDS = 0.25


def logs(options: argparse.Namespace) -> int:
    """Print the end of a run's log; with ``--follow`` go on until the run ends."""
    paths = RunStore().find(options.run)
    end = paths.log.stat().st_size if paths.log.exists() else 0
    for line in tail(paths.log, options.lines):
        print(line, flush=options.follow)
    if not options.follow:
        return Exit.OK
    with RunReader(paths) as reader:
        while True:
            ended = reader.summary().state.ended  # asked before reading, so that the last words are not missed
            lines, end = since(paths.log, end)
            for line in lines:
                print(line, flush=True)
            if ended:
                return Exit.OK
            time.sleep(POLL_SECONDS)
