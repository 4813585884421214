"""A run that waits for its turn, in the panel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from racetui.runs.paths import RunPaths
from racetui.runs.writer import RunWriter
from tests.tui import stores
from tests.tui.panels import Calls, on_store, opened, press, shows, until


async def test_it_says_what_it_waits_for_and_can_go_first(home: Path) -> None:
    paths = stores.create(home, "patient")
    moved: list[RunPaths] = []
    with RunWriter(paths) as writer:
        writer.identify()
        writer.explain("waiting for run 12 to end: 2 of 2 cores taken")
        async with opened(on_store(home), services=replace(Calls().services(), first=moved.append)) as (panel, pilot):
            await shows(panel, "○ queued", "waiting for run 12 to end: 2 of 2 cores", "F first")
            await press(pilot, "F")
            await shows(panel, "move to the front of the queue done")
            assert moved == [paths]
            await press(pilot, "p")
            await until(lambda: [order.name for order in writer.pending_commands()] == ["pause"], "it is paused")
            writer.done(writer.pending_commands()[0].id, "ok")


async def test_a_start_that_is_queued_says_behind_whom(home: Path) -> None:
    fresh = stores.create(home, "fresh")
    with RunWriter(fresh) as writer:
        writer.identify()
        writer.explain("waiting for run 12 to end: 2 of 2 cores taken")
        async with opened(on_store(home), services=Calls(fresh).services()) as (panel, pilot):
            await press(pilot, "s")
            await shows(panel, "racetui train")
            await press(pilot, "enter")
            await shows(panel, "Run 1 is queued, waiting for run 12 to end")
