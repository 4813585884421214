"""Events of all runs on the screen, in the log, and to the terminal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from racetui.preferences import load
from racetui.runs.model import RunState
from racetui.runs.news import News
from tests.tui import scenes, stores
from tests.tui.panels import on_store, opened, shows, text, until


async def test_events_of_every_run_are_shown_old_ones_are_not(home: Path) -> None:
    _, first = stores.running(home, "first", rounds=3)
    _, second = stores.running(home, "second", rounds=3)
    async with opened(on_store(home)) as (panel, _):
        await shows(panel, "● running")
        assert not panel.query("Toast")
        first.event("info", "best", "new best: 871.2 at 12,288 frames")
        await shows(panel, "1 first: new best: 871.2 at 12,288 frames")
        second.event("warning", "memory", "only 200 MB are left")
        second.set_state(RunState.FINISHED)
        await shows(panel, "2 second: only 200 MB are left", "2 second: finished")
    first.close()
    second.close()


async def test_a_crash_is_told_and_stands_in_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loud = load(tmp_path / "config.toml", None, {"RACETUI_NOTIFY": "bell,desktop"})
    source = scenes.Still(replace(scenes.PICTURE, runs=(scenes.RUN,)))
    async with opened(lambda: source, loaded=loud) as (panel, _):
        written: list[str] = []
        monkeypatch.setattr(panel, "write", written.append)
        crashed = replace(scenes.RUN, state=RunState.CRASHED, detail="its process 7 is gone")
        happened = News(1, "3", "ppo-async", scenes.NOW, "error", "end", "crashed: its process 7 is gone", False)
        source.picture = replace(source.picture, runs=(crashed,), news=(happened,))
        panel.wake()
        await shows(panel, "3 ppo-async: crashed: its process 7 is gone", "panel: crashed: its process 7 is gone")
        await until(lambda: written == ["\a\x1b]9;3 ppo-async: crashed: its process 7 is gone\x1b\\"], str(written))
        panel.wake()
        await shows(panel, "✗ crashed")
        assert text(panel).count("panel: crashed") == 1
