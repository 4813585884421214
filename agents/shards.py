"""Work on a batch shared out over threads: small networks gain little from threads within a layer, much from this."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from agents.threads import use_one_thread

Part = TypeVar("Part")
Result = TypeVar("Result")


class Shards:
    """So many threads, each with a share of every batch; with one, all work is done by whoever calls."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool = ThreadPoolExecutor(count, "learning", initializer=use_one_thread) if count > 1 else None

    def map(self, work: Callable[[Part], Result], parts: Iterable[Part]) -> list[Result]:
        """``work`` of every part, in their order; raises what the first of them raised."""
        if self._pool is None:
            return [work(part) for part in parts]
        return list(self._pool.map(work, parts))
