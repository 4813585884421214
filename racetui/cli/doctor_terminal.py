"""The lines of ``racetui doctor`` about the terminal and the panel's settings."""

from __future__ import annotations

import os
import stat
import sys

from racetui.preferences import Loaded
from racetui.terminal.abilities import Ability, Terminal, abilities
from racetui.terminal.asking import ask
from racetui.tui.kitty import promising
from racetui.tui.launch import why_not
from racetui.tui.tailor import chosen_glyphs

NO_QUESTIONS = frozenset({"", "dumb", "unknown"})
"""Terminals, by TERM, that would print the questions."""
_PLAIN = ("linux", "vt")


def terminal_abilities(loaded: Loaded) -> list[Ability]:
    """What the terminal can do; one line that says so where there is none."""
    environment = os.environ
    reason = why_not(environment, (sys.stdin, sys.stdout, sys.stderr))
    kind = environment.get("TERM", "")
    wanted = loaded.preferences
    answers = None
    if sys.stdin.isatty() and kind not in NO_QUESTIONS and not _piped():
        unicode = not chosen_glyphs(wanted.panel.ascii, environment).ascii
        answers = ask(unicode, promising(environment), kind.startswith(_PLAIN))
    if answers is None and reason:
        return [Ability("", f"none: {reason}", "no panel; commands need none", "open racetui in a terminal")]
    from rich.console import Console

    size = os.get_terminal_size(sys.stdin.fileno())
    colours = Console(force_terminal=True).color_system or ""
    return abilities(Terminal(environment, size.columns, size.lines, colours, answers, wanted))


def _piped() -> bool:
    """Another program reads what is printed, perhaps the terminal too, as a pager does: it would get the answers."""
    return not sys.stdout.isatty() and not stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
