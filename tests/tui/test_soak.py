"""A panel that stays open: an hour's ticks in fast-forward, and the memory it takes stays the same.

``pytest -m slow -s tests/tui/test_soak.py`` for the whole hour; some minutes of it are in every run of the tests.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
from textual import events
from textual.widget import Widget

from racetui.runs.writer import RunWriter
from racetui.tui.picture import Picture
from racetui.tui.services import Services
from racetui.watch.ring import RingWriter
from tests.shots import make_shot, road
from tests.tui import stores
from tests.tui.panels import front, on_store, opened, press, until

WAYS = (("w",), ("w",), ("5", "escape"), ("enter", "escape"), ("l", "G", "escape"), ("question_mark", "escape"))
MORE = (("s", "escape"), ("space",), ("c", "n", "escape"), ("space",), ("tab", "z", "z", "escape"), ("X", "i", "0"))
"""Keys by and by: the car open and closed, every screen, forms, marks, charts; each leads back to the dashboard."""
EVERY = 2
"""Ticks between two of them."""
KEPT_PER_TICK = 1500
"""Bytes that are meant to stay: a point of each curve, a line of the log."""
CACHES = 4 << 20
"""Bytes of the caches of Rich and Textual, which fill for a while and then stay."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What the process has at a moment."""

    objects: int
    """Bytes of Python's objects."""
    resident: int
    widgets: int
    """Also those of screens that were left."""
    pictures: int
    files: int
    threads: int


async def stay_open(home: Path, warm: int, ticks: int) -> tuple[Taken, Taken]:
    """What was taken after ``warm`` ticks, and after ``ticks`` more."""
    paths, writer = stores.running(home, rounds=300)
    driver: Any = SimpleNamespace(poll=lambda: None)
    noise, ways = np.random.default_rng(1), itertools.cycle(WAYS + MORE)
    process = psutil.Process()
    before = _taken(process)
    with RingWriter(paths.frames) as ring:
        async with opened(on_store(home), services=Services(drive=lambda _: driver)) as (panel, pilot):
            for tick in range(warm + ticks):
                if tick == warm:
                    before = await _settled(process)
                _grow(writer, ring, tick, noise)
                seen = panel.picture
                panel.wake()
                await until(lambda seen=seen: panel.picture is not seen, "the next picture")  # type: ignore[misc]
                panel.post_message(events.CursorPosition(0, 0))
                if tick % EVERY == 0:
                    await press(pilot, *next(ways))
                    await until(lambda: front(panel) == "Dashboard", "back")
            after = await _settled(process)
    writer.close()
    return before, after


def _grow(writer: RunWriter, ring: RingWriter, tick: int, noise: np.random.Generator) -> None:
    with writer.transaction():
        stores.round_of(writer, 301 + tick, noise)
        writer.event("info", "round", f"round {tick}")
    ring.write(make_shot(tick, picture=np.roll(road(), tick, axis=0)))


async def _settled(process: psutil.Process) -> Taken:
    """What is taken at its least: threads that read have files open while they do, and what leaks is always there."""
    found = []
    for _ in range(10):
        found.append(_taken(process))
        await asyncio.sleep(0.1)
    return min(found, key=lambda taken: taken.files)


def _taken(process: psutil.Process) -> Taken:
    gc.collect()
    alive = [type(one) for one in gc.get_objects()]
    return Taken(
        objects=tracemalloc.get_traced_memory()[0],
        resident=process.memory_info().rss,
        widgets=sum(issubclass(kind, Widget) for kind in alive),
        pictures=sum(kind is Picture for kind in alive),
        files=process.num_fds(),
        threads=process.num_threads(),
    )


@pytest.fixture(autouse=True)
def traced() -> Iterator[None]:
    """Python counts what its objects take."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


def check(before: Taken, after: Taken, ticks: int) -> None:
    """Nothing that was opened stays, and memory does not grow but by what is recorded."""
    assert after.widgets <= before.widgets, "screens that were left are gone"
    assert after.pictures <= before.pictures + 3, "and so are pictures that were seen"
    assert after.files <= before.files + 2
    assert after.threads <= before.threads + 3, "answers on their way, and the watcher's"
    assert after.objects - before.objects < CACHES + KEPT_PER_TICK * ticks


async def test_some_minutes_leave_nothing_behind(home: Path) -> None:
    ticks = EVERY * len(WAYS + MORE)
    before, after = await stay_open(home, warm=ticks, ticks=ticks)
    check(before, after, ticks)


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_an_hour_leaves_nothing_behind(home: Path) -> None:
    before, after = await stay_open(home, warm=300, ticks=3600)
    print(f"\n{before}\n{after}")
    check(before, after, 3600)
    assert after.resident - before.resident < 40 << 20, "of which Python's counting takes a part"
