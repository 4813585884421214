"""The commands about what a run keeps: ``note``, ``tag`` and ``checkpoints``. Imports nothing heavy."""

from __future__ import annotations

import argparse
from typing import Any

from racetui.cli.options import RUN_HELP, add_json, later
from racetui.values import count, duration

_NOTE = """Write a note on a run, living or ended, in place of the one it has; '' takes it away. Without a text,
print it."""
_TAG = """Give tags to a run, living or ended, and take others away: racetui tag 3 +good -unsure. Without changes,
print those it has."""
_CHECKPOINTS = """List a run's checkpoints with what they scored, the newest first. The best one is what eval, export
and init_from take: --promote chooses another, until a later one scores better than all. Neither that nor the one that
had scored best is ever pruned. --delete never takes the latest of a living run, and the best only if that is said."""


def add_run_commands(commands: Any) -> None:
    """Add them to the parser's commands."""
    note = commands.add_parser("note", help="write a note on a run, or print it", description=_NOTE)
    note.set_defaults(command=later("racetui.cli.notes:note"))
    note.add_argument("run", metavar="RUN", help=RUN_HELP)
    note.add_argument("text", metavar="TEXT", nargs="*", help="one line, up to 500 characters")
    add_json(note)
    tag = commands.add_parser("tag", help="give tags to a run, and take them away", description=_TAG)
    tag.set_defaults(command=later("racetui.cli.notes:tag"))
    tag.add_argument("run", metavar="RUN", help=RUN_HELP)
    tag.add_argument(
        "changes",
        metavar="+TAG|-TAG",
        nargs=argparse.REMAINDER,  # else -TAG would be an option
        help="what to add and what to take away: of letters, digits, '.', '_' and '-'",
    )
    add_json(tag)
    _add_checkpoints(commands)


def _add_checkpoints(commands: Any) -> None:
    checkpoints = commands.add_parser(
        "checkpoints", help="list a run's checkpoints, choose the best one, delete one", description=_CHECKPOINTS
    )
    checkpoints.set_defaults(command=later("racetui.cli.checkpoints:checkpoints"))
    checkpoints.add_argument("run", metavar="RUN", help=RUN_HELP)
    what = checkpoints.add_mutually_exclusive_group()
    what.add_argument("--promote", type=count, metavar="FRAMES", help="make the checkpoint at FRAMES the best one")
    what.add_argument("--delete", type=count, metavar="FRAMES", help="delete the checkpoint at FRAMES; asks first")
    checkpoints.add_argument("--even-best", action="store_true", help="delete it although it is the best one")
    checkpoints.add_argument("--yes", action="store_true", help="do not ask")
    checkpoints.add_argument(
        "--timeout", type=duration, default=120.0, help="how long to wait for a living run (default 2m)"
    )
    add_json(checkpoints)
