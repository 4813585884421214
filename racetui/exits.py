"""Exit codes of every command, as the README lists them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the shell is told."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    """Usage or configuration."""
    NO_TERMINAL = 3
    NOT_FOUND = 4
    TIMEOUT = 5
    INTERRUPTED = 130
