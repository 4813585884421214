"""Ends that come from outside: SIGTERM, SIGHUP, SIGINT, and a terminal that is gone without a word."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
import threading
from collections.abc import Callable
from types import FrameType

GRACE_SECONDS = 1.0
"""How long leaving in good order may take before the process ends all the same."""
_LEAVE_SCREEN = b"\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?7h\x1b[0m"
"""Normal screen, cursor shown, mouse and paste reports off, line wrap on, no colours."""


class Endings:
    """Watches for them and leaves the panel, once.

    A process that was started with SIGHUP ignored (nohup) gets a handler all the same: without it, and without a
    look at the terminal itself, Textual's input thread would read a dead terminal in a tight loop for ever.
    """

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave = leave
        self._lock = threading.Lock()
        self._terminal: list[object] | None = None
        self.code: int | None = None
        """128 and the signal's number once one of them came."""

    def watch(self) -> None:
        """Begin; in the main thread, before the panel takes the terminal."""
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, self._on_signal)
        with contextlib.suppress(termios.error):
            self._terminal = termios.tcgetattr(sys.stdin.fileno())
        threading.Thread(target=self._watch_terminal, name="racetui-hangup", daemon=True).start()

    @property
    def hung_up(self) -> bool:
        """The terminal is gone: nothing can be written any more."""
        return _gone(timeout=0)

    def end(self, number: int) -> None:
        """Leave because of this signal, or what amounts to it."""
        with self._lock:
            if self.code is not None:
                return
            self.code = 128 + number
        threading.Thread(target=self._last_resort, name="racetui-last-resort", daemon=True).start()
        self._leave()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.end(number)

    def _watch_terminal(self) -> None:
        if _gone(timeout=None):
            self.end(signal.SIGHUP)

    def _last_resort(self) -> None:
        """End the process if it has not left in time: the terminal may take nothing more, not even goodbye."""
        threading.Event().wait(GRACE_SECONDS)
        descriptor = sys.stdin.fileno()
        with contextlib.suppress(OSError, termios.error):
            os.set_blocking(descriptor, False)
            os.write(descriptor, _LEAVE_SCREEN)
            os.set_blocking(descriptor, True)
            if self._terminal is not None:
                termios.tcsetattr(descriptor, termios.TCSANOW, self._terminal)  # type: ignore[arg-type]
        os._exit(self.code or 1)


def _gone(timeout: float | None) -> bool:
    """Wait (for ever, or ``timeout`` milliseconds) until the terminal has hung up; False if it has not."""
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(sys.stdin.fileno(), 0)  # hang-up and errors are reported without being asked for
    return any(events & (select.POLLHUP | select.POLLERR) for _, events in poll.poll(timeout))
