"""Threads that help one another with compiled work: they watch for the next order a while, then sleep."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import TypeAlias

from carracing.simulator.sharing import MOST_ORDERS, Share, await_order, new_words

Work: TypeAlias = Callable[[Share], None]
"""Calls a compiled function that takes items of an order until none is left."""


class Crew:
    """The caller's thread and ``threads`` - 1 helpers, started when first needed, also after a fork."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._alone = new_words(1)
        self._order = 0
        self._helpers: _Helpers | None = None

    def do(self, work: Work, items: int) -> None:
        """Have ``work`` done by everyone; ``items`` says whether it can be shared at all."""
        self._order = (self._order + 1) % MOST_ORDERS
        if self.threads == 1 or items < 2:
            work(Share(self._alone, 0, self._order))
            return
        if self._helpers is None or self._helpers.process != os.getpid():
            self._helpers = _Helpers(self.threads - 1)
            weakref.finalize(self, self._helpers.stop)
        self._helpers.lead(work, self._order)

    def close(self) -> None:
        """End the helpers; the crew can still work, alone. May be called twice."""
        if self._helpers is not None:
            self._helpers.stop()
            self._helpers = None
        self.threads = 1


class _Helpers:
    """Threads, and what they and their leader know of each other.

    Everything but ``words`` is read and written with Python's lock held, so in one order that all agree on.
    """

    def __init__(self, count: int) -> None:
        self.process = os.getpid()
        self.words = new_words(1 + count)
        self._work: Work | None = None
        """None between orders."""
        self._stopped = False
        self._error: BaseException | None = None
        self._asleep = [False] * count
        self._wakers: list[SimpleQueue[None]] = [SimpleQueue() for _ in range(count)]
        for index in range(count):
            Thread(target=self._help, args=(index,), name=f"simulator-{index + 1}", daemon=True).start()

    def lead(self, work: Work, order: int) -> None:
        """Wake who sleeps, and work."""
        if self._error is not None:
            raise RuntimeError("a thread of the simulator failed") from self._error
        self._work = work
        try:
            for index, asleep in enumerate(self._asleep):
                if asleep:
                    self._asleep[index] = False
                    self._wakers[index].put(None)
            work(Share(self.words, 0, order))
        finally:
            self._work = None

    def stop(self) -> None:
        """Have the threads end soon."""
        self._stopped = True
        for waker in self._wakers:
            waker.put(None)

    def _help(self, index: int) -> None:
        seen = 0
        while not self._stopped:
            order = int(await_order(self.words, seen))
            if order < 0:
                self._sleep(index)
                continue
            seen, work = order, self._work
            try:
                if work is not None:
                    work(Share(self.words, index + 1, order))
            except BaseException as error:
                self._error = error
            del work  # it knows the simulator, which may go while this thread sleeps

    def _sleep(self, index: int) -> None:
        self._asleep[index] = True
        if self._work is None and not self._stopped:
            self._wakers[index].get()
        self._asleep[index] = False
