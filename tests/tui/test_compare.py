"""The comparison: what it says, what its keys do, how it looks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.tui import scenes, stores
from tests.tui.panels import front, lines, on_store, opened, press, shows, text, until


@pytest.mark.parametrize("mode", ["NO_COLOR", "LC_ALL"])
async def test_without_colours_and_in_ascii(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setenv(mode, "C")
    async with opened(scenes.Still) as (panel, pilot):
        await press(pilot, "space", "down", "down", "space", "3")
        await shows(panel, "1 b", "Settings that differ")
        assert mode == "NO_COLOR" or text(panel).isascii()


async def test_without_marks_it_says_how_to_set_them() -> None:
    async with opened(scenes.Still) as (panel, pilot):
        await press(pilot, "c")
        await shows(panel, "No run is marked. Mark up to six in the run list with space.")
        await press(pilot, "E", "n", "X", "c")
        await shows(panel, "nothing to export: no run is marked")
        assert front(panel) == "CompareView"
        await press(pilot, "escape")
        await until(lambda: front(panel) == "Dashboard", "back")


async def test_real_runs_are_ranked_and_exported(home: Path) -> None:
    stores.finished(home)
    _, writer = stores.running(home)
    async with opened(on_store(home)) as (panel, pilot):
        await shows(panel, "● 2 ppo-async", "✓ 1 ppo-base")
        await press(pilot, "space", "down", "space", "c")
        await shows(panel, "1 b ✓ 1 ppo-base", "871.2 ± 22.1", "2 a ● 2 ppo-async", "640M")
        await shows(panel, "none: all of them were asked for the same")
        await press(pilot, "N")
        await shows(panel, "─ time/other")
        await press(pilot, "n", "n", "n", "n", "n")
        await shows(panel, "─ time/act")
        await press(pilot, "tab", "G", "E")
        await until(lambda: bool(list(home.glob("comparisons/2*"))), "files", seconds=60)
        await shows(panel, "comparison written to", seconds=60)
    [made] = home.glob("comparisons/*")
    assert sorted(path.name for path in made.iterdir()) == [
        *("chart.png", "chart.svg", "comparison.json", "comparison.txt", "curves.csv", "ranking.csv", "settings.csv")
    ]
    document = json.loads((made / "comparison.json").read_text())
    assert document["metric"] == "time/act"
    assert [row["run"] for row in document["ranking"]] == ["1", "2"]
    writer.close()


async def test_a_store_that_cannot_be_written_is_said(home: Path) -> None:
    stores.finished(home)
    (home / "comparisons").write_text("in the way")
    async with opened(on_store(home)) as (panel, pilot):
        await shows(panel, "✓ finished")
        await press(pilot, "space", "c")
        await shows(panel, "871.2")
        await press(pilot, "E")
        await shows(panel, "nothing exported to")


async def test_live_resizing_never_fails() -> None:
    async with opened(scenes.Still) as (panel, pilot):
        await press(pilot, "space", "down", "space", "c")
        for size in [(20, 5), (1, 1), (300, 10), (30, 80), (60, 18)]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert [len(row) for row in lines(panel)] == [size[0]] * size[1]
