"""Asks the terminal itself. It is waited for once: one that says nothing at first is asked nothing more.

Sequences by xterm's "Control Sequences" (DA1, DSR, DECRQM, DECRQSS, XTVERSION, OSC 11), kitty's graphics protocol and
the "Synchronized Output" specification (mode 2026).
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 1.5
"""Seconds to wait for the first answer, and again for all others together."""
SYMBOLS = "●⏸◆▲✗✓⠿█╭…"
"""Of those that the panel draws with, and takes for one cell each."""
WHERE = b"\x1b[6n"
WHO = b"\x1b[c"
"""Every terminal answers that, so it is asked last, and the waiting ends with it."""
_NAME = b"\x1b[>0q"
_SYNCHRONIZED = b"\x1b[?2026$p"
_BACKGROUND = b"\x1b]11;?\x1b\\"
_TRUE_COLOUR = b"\x1b[48:2::1:2:3m\x1bP$qm\x1b\\\x1b[0m"
"""Take a colour that only a terminal of 16 million has, and say which it was."""
_PIXELS = b"\x1b_Gi=7,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"


@dataclass(frozen=True, slots=True)
class Answers:
    """What it said; None where it did not."""

    seconds: float | None = None
    """From a question to its answer: the link there and back. None of a terminal that does not answer."""
    name: str = ""
    synchronized: bool | None = None
    """It shows a whole picture at once."""
    true_colour: bool | None = None
    pixels: bool | None = None
    """kitty's graphics protocol."""
    light: bool | None = None
    """Its background is a light one."""
    cells: int | None = None
    """Width of SYMBOLS."""
    attributes: tuple[int, ...] = ()
    """Of its kind, by DA1."""


def ask(unicode: bool, pixels: bool, plain: bool) -> Answers | None:
    """Ask the terminal of this process; None where there is none, or where another program is in front.

    ``unicode`` measures symbols, ``pixels`` asks for pictures, a ``plain`` one is asked what all of them know.
    """
    with contextlib.suppress(OSError, termios.error), _terminal() as descriptor:
        seconds, _ = _exchange(descriptor, WHERE, lambda reply: _CURSOR.search(reply) is not None)
        if seconds is None:
            return Answers()
        questions = b"" if plain else _NAME + _SYNCHRONIZED + _BACKGROUND + _TRUE_COLOUR
        questions += _PIXELS if pixels else b""
        questions += b"\r" + SYMBOLS.encode() + WHERE + b"\r\x1b[K" if unicode else b""
        _, reply = _exchange(descriptor, questions + WHO, lambda reply: _KIND.search(reply) is not None)
        return understood(reply, seconds)
    return None


def understood(reply: bytes, seconds: float) -> Answers:
    """What a reply says."""
    name, kind, cursor = _NAMED.search(reply), _KIND.search(reply), _CURSOR.search(reply)
    mode, colour, ground = _MODE.search(reply), _COLOUR.search(reply), _GROUND.search(reply)
    return Answers(
        seconds,
        name[1].decode("ascii", "replace") if name else "",
        mode[1] in b"1234" and mode[1] != b"4" if mode else None,
        re.search(rb"48[:;]2[:;]", colour[1]) is not None if colour else None,
        b"_Gi=7;OK" in reply if b"_Gi=7;" in reply else None,
        sum(_share(part) for part in ground.groups()) > 1.5 if ground else None,
        int(cursor[2]) - 1 if cursor else None,
        tuple(int(part) for part in kind[1].split(b";") if part) if kind else (),
    )


_CURSOR = re.compile(rb"\x1b\[(\d+);(\d+)R")
_KIND = re.compile(rb"\x1b\[\?([\d;]*)c")
_NAMED = re.compile(rb"\x1bP>\|([^\x1b\x07]{1,80})")
_MODE = re.compile(rb"\x1b\[\?2026;(\d)\$y")
_COLOUR = re.compile(rb"\x1bP1\$r([\d:;]*)m")
_GROUND = re.compile(rb"\x1b\]11;rgb:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})")


def _share(hexadecimal: bytes) -> float:
    return int(hexadecimal, 16) / int(b"f" * len(hexadecimal), 16)


@contextmanager
def _terminal() -> Iterator[int]:
    """The terminal, unbuffered and without echo for a while. Raises OSError where this process must not touch it."""
    descriptor = os.open(Path("/dev/tty"), os.O_RDWR | os.O_NOCTTY)
    try:
        if os.tcgetpgrp(descriptor) != os.getpgrp():
            raise OSError("in the background: reading would stop this process")
        before = termios.tcgetattr(descriptor)
        try:
            tty.setcbreak(descriptor, termios.TCSANOW)
            yield descriptor
        finally:
            termios.tcflush(descriptor, termios.TCIFLUSH)  # an answer that comes late is nobody's input
            termios.tcsetattr(descriptor, termios.TCSANOW, before)
    finally:
        os.close(descriptor)


def _exchange(descriptor: int, questions: bytes, enough: Callable[[bytes], bool]) -> tuple[float | None, bytes]:
    """Seconds until the reply was complete, None if it never was, and the reply."""
    os.write(descriptor, questions)
    started, reply = time.monotonic(), b""
    while (left := started + PATIENCE - time.monotonic()) > 0:
        if select.select([descriptor], [], [], left)[0]:
            reply += os.read(descriptor, 4096)
            if enough(reply):
                return time.monotonic() - started, reply
    return None, reply
