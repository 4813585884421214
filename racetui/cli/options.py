"""What the descriptions of several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import Any

RUN_HELP = "id, name or unique prefix of either"


def later(path: str) -> Callable[[argparse.Namespace], int]:
    """A command by "module:function", imported when it is called."""

    def command(options: argparse.Namespace) -> int:
        module, name = path.split(":")
        code: int = getattr(import_module(module), name)(options)
        return code

    return command


def add_json(parser: Any) -> None:
    """``--json``, as every command has that prints data."""
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def add_now(parser: Any) -> None:
    """``--now``, as every command has that starts a run."""
    parser.add_argument(
        "--now", action="store_true", help="start at once, though other runs take the cores or the memory it needs"
    )
