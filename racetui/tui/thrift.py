"""Fewer bytes for the same screen: of a style only what is not set already is sent.

Rich sends every style whole and takes it back behind every run of cells, some forty bytes for a word. What stands on
the screen is the same; a slow link carries it in about half of the time.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from functools import lru_cache

from textual.driver import Driver

_TOKEN = re.compile(r"\x1b\[([0-9;]*)m|(\x1b\[[0-9]+;[0-9]+H)")
"""A style, or a move of the cursor, which no style has a part in."""
_PAINTS = re.compile(r"\x1b\[[0-9]+;[0-9]+H")
"""How an update begins that comes out the same wherever the cursor is."""
_FRAMES = frozenset({"\x1b[?2026h", "\x1b[?2026l"})
"""Around an update, where a terminal is to show it at once."""
_MARKS = frozenset("123456789")


@dataclass(frozen=True, slots=True)
class Pen:
    """How the terminal writes."""

    fore: str = ""
    """Parameters of a colour; empty is the terminal's own."""
    back: str = ""
    marks: frozenset[str] = frozenset()
    """Bold, dim, reverse and so on, by their numbers."""


PLAIN = Pen()


class Thrift:
    """Rewrites what goes to one terminal; remembers how that writes now."""

    def __init__(self) -> None:
        self._is: Pen | None = None
        """None where it is not known."""

    def spare(self, data: str) -> str:
        """The same for the terminal, in fewer bytes; behind it the terminal writes as it would have."""
        out: list[str] = []
        wanted, end = self._is, 0
        for found in _TOKEN.finditer(data):
            text = data[end : found.start()]
            end = found.end()
            if text:
                out += [self._become(wanted), text]
            if found[2] is not None:
                out.append(found[2])
                continue
            after = applied(wanted, found[1])
            if after is None:  # something that is not understood goes through as it is
                out += [self._become(wanted), found[0]]
                self._is = None
            wanted = after
        out += [self._become(wanted), data[end:]]
        return "".join(out)

    def _become(self, wanted: Pen | None) -> str:
        before, self._is = self._is, wanted
        return "" if wanted is None or wanted == before else change(before, wanted)


@lru_cache(maxsize=4096)
def change(before: Pen | None, after: Pen) -> str:
    """The shortest way from one pen to another."""
    if after == PLAIN:
        return "\x1b[0m"
    fresh = before is None or bool(before.marks - after.marks)
    start = PLAIN if before is None or fresh else before
    codes = ["0"] if fresh else []
    codes += sorted(after.marks - start.marks)
    codes += [after.fore or "39"] if after.fore != start.fore else []
    codes += [after.back or "49"] if after.back != start.back else []
    return f"\x1b[{';'.join(codes)}m"


@lru_cache(maxsize=4096)
def applied(pen: Pen | None, parameters: str) -> Pen | None:
    """The pen after a style; None where that is not known."""
    codes = parameters.split(";")
    at = 0
    while at < len(codes):
        code = codes[at].lstrip("0")
        length = 1
        if code == "":
            pen = PLAIN
        elif code in ("38", "48"):
            length = {"2": 5, "5": 3}.get(codes[at + 1] if at + 1 < len(codes) else "", 0)
            if not length or at + length > len(codes):
                return None
            pen = _coloured(pen, code == "48", ";".join(codes[at : at + length]))
        elif code in _MARKS:
            pen = None if pen is None else replace(pen, marks=pen.marks | {code})
        elif code in ("39", "49"):
            pen = _coloured(pen, code == "49", "")
        elif len(code) <= 3 and code[:-1] in ("3", "9", "4", "10"):
            pen = _coloured(pen, code[:-1] in ("4", "10"), code)
        else:
            return None
        at += length
    return pen


def _coloured(pen: Pen | None, back: bool, colour: str) -> Pen | None:
    if pen is None:
        return None
    return replace(pen, back=colour) if back else replace(pen, fore=colour)


def sparing(driver: type[Driver]) -> type[Driver]:
    """The driver, writing fewer bytes; as it is where it is not one for a terminal of this machine."""
    if sys.platform == "win32":
        return driver
    from textual.drivers.linux_driver import LinuxDriver

    if not issubclass(driver, LinuxDriver):
        return driver

    class Sparing(driver):  # type: ignore[misc, valid-type]
        """Spares bytes."""

        thrift = Thrift()
        painted = ""
        """What was painted last, if nothing else was written since."""

        def start_application_mode(self) -> None:
            """Take the terminal, also from a shell that may have left it in any style."""
            self.thrift = Thrift()
            super().start_application_mode()

        def write(self, data: str) -> None:
            """Send it, unless it was painted last: Textual lays every form out twice, and paints it each time."""
            if data == self.painted:
                return
            if data not in _FRAMES:
                self.painted = data if _PAINTS.match(data) else ""
            super().write(self.thrift.spare(data))

    return Sparing
