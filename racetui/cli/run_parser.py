"""The commands about what a run keeps: ``note``, ``tag`` and ``checkpoints``. Imports nothing heavy."""

from __future__ import annotations

import argparse
from typing import Any

from racetui.cli.options import RUN_HELP, add_json, later

_NOTE = """Write a note on a run, living or ended, in place of the one it has; '' takes it away. Without a text,
print it."""
_TAG = """Give tags to a run, living or ended, and take others away: racetui tag 3 +good -unsure. Without changes,
print those it has."""


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
