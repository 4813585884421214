"""The link to the terminal: how long it takes there and back, and what the panel sends over it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping

from textual.driver import Driver

from racetui.tui.pace import PATIENCE, Pace, in_multiplexer

ASK_EVERY = 10.0
"""Seconds between two questions while no car is shown: the answer to each picture of a car tells as much."""
FIRST_ASK = 1.0
"""Seconds after the start: the first screen is out by then, and not part of what is measured."""
TRIES = 3
"""Questions without an answer after which a terminal is taken for one that never answers."""
_WINDOW = 4.0
"""Seconds over which bytes are counted."""


class Link:
    """Asks rarely, listens to the car's answers meanwhile, and counts bytes."""

    def __init__(
        self, pace: Pace, environment: Mapping[str, str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pace, self._clock = pace, clock
        self._between = in_multiplexer(environment)
        self.answers = False
        """The terminal has answered at least once."""
        self._asked: float | None = None
        """When the question went out that has no answer yet."""
        self._last = clock() + FIRST_ASK - ASK_EVERY
        self._unanswered = 0
        self._seconds: float | None = None
        self._bytes = 0
        self._counts = deque([(clock(), 0)])
        """Moments with the bytes that had been sent until then."""

    @property
    def seconds(self) -> float | None:
        """There and back; None where it is not known, is overdue, or where tmux or screen answers in its place."""
        if self._between:
            return None
        if self._pace.active:
            return self._pace.seconds
        overdue = self._asked is not None and self._clock() - self._asked > PATIENCE
        return None if overdue else self._seconds

    def due(self) -> bool:
        """It is time to ask."""
        if self._pace.active or (self._unanswered >= TRIES and not self.answers):
            return False
        return self._clock() - self._last >= ASK_EVERY

    def asked(self) -> None:
        """The question is on its way."""
        self._asked = self._last = self._clock()
        self._unanswered += 1

    def answered(self) -> None:
        """An answer came: to the last picture of a car where one waits for it, else to the question."""
        self.answers = True
        if self._pace.waiting:
            self._asked = None
            self._pace.answered()
        elif self._asked is not None:
            self._seconds, self._asked = self._clock() - self._asked, None
            self._unanswered = 0

    def wrote(self, count: int) -> None:
        """So many bytes went out."""
        self._bytes += count

    def rate(self) -> float:
        """Bytes a second lately; called with every picture."""
        now = self._clock()
        while len(self._counts) > 1 and now - self._counts[1][0] >= _WINDOW:
            self._counts.popleft()
        since, before = self._counts[0]
        if now > self._counts[-1][0]:
            self._counts.append((now, self._bytes))
        return (self._bytes - before) / (now - since) if now > since else 0.0


def metered(driver: type[Driver], link: Link) -> type[Driver]:
    """The driver, with what it writes counted."""

    class Metered(driver):  # type: ignore[misc, valid-type]
        def write(self, data: str) -> None:
            link.wrote(len(data.encode(errors="replace")))
            super().write(data)

    return Metered
