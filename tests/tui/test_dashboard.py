"""The dashboard over a real store: what it says, and what each key does."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import pytest

from racetui.keys import KEYS
from racetui.runs.model import RunState
from racetui.runs.reader import RunReader
from racetui.tui.pane import Cells
from racetui.tui.screens.dashboard import Dashboard
from tests.tui import scenes, stores
from tests.tui.panels import Calls, front, lines, on_store, opened, press, settled, shows, text, until


async def test_an_empty_store_says_how_to_begin(home: Path) -> None:
    async with opened(on_store(home)) as (panel, pilot):
        assert "Press s, then enter, to start one." in text(panel)
        screen = cast("Dashboard", panel.screen)
        for key in KEYS:
            if key.place in screen.PLACES and key.id not in {"detach", "suspend"}:
                await screen.action_press(key.keys[0])
                if panel.screen is not screen:
                    await pilot.pause()
                    panel.pop_screen()
        await pilot.pause()
        assert panel.screen is screen


async def test_shows_the_runs_of_the_store(home: Path) -> None:
    stores.finished(home)
    _, writer = stores.running(home)
    async with opened(on_store(home)) as (panel, _):
        await shows(panel, "● 2 ppo-async", "running", "✓ 1 ppo-base", "finished", "● 1 running")
        assert "ready after 1.2 s" in text(panel)
        assert "saved 491,520 frames" in text(panel)
        with writer.transaction():
            stores.train(writer, 1, first=140)
        writer.event("warning", "worker", "worker 1 was replaced")
        await shows(panel, "573k/1M", "worker 1 was replaced")
    writer.close()


async def test_the_runs_share_is_that_of_a_living_run(home: Path) -> None:
    _, writer = stores.running(home)
    async with opened(on_store(home)) as (panel, _):
        await shows(panel, "│ run █", "4 processes")
        writer.set_state(RunState.FINISHED)
        await shows(panel, "✓ finished")
        assert "│ run " not in text(panel)
        assert "processes" not in text(panel)
    writer.close()


async def test_selects_runs_by_keys_and_click(home: Path) -> None:
    stores.finished(home)
    stores.failed(home)
    async with opened(on_store(home)) as (panel, pilot):
        await shows(panel, "2 ppo-broken ─", "loss is NaN at 412,000 frames")
        await press(pilot, "j")
        await shows(panel, "1 ppo-base ─", "871.2 ± 22.1")
        await press(pilot, "up")
        await shows(panel, "2 ppo-broken ─")
        await pilot.click("#runs", offset=(5, 3))
        await shows(panel, "1 ppo-base ─")


async def test_selection_stays_on_the_run_when_others_come(home: Path) -> None:
    stores.finished(home)
    async with opened(on_store(home)) as (panel, _):
        await shows(panel, "1 ppo-base ─", "saved 163,840 frames")
        stores.create(home, "newcomer")
        await shows(panel, "2 newcomer")
        assert panel.selected_run is not None
        assert panel.selected_run.id == "1"
        await shows(panel, "saved 163,840 frames")
        assert "nothing yet" not in text(panel)


@pytest.mark.parametrize("size", [(120, 40), (60, 18)], ids=["wide", "narrow"])
async def test_broken_runs_show_their_last_words(home: Path, size: tuple[int, int]) -> None:
    stores.failed(home)
    stores.crashed(home)
    async with opened(on_store(home), size) as (panel, pilot):
        await shows(panel, "✗ 2 ppo-gone", "crashed", "Killed by the kernel, or so it seems")
        await press(pilot, "j")
        await shows(
            panel, "✗ 1 ppo-broken", "failed", "loss is NaN at 412,000 frames", "FloatingPointError: loss is NaN"
        )


async def test_an_order_is_sent_shown_pending_and_reported(home: Path) -> None:
    paths, writer = stores.running(home)
    async with opened(on_store(home)) as (panel, pilot):
        await shows(panel, "● running", "p pause")
        await press(pilot, "p")
        await until(lambda: bool(writer.pending_commands()), "the order is in the store")
        [order] = writer.pending_commands()
        assert (order.name, order.source) == ("pause", "panel")
        await shows(panel, "pause not seen yet")
        assert "● running" in text(panel), "nothing is paused before the run says so"
        writer.take(order.id)
        writer.set_state(RunState.PAUSING)
        await shows(panel, "pausing", "pause under way")
        writer.set_state(RunState.PAUSED)
        writer.done(order.id, "ok")
        await shows(panel, "⏸ paused", "p resume", "panel: 1 ppo-async: paused")
        await until(lambda: text(panel).count("1 ppo-async: paused") == 2, "as a message and in the log")
        await press(pilot, "p")
        await until(lambda: bool(writer.pending_commands()), "resume is ordered")
        assert writer.pending_commands()[0].name == "resume"
        writer.done(writer.pending_commands()[0].id, "the disk is full")
        await shows(panel, "panel: 1 ppo-async: resume: the disk is full")
    assert RunReader(paths).summary().state is RunState.PAUSED
    writer.close()


async def test_an_order_to_a_run_that_dies_is_reported(home: Path) -> None:
    _, writer = stores.running(home)
    async with opened(on_store(home)) as (panel, pilot):
        await shows(panel, "● running")
        await press(pilot, "C")
        await until(lambda: bool(writer.pending_commands()), "the order is in the store")
        writer.set_state(RunState.FAILED, "out of memory")
        await shows(panel, "ended before it could checkpoint")
    writer.close()


async def test_a_key_that_cannot_do_anything_says_what_it_needs(home: Path) -> None:
    stores.finished(home)
    async with opened(on_store(home)) as (panel, pilot):
        await shows(panel, "✓ finished")
        footer = lines(panel)[-1]
        assert "p pause" not in footer
        assert "x stop" not in footer
        assert "R resume" in footer
        await press(pilot, "p")
        await shows(panel, "p (pause) needs a run that trains")
        await press(pilot, "x")
        await shows(panel, "x (stop) needs a run that has not ended")
        assert front(panel) == "Dashboard"


async def test_resume_of_an_ended_run_goes_to_the_launcher(home: Path) -> None:
    paths = stores.finished(home)
    calls = Calls()
    async with opened(on_store(home), services=calls.services()) as (panel, pilot):
        await shows(panel, "✓ finished")
        await press(pilot, "R")
        await shows(panel, "resume from the last checkpoint done")
    assert calls.asked == [("resume", (paths, None))]


async def test_tab_walks_through_the_panes_and_zoom_fills_the_screen() -> None:
    async with opened(scenes.Still) as (panel, pilot):
        order = []
        for _ in range(9):
            order.append(panel.focused.id if panel.focused else None)
            await press(pilot, "tab")
        assert order == ["runs", "selected", "return", "frames", "episodes", "missed", "hardware", "log", "runs"]
        await press(pilot, "escape", "tab", "tab", "z")
        await pilot.pause()
        assert "return, mean of 100" in text(panel)
        assert "Runs" not in text(panel)
        assert "q detach" in text(panel)
        assert len([row for row in lines(panel) if row.startswith("│")]) == 36
        await press(pilot, "escape")
        await pilot.pause()
        assert "Runs" in text(panel)


async def test_freeze_stops_looking_and_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    source = scenes.Still()
    async with opened(lambda: source) as (panel, pilot):
        await press(pilot, "+", "+", "f")
        await shows(panel, "FROZEN")
        looks = await settled(lambda: source.looks, 0.3)
        drawn: list[object] = []
        monkeypatch.setattr(Cells, "refresh", lambda self, *_regions, **_options: drawn.append(self))
        await asyncio.sleep(0.8)
        assert source.looks == looks
        assert drawn == []
        monkeypatch.undo()
        await press(pilot, "f")
        await until(lambda: source.looks > looks, "looking goes on")
        await shows(panel, "4 Hz")


async def test_rate_stays_within_its_limits() -> None:
    async with opened(scenes.Still) as (panel, pilot):
        for _ in range(4):
            await press(pilot, "plus")
        await shows(panel, "4 Hz")
        for _ in range(6):
            await press(pilot, "minus")
        await shows(panel, "0.25 Hz")


async def test_log_follows_until_scrolled() -> None:
    async with opened(scenes.Still, (80, 24)) as (panel, pilot):
        await press(pilot, "down", "down", "tab", "tab", "tab", "tab")
        assert panel.focused is not None
        assert panel.focused.id == "log"
        await shows(panel, "following", "new best")
        await press(pilot, "k")
        await shows(panel, "3/4")
        assert "new best" not in text(panel)
        await press(pilot, "G")
        await shows(panel, "following", "new best")


async def test_a_click_on_the_footer_is_as_good_as_the_key() -> None:
    async with opened(scenes.Still) as (panel, pilot):
        column = lines(panel)[-1].index("? help")
        await pilot.click("Footer", offset=(column + 3, 0))
        await until(lambda: front(panel) == "HelpScreen", "the help opens")


async def test_detach_by_every_key() -> None:
    for key in ("q", "ctrl+c", "ctrl+q"):
        async with opened(scenes.Still) as (panel, pilot):
            await press(pilot, key)
            await until(lambda: not panel._running, f"{key} leaves")
            assert panel.return_code == 0


async def test_an_unreadable_store_is_said_in_the_header(home: Path) -> None:
    home.write_text("not a directory")
    async with opened(on_store(home), (200, 40)) as (panel, _):
        await shows(panel, "is not in a directory:", "RACETUI_HOME to one")
