"""Run view, log view, help and palette."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.api import CollectorConfig, Heat
from collectors.seeds import SeedsConfig
from racetui.keys import KEYS, shown
from racetui.runs.model import RunState
from racetui.runs.writer import RunWriter
from racetui.tui.screens.help import HelpText, help_text
from tests.tui import scenes, stores
from tests.tui.panels import front, on_store, opened, press, shows, text, until


async def test_run_view_tells_everything(home: Path) -> None:
    stores.finished(home)
    async with opened(on_store(home)) as (panel, pilot):
        await shows(panel, "✓ finished")
        await press(pilot, "enter")
        await shows(
            panel, "Run 1 ppo-base", "Evaluations", "final", "871.2 ± 22.1", "Checkpoints", "periodic", "latest"
        )
        await press(pilot, "shift+tab")
        await shows(panel, "Specification", "name: ppo-base")
        await press(pilot, "G")
        await shows(panel, "worker_timeout: 60")
        await press(pilot, "escape")
        await until(lambda: front(panel) == "Dashboard", "back")


async def test_log_view_wraps_and_scrolls(home: Path) -> None:
    paths, writer = stores.running(home, rounds=2)
    with paths.log.open("a") as log:
        log.writelines(f"line {number} {'word ' * 40}end{number}\n" for number in range(300))
    async with opened(on_store(home), (80, 24)) as (panel, pilot):
        await shows(panel, "● running")
        await press(pilot, "l")
        await shows(panel, "Log of 1 ppo-async", "following")
        await press(pilot, "g")
        await shows(panel, "ready after 1.2 s", "end0")
        await press(pilot, "pagedown", "pagedown")
        await until(lambda: "line 0 " not in text(panel), "a page further")
        await press(pilot, "end")
        await shows(panel, "saved 8,192 frames")
        writer.event("error", "fault", "something new")
        await shows(panel, "something new")
        await press(pilot, "p")  # orders work here too
        await until(lambda: bool(writer.pending_commands()), "pause is ordered")
        await press(pilot, "escape")
        await until(lambda: front(panel) == "Dashboard", "back")
    writer.close()


async def test_help_lists_every_key_of_the_table() -> None:
    async with opened(scenes.Still, (100, 40)) as (panel, pilot):
        rows = "\n".join(strip.text for strip in help_text("", 80, panel.look))
        for key in KEYS:
            assert shown(key.keys[0], arrows=True) in rows
            assert key.help.split(",")[0][:40] in rows
        await press(pilot, "question_mark")
        await shows(panel, "Help", "Every run in the store", "States", "● running", "Dashboard")
        assert isinstance(panel.focused, HelpText)
        await press(pilot, "G")
        await shows(panel, "Anywhere")
        await press(pilot, "escape")
        await until(lambda: front(panel) == "Dashboard", "back")


async def test_help_begins_with_the_focused_pane() -> None:
    async with opened(scenes.Still) as (panel, pilot):
        await press(pilot, "tab", "tab", "question_mark")
        await shows(panel, "A metric over frames")


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
async def test_palette_offers_what_applies_and_does_it(home: Path, key: str) -> None:
    _, writer = stores.running(home)
    async with opened(on_store(home)) as (panel, pilot):
        await shows(panel, "● running")
        await press(pilot, key)
        await until(lambda: front(panel) == "Palette", "the palette opens")
        await shows(panel, "pause  (p)", "Pause the selected run between two steps")
        assert "resume  (p)" not in text(panel), "nothing is paused"
        await press(pilot, *"save")
        await shows(panel, "checkpoint  (C)")
        await until(lambda: "pause  (p)" not in text(panel), "only what matches stays")
        await press(pilot, "enter")
        await until(lambda: bool(writer.pending_commands()), "checkpoint is ordered")
        assert writer.pending_commands()[0].name == "checkpoint"
    writer.close()


async def test_run_view_tells_who_won_and_what_holds_the_run_back(home: Path) -> None:
    spec = {"collector": "multicar", "collector_config": CollectorConfig(8, 8, 1), "seeds": SeedsConfig(seed_base=7)}
    paths = stores.create(home, "ghosts", **spec)
    with RunWriter(paths) as writer:
        stores.train(writer, 5)
        writer.heats([Heat(n, 7 + n, 8, 3, 8 * n + 3, 812.4, 120.3) for n in range(4)], 5000)
        writer.set_state(RunState.FINISHED)
    async with opened(on_store(home)) as (panel, pilot):
        await shows(panel, "✓ finished", "winner  lane 3, best of 8: 812.4")
        await press(pilot, "enter")
        await shows(panel, "8 lanes, 8 on each track", "lane 3, best of 8: 812.4, spread 120.3")
        await shows(panel, "limit   simulating holds the run back:", "observation grey-fast is drawn several times")
