"""Real pseudo-terminals: a process in one, and an emulator that shows what a person would see."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

PANEL = "import sys; from racetui.cli import main; sys.exit(main([]))"
"""What ``racetui`` without a command does."""
ROOT = Path(__file__).parents[2]


class Terminal:
    """A Python program in a terminal of its own."""

    def __init__(
        self,
        home: Path,
        code: str = PANEL,
        size: tuple[int, int] = (120, 40),
        environment: Mapping[str, str] | None = None,
        before: Callable[[], object] = lambda: None,
    ) -> None:
        columns, rows = size
        variables = {
            **os.environ,
            "RACETUI_HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "LINES": "",
            "COLUMNS": "",
            **(environment or {}),
        }
        self.started = time.monotonic()
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                before()
                os.execve(sys.executable, [sys.executable, "-c", code], variables)
            finally:
                os._exit(127)
        self.raw = b""
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.code: int | None = None
        self.closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.close()

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(self._screen.display)

    def cursor_shown(self) -> bool:
        """The cursor can be seen."""
        return not self._screen.cursor.hidden

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.descriptor, keys.encode())

    def signal(self, number: int) -> None:
        """Send a signal to the program."""
        os.kill(self.pid, number)

    def close(self) -> None:
        """The terminal goes away, as when a window is closed or a connection lost."""
        if not self.closed:
            os.close(self.descriptor)
        self.closed = True

    def pump(self, seconds: float) -> int:
        """Take what the program writes for some time; returns the number of bytes."""
        before, deadline = len(self.raw), time.monotonic() + seconds
        while not self.closed and (left := deadline - time.monotonic()) > 0:
            if select.select([self.descriptor], [], [], left)[0] and not self._take():
                break
        return len(self.raw) - before

    def _take(self) -> bool:
        try:
            data = os.read(self.descriptor, 65_536)
        except OSError:  # the other end is closed
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def shows(self, *words: str, seconds: float = 20.0) -> None:
        """Wait until all of these can be read."""
        deadline = time.monotonic() + seconds
        while not all(word in self.text for word in words):
            assert time.monotonic() < deadline, f"{words} are not on the screen:\n{self.text}"
            self.pump(0.02)

    def ends(self, seconds: float) -> int:
        """Wait until the program ends; returns its exit code, or minus the signal that ended it."""
        deadline = time.monotonic() + seconds
        while self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            else:
                assert time.monotonic() < deadline, f"it goes on:\n{self.text}"
                if self.closed:
                    time.sleep(0.02)
                else:
                    self.pump(0.02)
        self.pump(0.1)
        return self.code
