"""Keeps a run from being killed for its memory: warns, gives up what it can do without, then saves and ends it.

A run that only paused would still hold its memory, and so could still be killed; one that has saved itself and ended
holds none, and goes on from there as if nothing had happened once there is room.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from racetui.spec import MemoryConfig
from racetui.trainer.pressure import Level, Reading, judge

ADVICE = "resume it where more memory is free"


class Dispensable(Protocol):
    """Work beside training that can be given up."""

    def give_up(self, reason: str) -> bool:
        """End what goes on now; False if nothing does."""


class Guard:
    """Looks at memory once a second; ``short`` says whether anything more may be begun."""

    def __init__(
        self,
        config: MemoryConfig,
        read: Callable[[], Sequence[Reading]],
        beside: Dispensable,
        say: Callable[[str, str], None],
        end: Callable[[str], None],
    ) -> None:
        """``say`` takes an event's level and text; ``end`` saves and ends the run, for the reason given."""
        self._config, self._read, self._beside, self._say, self._end = config, read, beside, say, end
        self._level = Level.CALM
        self._last: dict[str, int] = {}
        self._ended = False

    @property
    def short(self) -> bool:
        """Memory is short, or running out."""
        return self._level is not Level.CALM

    def look(self) -> None:
        """See how things stand, and act."""
        if self._ended:
            return
        before = self._level
        level, reading = self._judge()
        if level > before:
            give_memory_back()
            level, reading = self._judge()
        if level is Level.RUNNING_OUT and self._beside.give_up(f"memory was running out: {reading}"):
            level, reading = self._judge()
        self._level, self._last = level, {each.of: each.used for each in self._read()}
        if level is Level.RUNNING_OUT:
            self._ended = True
            self._end(f"memory was running out: {reading}")
        elif level is Level.SHORT and before is Level.CALM:
            self._say("warning", f"memory is short: {reading}; no evaluation begins meanwhile")
        elif level is Level.CALM and before is not Level.CALM:
            self._say("info", "memory is no longer short")

    def _judge(self) -> tuple[Level, Reading | None]:
        return judge(self._read(), self._config, self._level, self._last)


def give_memory_back() -> None:
    """Return what was freed to the system, which allocators keep: with glibc, elsewhere at least garbage."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
