"""The car over a slow link: keys are answered, and pictures come as fast as they can. ``pytest -m slow -s``."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pyte
import pytest

from tests.tui import stores
from tests.tui.terminals import Terminal
from tests.tui.test_car import FILM

QUERY = b"\x1b[6n"
MOST_SECONDS = 0.7


class SlowTerminal(Terminal):
    """A terminal behind a link of so many bytes a second that never refuses any, as sshd does not for a long time."""

    rate = 50_000.0

    def __init__(self, home: Path, code: str) -> None:
        super().__init__(home, code)
        self._under_way = bytearray()
        self._delivered = time.monotonic()
        self.pictures = 0

    def _take(self) -> bool:
        before, screen = len(self.raw), self._stream
        self._stream = pyte.ByteStream()  # nothing is seen before the link has carried it
        alive = super()._take()
        self._stream = screen
        self._under_way += self.raw[before:]
        return alive

    def pump(self, seconds: float) -> int:
        """Deliver what the link has had time for, and answer questions when they arrive."""
        deadline, before = time.monotonic() + seconds, len(self.raw)
        while time.monotonic() < deadline:
            super().pump(0.01)
            now = time.monotonic()
            allowed, self._delivered = int((now - self._delivered) * self.rate), now
            arrived = bytes(self._under_way[:allowed])
            del self._under_way[:allowed]
            self._stream.feed(arrived)
            for _ in range(arrived.count(QUERY)):
                self.pictures += 1
                os.write(self.descriptor, b"\x1b[1;1R")
        return len(self.raw) - before


@pytest.mark.slow
def test_keys_are_answered_while_a_slow_link_carries_the_car(home: Path) -> None:
    paths, writer = stores.running(home)
    with SlowTerminal(home, FILM.replace("sys.argv[1]", repr(str(paths.root)))) as terminal:
        terminal.shows("● 1 ppo-async", "q detach", seconds=30)
        terminal.press("w")
        terminal.shows("+412", seconds=30)
        waits = []
        for _ in range(5):
            pictures, started = terminal.pictures, time.monotonic()
            terminal.pump(3.0)
            rate = (terminal.pictures - pictures) / (time.monotonic() - started)
            started = time.monotonic()
            terminal.press("?")
            terminal.shows("States", seconds=20)
            waits.append(time.monotonic() - started)
            terminal.press("\x1b")
            terminal.pump(1.0)
        print(f"\n50 kB/s: {rate:.1f} pictures/s, keys after {sorted(waits)[2]:.2f} s (worst {max(waits):.2f})")
        assert rate > 1
        assert sorted(waits)[2] <= MOST_SECONDS
    writer.close()
