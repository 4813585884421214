"""Runs in other environments than CarRacing on the panel: what they have not is not shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from carracing.environments.task import EnvTask, Spaces
from racetui.tui.forms.choice import Choice
from racetui.tui.forms.start import StartForm
from racetui.tui.glyphs import UNICODE
from racetui.tui.look import colourless
from racetui.tui.widgets.car_rows import car_rows
from racetui.tui.widgets.chart import Chart
from tests.shots import make_shot
from tests.tui import stores
from tests.tui.panels import on_store, opened, press, shows, text, until

POLE = EnvTask("CartPole-v1", spaces=Spaces((4,), choices=2))


async def test_only_carracing_has_missed_tiles(home: Path) -> None:
    stores.create(home, "car")
    stores.create(home, "pole", task=POLE, backend="gymnasium")
    async with opened(on_store(home)) as (panel, pilot):
        await shows(panel, "CartPole-v1")
        chart = panel.screen.query_one("#missed", Chart)
        assert "missed" not in text(panel)
        await shows(panel, "lanes   async")
        await press(pilot, "down")
        await shows(panel, "grey", "missed tiles", "cars    async")
        await until(lambda: chart.display, "shown again")
        await press(pilot, "up")
        await until(lambda: not chart.display, "hidden again")


def test_the_picture_is_whole_and_alone() -> None:
    picture = np.full((96, 96, 3), 9, np.uint8)
    picture[84:] = 200  # where CarRacing has its bar
    nothing: dict[str, Any] = {"track": np.zeros((0, 2), np.float32), "tiles": np.zeros(0, np.uint8)}
    shot = replace(make_shot(33, picture=picture), score=21.0, **nothing)
    for width, height in ((100, 30), (40, 22)):
        rows = car_rows(shot, "training, episode 5", width, height, colourless(UNICODE))
        told = "\n".join(row.text for row in rows)
        assert "+21.0" in told and "33" in told and "training, episode 5" in told
        assert not any(word in told for word in ("lap", "missed", "steer", "gas", "speed"))
        assert all(row.cell_length == width for row in rows)


async def test_a_clone_keeps_its_environment(home: Path) -> None:
    stores.create(home, "pole", task=POLE, backend="gymnasium", collector="sync")
    async with opened(on_store(home)) as (panel, pilot):
        await shows(panel, "CartPole-v1")
        await press(pilot, "S")
        await shows(panel, "Start a run like 1 pole (CartPole-v1)", "--like 1")
        offered = {option.value for option in panel.screen.query_one("#collector", Choice).options}
        assert "sync" in offered and not offered & {"multicar", "hybrid"}
        form = panel.screen
        assert isinstance(form, StartForm) and not form.asked("backend") and not form.asked("observation")
