"""The thread that looks at the store at a steady pace, so that the screen never waits for a disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from racetui.tui.picture import NOBODY, Compared, Picture

FIRST_WAIT = 0.3
"""Seconds after the first picture: percentages need a second look, and nobody should wait long for them."""


class Pictures(Protocol):
    """Where pictures come from."""

    def poll(self, selected: str | None, compared: Compared = NOBODY) -> Picture:
        """Look now."""

    def close(self) -> None:
        """Let go of everything."""


class Clockwork(threading.Thread):
    """Looks, hands the picture over, waits, looks again: a slow disk makes it slower, never busier."""

    def __init__(
        self,
        source: Callable[[], Pictures],
        deliver: Callable[[Picture], None],
        failed: Callable[[Exception], None],
    ) -> None:
        super().__init__(name="racetui-reader", daemon=True)
        self._source = source
        self._deliver = deliver
        self._failed = failed
        self._change = threading.Condition()
        self._wanted = True
        self._stopped = False
        self._selected: str | None = None
        self._compared = NOBODY
        self._looks = 0
        self.rate = 1.0
        self.frozen = False

    def select(self, run_id: str | None) -> None:
        """Look at this run from now on, at once."""
        self.stay(run_id)
        self.wake()

    def stay(self, run_id: str | None) -> None:
        """Look at this run from now on, as soon as it is time to look."""
        with self._change:
            self._selected = run_id

    def compare(self, compared: Compared) -> None:
        """Look at these runs side by side from now on, at once."""
        with self._change:
            self._compared = compared
        self.wake()

    def wake(self) -> None:
        """Look now, unless frozen."""
        with self._change:
            self._wanted = True
            self._change.notify()

    def freeze(self, frozen: bool) -> None:
        """Stop looking, or go on at once."""
        with self._change:
            self.frozen = frozen
        self.wake()

    def set_rate(self, rate: float) -> None:
        """Look this often a second."""
        with self._change:
            self.rate = rate
        self.wake()

    def stop(self) -> None:
        """End soon; not waited for, since a disk may hang."""
        with self._change:
            self._stopped = True
            self._change.notify()

    def run(self) -> None:
        """Work until stopped."""
        try:
            source = self._source()
            try:
                while self._wait():
                    self._deliver(source.poll(self._selected, self._compared))
                    self._looks += 1
            finally:
                source.close()
        except (
            Exception
        ) as error:  # whatever it is, the panel must not go on showing an old picture as if it were new
            self._failed(error)

    def _wait(self) -> bool:
        pace = 1.0 / self.rate if self._looks != 1 else FIRST_WAIT
        with self._change:
            self._change.wait_for(lambda: self._stopped or self._wanted, pace)
            self._change.wait_for(lambda: self._stopped or not self.frozen)
            self._wanted = False
            return not self._stopped
