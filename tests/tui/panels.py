"""Opening the panel in tests, and reading its screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot

from racetui.preferences import Loaded
from racetui.runs.paths import RunPaths
from racetui.runs.store import RunStore
from racetui.tui.app import Panel
from racetui.tui.clockwork import Pictures
from racetui.tui.feed import Feed
from racetui.tui.services import Services


def lines(panel: Panel) -> list[str]:
    """What a person would read, row by row."""
    return [strip.text for strip in panel.screen._compositor.render_strips()]


def text(panel: Panel) -> str:
    """The whole screen."""
    return "\n".join(lines(panel))


def front(panel: Panel) -> str:
    """Which screen is in front."""
    return type(panel.screen).__name__


async def until(condition: Callable[[], bool], what: str = "", seconds: float = 20.0) -> None:
    """Wait for something to become true, and say what did not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not happen: {what or condition}"
        await asyncio.sleep(0.02)


async def settled(count: Callable[[], int], seconds: float = 0.5) -> int:
    """What is counted, once it has stayed the same for so long; what was under way may still come."""
    deadline = time.monotonic() + 20
    while True:
        before = count()
        await asyncio.sleep(seconds)
        if count() == before:
            return before
        assert time.monotonic() < deadline, f"it goes on: {before}"


async def shows(panel: Panel, *words: str, seconds: float = 20.0) -> None:
    """Wait until all of these can be read."""
    await until(lambda: all(word in text(panel) for word in words), f"{words} in\n{text(panel)}", seconds)


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Type, as fast as a link may deliver it, and let what it did settle. (``pilot.press`` rests after every key.)"""
    driver = pilot.app._driver
    assert driver is not None
    for key in keys:
        character = key if len(key) == 1 else _CHARACTERS.get(key)
        name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
        driver.send_message(events.Key(name, character))
    await pilot.pause()


_CHARACTERS = {"space": " ", "plus": "+", "minus": "-", "colon": ":", "question_mark": "?"}


@asynccontextmanager
async def opened(
    source: Callable[[], Pictures],
    size: tuple[int, int] = (120, 40),
    services: Services | None = None,
    loaded: Loaded | None = None,
) -> AsyncIterator[tuple[Panel, Pilot[None]]]:
    """The panel with its first picture on the screen."""
    panel = Panel(source, services, loaded=loaded)
    async with panel.run_test(size=size, notifications=True) as pilot:
        await until(lambda: panel.picture.time > 0, "first picture")
        await pilot.pause()
        yield panel, pilot


def on_store(home: Path) -> Callable[[], Pictures]:
    """The real thing."""
    return lambda: Feed(RunStore(home))


class Calls:
    """Services that only remember what they were asked."""

    def __init__(self, started: RunPaths | Exception | None = None) -> None:
        self.asked: list[tuple[str, object]] = []
        self._started = started

    def services(self) -> Services:
        """To give to the panel."""

        def note(name: str) -> Callable[..., Any]:
            def call(*arguments: object) -> int:
                self.asked.append((name, arguments))
                return 0

            return call

        def start(request: object) -> RunPaths:
            self.asked.append(("start", request))
            if isinstance(self._started, RunPaths):
                return self._started
            raise self._started or RuntimeError("nothing was prepared")

        return Services(start, note("resume"), note("kill"), note("evaluate_ended"))
