"""The hardware screen: what it tells, that n/a is not 0, and that nobody looks closely who does not look."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from profiles.cgroup import Limits
from racetui.bottleneck import Remark
from racetui.inspection import Inspection
from racetui.runs.model import RunSummary
from racetui.tui.glyphs import ASCII, UNICODE
from racetui.tui.look import colourless
from racetui.tui.picture import NOBODY, Compared, Picture
from racetui.tui.screens import hardware
from racetui.tui.widgets.machine import machine_rows
from racetui.tui.widgets.users import users_rows
from tests.tui import scenes
from tests.tui.machines import GPUS, INSPECTION, MACHINE, Watched
from tests.tui.panels import front, opened, press, settled, shows, until

REMARKS = (Remark("learning holds the run back: 69% of the time", "fewer agent.epochs"),)
PICTURE = replace(scenes.PICTURE, machine=MACHINE, detail=replace(scenes.DETAIL, remarks=REMARKS))


class Moving(scenes.Still):
    """A new picture each time."""

    def poll(self, selected: str | None, compared: Compared = NOBODY) -> Picture:
        self.picture = replace(self.picture, time=self.picture.time + 1)
        return super().poll(selected, compared)


async def test_the_screen_tells_everything_and_looks_only_while_it_is_in_front(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inspector = Watched()
    monkeypatch.setattr(hardware, "Inspector", lambda: inspector)
    async with opened(lambda: Moving(PICTURE)) as (panel, pilot):
        await press(pilot, "down", "down", "plus", "plus")
        await asyncio.sleep(0.3)
        assert inspector.looks == 0
        await press(pilot, "4")
        await shows(panel, "Machine gpu-box-3", "CPU quota 1.5, memory limit 6.00G", "1.00G/2.00G", "2.40 · 2.10")
        await shows(panel, "GPU0 NVIDIA H100", "83%", "9.00G/141G", "71 °C  power 300/700 W", "coretemp 61 °C")
        await shows(panel, "● 3 ppo-async", "78%", "env 58 act 11 learn 27 other 4 %", "learning holds the run back")
        await shows(panel, "fewer agent.epochs", "4243 worker 0 of 2", "101%", "280Mr", "stopped", "70.0G free")
        await until(lambda: inspector.looks > 2, "it goes on looking")
        await press(pilot, "f")
        seen = await settled(lambda: inspector.looks)
        await asyncio.sleep(0.6)
        assert inspector.looks == seen, "frozen"
        await press(pilot, "f", "tab", "G", "escape")
        await until(lambda: front(panel) == "Dashboard", "left")
        seen = await settled(lambda: inspector.looks)
        await asyncio.sleep(0.6)
        assert inspector.looks == seen, "nobody looks"


async def test_a_machine_that_cannot_be_looked_at_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Watched):
        def look(self, store: Path, runs: Sequence[RunSummary]) -> Inspection:
            raise RuntimeError("sensor 7 is on fire")

    monkeypatch.setattr(hardware, "Inspector", Broken)
    async with opened(lambda: Moving(PICTURE), (80, 24)) as (panel, pilot):
        await press(pilot, "4")
        await shows(panel, "cannot be looked at: sensor 7 is on fire", "CPU", "RAM")
        await press(pilot, "escape")
        await until(lambda: front(panel) == "Dashboard", "left")


async def test_it_really_looks(home: Path) -> None:
    async with opened(scenes.Still, (60, 18)) as (panel, pilot):
        await press(pilot, "4")
        await shows(panel, "load", "no run is alive")
        await press(pilot, "G")
        await shows(panel, "container:", "disk")


def test_what_nobody_tells_is_not_nothing() -> None:
    look = colourless(UNICODE)
    rows = [row.text for row in machine_rows(MACHINE, INSPECTION, 60, look)]
    second = rows[next(number for number, row in enumerate(rows) if "NVIDIA T4" in row) :]
    assert second[1].split() == ["busy", "n/a"]
    assert second[2].split() == ["mem", "n/a"]
    assert second[3].split() == ["heat", "n/a", "power", "n/a"]
    assert any("racetui[gpu]" in row for row in rows)
    unlimited = replace(INSPECTION, limits=Limits(memory=2**63 - 4096), temperatures=(), storage=None)
    told = "\n".join(row.text for row in machine_rows(scenes.machine(2), unlimited, 60, look))
    for words in ("GPU none found", "heat n/a", "disk n/a", "no CPU quota, no memory limit"):
        assert words in told


@pytest.mark.parametrize("cores", [2, 16, 64, 256])
@pytest.mark.parametrize("width", [20, 56, 100])
def test_rows_fit_from_2_to_256_cores(cores: int, width: int) -> None:
    look = colourless(ASCII)
    rows = list(machine_rows(replace(scenes.machine(cores), gpus=GPUS), INSPECTION, width, look))
    rows += users_rows(PICTURE, scenes.RUN, INSPECTION, width, look)
    assert all(row.cell_length == width and row.text.isascii() for row in rows)
    assert len(rows) < 50
