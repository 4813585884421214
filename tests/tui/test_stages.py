"""The stages of a pipeline in the panel: in the selected pane, in the run view and in the list."""

from __future__ import annotations

from pathlib import Path

from racetui.counters import Counters
from racetui.runs.model import RunState
from tests.tui import stores
from tests.tui.panels import lines, on_store, opened, press, shows, text

TIMES = "\N{MULTIPLICATION SIGN}"


async def test_stages_are_shown_with_state_time_and_speed_up(home: Path) -> None:
    _, writer = stores.staged(home)
    async with opened(on_store(home)) as (panel, pilot):
        await shows(panel, f"stages  ✓ dagger finished  45s {TIMES} 2.0", "● ppo    running   5m00s 50%")
        await shows(panel, "○ score  queued    about 40s", "ETA 5m40s")
        await press(pilot, "enter")
        await shows(panel, "Run 1 pipeline", "● ppo    running   5m00s 50%", "Evaluations")
        await press(pilot, "escape")
        writer.stages.progress(2, Counters(frames=400_000, steps=100_000, seconds=640.0), 1.0)
        writer.stages.finish(2)
        writer.set_state(RunState.EVALUATING)
        writer.stages.begin(3, Counters())
        await shows(panel, f"✓ ppo    finished    10m {TIMES} 1.2", "◆ score  evaluating")
    writer.close()


async def test_the_list_names_the_stage_where_there_is_room(home: Path) -> None:
    _, writer = stores.staged(home)
    async with opened(on_store(home), (120, 40)) as (panel, pilot):
        await shows(panel, "● running")
        await press(pilot, "z")
        await shows(panel, "● 1 pipeline", "running ppo")
    async with opened(on_store(home), (80, 24)) as (panel, _):
        await shows(panel, "● 1 pipeline")
        assert "running ppo" not in text(panel)
    writer.set_state(RunState.STOPPED, "by cli")
    async with opened(on_store(home), (200, 60)) as (panel, _):
        await shows(panel, "■ 1 pipeline", "■ ppo")
        assert any("R resume" in row for row in lines(panel)), "it has stages left, and no checkpoint yet"
    writer.close()
