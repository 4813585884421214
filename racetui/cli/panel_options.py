"""The options of ``racetui`` without a command. Imports nothing heavy."""

from __future__ import annotations

import argparse
from typing import Any

from racetui.colours import COLOURS

_SETTINGS = {"theme": "panel.theme", "ascii": "panel.ascii", "readonly": "panel.readonly"}
"""Option -> what it sets of ``config.toml``, for one panel."""


def add_panel_options(parser: argparse.ArgumentParser) -> None:
    """Add them to the parser of the whole program."""
    panel = parser.add_argument_group("the panel, without a command")
    panel.add_argument(
        "--readonly",
        action="store_true",
        default=None,
        help="only show: start, stop, order, delete and write nothing (also RACETUI_READONLY=1)",
    )
    panel.add_argument(
        "--demo", action="store_true", default=None, help="show a recorded session, played as if it ran now"
    )
    panel.add_argument("--theme", choices=("auto", *COLOURS), help="colours, for this time")
    panel.add_argument("--ascii", action="store_const", const="always", help="draw with ASCII alone")


def given(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that were given, by section.name."""
    return {key: value for name, key in _SETTINGS.items() if (value := getattr(options, name)) is not None}


def refuse_beside_command(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End with a usage error where one of them is given to another command, which would ignore it."""
    panel = parser.get_default("command")
    if options.command is not panel and (
        wrong := [name for name in ("demo", *_SETTINGS) if getattr(options, name) is not None]
    ):
        parser.error(f"--{wrong[0]} is about the panel: leave the command out, or the option")
