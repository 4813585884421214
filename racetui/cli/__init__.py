"""The command line. ``main`` parses, calls one command, and turns errors into one line and an exit code."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from racetui.exits import Exit


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``racetui``; returns the exit code. stdout is data, stderr diagnostics."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a locale that lacks a character costs that character
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:  # the reader of our output (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Exception as error:
        from racetui.cli.errors import explain

        code, text = explain(error)
        print(f"racetui: {text}", file=sys.stderr)
        return code


def _run(arguments: Sequence[str] | None) -> int:
    from racetui.cli.panel_options import refuse_beside_command  # here, since they take long enough for a Ctrl-C
    from racetui.cli.parser import make_parser

    parser = make_parser()
    options = parser.parse_args(arguments)
    refuse_beside_command(parser, options)
    return int(options.command(options))
