"""The command ``queue``. Imports nothing heavy."""

from __future__ import annotations

import argparse
from typing import Any

from racetui.cli.options import RUN_HELP, add_json, later

_DESCRIPTION = """Show which runs go and which wait for their turn, in their order, with what each is planned to take.
A run waits while those that go take so many cores or so much memory that it does not fit beside them; nobody
overtakes one who waits, and a run alone always starts. A paused run keeps its place, since its memory stays taken.

Other limits than this machine's cores and memory are set in config.toml, section [queue], with the keys on, cores,
memory (GB) and runs (at once), or in the panel's settings; from the next start on. RACETUI_QUEUE wins over them: off,
or some of cores=N, memory=GB and runs=N with commas between them."""


def add_queue_command(commands: Any) -> None:
    """Add it to the parser's commands."""
    queue = commands.add_parser(
        "queue",
        help="show the queue, or change a run's place in it",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    queue.set_defaults(command=later("racetui.cli.queue:queue"))
    queue.add_argument("run", metavar="RUN", nargs="?", help=f"the run to move: {RUN_HELP}")
    where = queue.add_mutually_exclusive_group()
    where.add_argument("--first", action="store_true", help="let it go before all others that wait")
    where.add_argument("--now", action="store_true", help="let it start at once, whatever it needs")
    add_json(queue)
