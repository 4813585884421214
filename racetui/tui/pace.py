"""When the next frame may be sent: once the terminal says that it has got the last one. Textual-free.

After each frame the terminal is asked where its cursor is (``CSI 6n``). The question passes through the same queues
as the frame did, so frames never pile up in front of what a key brings about, however slow the link is, and the time
until the answer is the link's.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping

ASK = "\x1b[6n"
FASTEST = 10.0
"""Frames a second: what looks like motion, for some 80 kB/s."""
FASTEST_IN_TMUX = 5.0
"""tmux answers at once by itself, whatever its own link is like."""
PATIENCE = 2.0
"""Seconds without an answer after which another frame is tried all the same."""
_WINDOW = 2.0
"""Seconds over which frames are counted."""


def in_multiplexer(environment: Mapping[str, str]) -> bool:
    """Something between the panel and the terminal answers in its place."""
    return bool(environment.get("TMUX") or environment.get("STY")) or environment.get("TERM", "").startswith(
        ("tmux", "screen")
    )


class Pace:
    """Frames sent, and answers to them."""

    def __init__(self, environment: Mapping[str, str], clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = FASTEST_IN_TMUX if in_multiplexer(environment) else FASTEST
        self.fastest = self._limit
        self._clock = clock
        self._sent: deque[float] = deque()
        """When those frames went out that have no answer yet."""
        self._last = -math.inf
        self._spend = math.inf
        self._size = 0
        """Bytes of the last frame."""
        self._shown: deque[float] = deque()
        self.seconds: float | None = None
        """From the last answered frame to its answer; None before the first, and while one is overdue."""

    def cap(self, frames: float, bytes_per_second: float = math.inf) -> None:
        """Send no more frames a second than this, and no more bytes, whatever the link could take."""
        self.fastest, self._spend = min(self._limit, frames), bytes_per_second

    def ready(self) -> bool:
        """Another frame may be sent."""
        since = self._clock() - self._last
        if self._sent and since < PATIENCE:
            return False
        if self._sent:
            self.seconds = None
        return since >= self.rest

    def sent(self) -> None:
        """A frame is on its way, and the question behind it."""
        self._last = self._clock()
        self._sent.append(self._last)
        self._shown.append(self._last)

    def weighed(self, size: int) -> None:
        """The frame that was sent last had so many bytes."""
        self._size = size

    def answered(self) -> None:
        """The terminal has it.

        Where several have no answer, one was lost or the link takes longer than PATIENCE, and nobody knows whose this
        is. It counts for all of them: where the others are still to come there is one picture more under way, but
        waiting for a lost one would never end.
        """
        if self._sent:
            self.seconds = self._clock() - self._sent[0] if len(self._sent) == 1 else None
            self._sent.clear()

    @property
    def rest(self) -> float:
        """Seconds from one frame to the next at the least."""
        return max(1 / self.fastest, self._size / self._spend)

    @property
    def waiting(self) -> bool:
        """A frame has no answer yet."""
        return bool(self._sent)

    @property
    def active(self) -> bool:
        """A car is shown, or was a moment ago."""
        return self._clock() - self._last < PATIENCE

    @property
    def rate(self) -> float:
        """Frames a second lately."""
        now = self._clock()
        while self._shown and now - self._shown[0] > _WINDOW:
            self._shown.popleft()
        return len(self._shown) / _WINDOW
