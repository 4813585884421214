"""Reading a run's log without letting it drive the terminal."""

from __future__ import annotations

import os
import re
from pathlib import Path

TAIL_BYTES = 1 << 20
"""The most that is read from the end of a log for its last lines."""
LINE_LENGTH = 2000
"""Characters after which a line is cut."""

_SEQUENCES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # control sequences: colours, cursor, modes
    r"|\x9b[0-?]*[ -/]*[@-~]"  # the same in their one-byte form
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f]).*?(?:\x07|\x1b\\|\x9c|$)"  # strings: titles, clipboard, graphics
    r"|\x1b[ -/]*[0-~]?"  # everything else that begins with escape
)
_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """One line of ``text`` as a terminal may safely show it: no escape sequences, controls or direction marks."""
    if text.isascii() and text.isprintable():
        return text[:LINE_LENGTH]
    text = text[: 8 * LINE_LENGTH].replace("\n", " ")
    shown = _CONTROLS.sub(" ", _SEQUENCES.sub("", text))
    return shown.expandtabs(4).rstrip()[:LINE_LENGTH]


def tail(path: Path, lines: int) -> list[str]:
    """The last lines of a log, plain, oldest first; only its last megabyte is read. Empty if there is no log."""
    text, _ = _read(path, None)
    found = text.split("\n")
    if found and not found[-1]:
        found.pop()
    return [_overwritten(line) for line in found[-lines:]] if lines > 0 else []


def since(path: Path, offset: int) -> tuple[list[str], int]:
    """Whole lines written after byte ``offset``, plain, and the offset to go on from.

    Begins again when the log has become shorter; skips to the last megabyte when far behind.
    """
    text, end = _read(path, offset)
    whole, newline, rest = text.rpartition("\n")
    if not newline:
        return [], end - len(rest.encode("utf-8", "surrogateescape"))
    return [_overwritten(line) for line in whole.split("\n")], end - len(rest.encode("utf-8", "surrogateescape"))


class LogFollower:
    """Gives a log's last lines at first, then whatever is added."""

    def __init__(self, path: Path, lines: int) -> None:
        self._path = path
        self._lines: int | None = lines
        self._offset = 0

    def read(self) -> list[str]:
        """Lines since the last call, plain; one that is still being written waits for its end."""
        found, self._offset = since(self._path, self._offset)
        if self._lines is None:
            return found
        first, self._lines = found[-self._lines :] if self._lines > 0 else [], None
        return first


def _read(path: Path, offset: int | None) -> tuple[str, int]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = max(0, size - TAIL_BYTES)
            if offset is not None and offset <= size:
                start = max(start, offset)
            file.seek(start)
            data = file.read(size - start)
    except FileNotFoundError:
        return "", 0
    return data.decode("utf-8", "surrogateescape"), start + len(data)


def _overwritten(line: str) -> str:
    """What is left of a line that a progress bar wrote over again and again."""
    shown = line.rstrip("\r").rpartition("\r")[2]
    return plain(shown.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
