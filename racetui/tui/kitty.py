"""Pictures by kitty's graphics protocol, in terminals that say they have it: every pixel in its own colour.

The sequences are those of "Terminal graphics protocol" in kitty's documentation; Ghostty, WezTerm and Konsole know
them too. Only terminals whose name promises it are asked, so nobody else waits for an answer that never comes.
"""

from __future__ import annotations

import base64
import contextlib
import os
import select
import termios
import time
import tty
import zlib
from collections.abc import Mapping

from textual.geometry import Region

from racetui.tui.halfblocks import Pixels
from racetui.tui.pace import in_multiplexer

PATIENCE = 1.0
"""Seconds to wait for the answer, which takes one way there and back."""
_IMAGE = 7
_ASK = f"\x1b_Gi={_IMAGE},s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[c"
"""May a picture of one pixel be shown? And what are you: every terminal answers that, so the waiting has an end."""
_MOST_BYTES = 4096
"""Of one part of a picture's data."""
ERASE = f"\x1b_Ga=d,d=I,i={_IMAGE},q=2\x1b\\"
"""Take the picture away."""


def promising(environment: Mapping[str, str]) -> bool:
    """Whether the terminal's name promises the protocol; never behind tmux or screen, which swallow it."""
    if in_multiplexer(environment):
        return False
    names = {environment.get("TERM", ""), environment.get("TERM_PROGRAM", "").lower()}
    known = {"xterm-kitty", "xterm-ghostty", "ghostty", "wezterm"}
    return bool(names & known) or "KITTY_WINDOW_ID" in environment or "KONSOLE_VERSION" in environment


def answers(source: int, target: int) -> bool:
    """Ask the terminal behind two descriptors; before anybody else reads from it."""
    before = termios.tcgetattr(source)
    try:
        tty.setcbreak(source, termios.TCSANOW)
        os.write(target, _ASK.encode())
        return f"_Gi={_IMAGE};OK".encode() in _reply(source)
    finally:
        termios.tcsetattr(source, termios.TCSANOW, before)


def available(environment: Mapping[str, str], source: int, target: int) -> bool:
    """The terminal promises the protocol, and keeps the promise."""
    with contextlib.suppress(OSError, termios.error):
        return promising(environment) and answers(source, target)
    return False


def shown(picture: Pixels, place: Region) -> str:
    """Show a (height, width, 3) picture at a place of the screen, instead of the last one; the cursor stays."""
    height, width = picture.shape[:2]
    data = base64.b64encode(zlib.compress(picture.tobytes(), 1)).decode("ascii")
    parts = [data[start : start + _MOST_BYTES] for start in range(0, len(data), _MOST_BYTES)]
    head = f"a=T,f=24,o=z,s={width},v={height},i={_IMAGE},p=1,c={place.width},r={place.height},C=1,q=2,"
    more = [1] * (len(parts) - 1) + [0]
    sent = [f"\x1b_G{'' if n else head}m={more[n]};{part}\x1b\\" for n, part in enumerate(parts)]
    return f"\x1b7\x1b[{place.y + 1};{place.x + 1}H{''.join(sent)}\x1b8"


def _reply(source: int) -> bytes:
    """Everything up to the end of the second answer, ``CSI ? ... c``."""
    reply, deadline = b"", time.monotonic() + PATIENCE
    while not (b"\x1b[?" in reply and reply.endswith(b"c")):
        if not select.select([source], [], [], max(0.0, deadline - time.monotonic()))[0]:
            break
        reply += os.read(source, 1024)
    return reply
