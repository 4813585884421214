"""A program in a pseudo-terminal of its own, and what it sends there."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import psutil

ASKED = b"\x1b[6n"
"""Where is the cursor? The panel paces the car by the answer."""
_ANSWER = b"\x1b[1;1R"
_SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_].*?(?:\x07|\x1b\\)|[ -/]*[0-~])", re.DOTALL)
_CHUNK = 65_536
_PATIENCE = 3.0
"""Seconds for a program to leave by itself."""


class Terminal:
    """Starts a program in a terminal of ``size`` columns and rows, on a link of ``rate`` bytes/s, or any.

    The link refuses nothing and delivers later, as sshd does; questions are answered when they have arrived.
    """

    def __init__(
        self, command: Sequence[str], size: tuple[int, int], environment: Mapping[str, str], rate: float | None = None
    ) -> None:
        self.started = time.monotonic()
        self._rate = rate
        self.pid, self._descriptor = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
                os.execvpe(command[0], [*command], dict(environment))  # noqa: S606
            except OSError as error:
                os.write(2, f"{command[0]}: {error.strerror}\n".encode())
            finally:
                os._exit(127)
        self.sent = self.asked = 0
        """Bytes that the program has written, and questions that were answered."""
        self._under_way = bytearray()
        self._arrived = bytearray()
        self._delivered = time.monotonic()
        self.process = psutil.Process(self.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the program."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
            deadline = time.monotonic() + _PATIENCE
            while time.monotonic() < deadline:
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    os.close(self._descriptor)
                    return
                with contextlib.suppress(ChildProcessError):
                    self.pump(0.02)
        os.close(self._descriptor)

    def press(self, keys: str) -> None:
        """Type; what arrived before is forgotten, but for the beginning of a question."""
        del self._arrived[: -len(ASKED) + 1]
        os.write(self._descriptor, keys.encode())

    def pump(self, seconds: float) -> int:
        """Take what is sent for some time; returns the number of bytes. Raises ChildProcessError once it ended."""
        before, deadline = self.sent, time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            wait = left if self._rate is None else min(left, 0.005)
            if select.select([self._descriptor], [], [], wait)[0]:
                try:
                    data = os.read(self._descriptor, _CHUNK)
                except OSError:
                    raise ChildProcessError("it has ended") from None
                self.sent += len(data)
                self._under_way += data
            self._deliver()
        return self.sent - before

    def wait_for(self, words: str, seconds: float = 30.0) -> float:
        """Seconds until these words have arrived since the last key. Raises TimeoutError."""
        started = time.monotonic()
        while words.encode() not in _SEQUENCE.sub(b"", bytes(self._arrived)):
            if time.monotonic() > started + seconds:
                raise TimeoutError(f"{words!r} did not appear within {seconds:.0f} s")
            self.pump(0.005)
        return time.monotonic() - started

    def first_picture(self, least: int = 1000, silence: float = 0.1, seconds: float = 20.0) -> float:
        """Seconds from the start to the last byte before the first silence, once there is something to see.

        Raises TimeoutError where there is nothing, ChildProcessError once it ended.
        """
        last = self.started
        while time.monotonic() - self.started < seconds:
            if self.pump(0.01):
                last = time.monotonic()
            elif self.sent >= least and time.monotonic() - last > silence:
                break
        if self.sent < least:
            raise TimeoutError(f"it showed nothing within {seconds:g} s")
        return last - self.started

    def cpu_seconds(self) -> float:
        """Processor time of the program and of those it started that have ended."""
        return sum(self.process.cpu_times()[:4])

    def _deliver(self) -> None:
        now = time.monotonic()
        allowed = len(self._under_way) if self._rate is None else int((now - self._delivered) * self._rate)
        if self._rate is not None and not allowed:
            return
        self._delivered = now
        arrived = bytes(self._under_way[:allowed])
        del self._under_way[:allowed]
        asked = (bytes(self._arrived[-len(ASKED) + 1 :]) + arrived).count(ASKED)  # one may have arrived in two parts
        self._arrived += arrived
        del self._arrived[:-_CHUNK]
        for _ in range(asked):
            self.asked += 1
            os.write(self._descriptor, _ANSWER)
