"""Machine samples: the container's truth where there is one."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from profiles.gpu_meter import GpuLoad
from racetui.hardware import MachineSampler
from racetui.runs.model import HardwareRow
from racetui.tui.glyphs import ASCII, UNICODE
from racetui.tui.look import colourless
from racetui.tui.widgets.hardware import hardware_rows
from racetui.tui.widgets.header import header
from tests.tui import scenes

LOOK = colourless(UNICODE)


def test_this_machine(tmp_path: Path) -> None:
    sampler = MachineSampler(tmp_path / "none", tmp_path / "none")
    first = sampler.sample()
    assert first.cores == ()
    assert first.cpu_share is None, "busy since when?"
    time.sleep(0.1)
    second = sampler.sample()
    assert len(second.cores) == second.usable_cores
    assert all(0 <= core <= 100 for core in second.cores)
    assert second.cpu_share is not None
    assert 0 <= second.cpu_share <= 1
    assert second.memory_total == psutil.virtual_memory().total
    assert 0 < second.memory_used < second.memory_total
    assert not second.limited


def test_a_container_sees_its_own_limits(tmp_path: Path) -> None:
    group = tmp_path / "fs" / "job"
    group.mkdir(parents=True)
    membership = tmp_path / "cgroup"
    membership.write_text("0::/job\n")
    (group / "memory.max").write_text(f"{1 << 30}\n")
    (group / "memory.current").write_text(f"{600 << 20}\n")
    (group / "memory.stat").write_text(f"anon 1\ninactive_file {200 << 20}\n")
    (group / "cpu.max").write_text("50000 100000\n")
    (group / "cpu.stat").write_text("usage_usec 1000000\n")
    sampler = MachineSampler(tmp_path / "fs", membership)
    before = time.monotonic()
    sampler.sample()
    between = time.monotonic()
    (group / "cpu.stat").write_text("usage_usec 1010000\n")
    time.sleep(0.1)
    shortest = time.monotonic() - between
    sample = sampler.sample()
    longest = time.monotonic() - before
    assert sample.limited
    assert sample.memory_total == 1 << 30
    assert sample.memory_used == 400 << 20, "what is only cached does not count"
    assert sample.usable_cores == 0.5
    assert 0.01 / longest / 0.5 <= (sample.cpu_share or 0.0) <= 0.01 / shortest / 0.5


def test_few_cores_have_bars_and_many_have_a_cell_each() -> None:
    few = [row.text for row in hardware_rows(scenes.machine(2), None, 40, 7, LOOK)]
    assert few[1].startswith("   0 ░")
    assert few[2].startswith("   1 █")
    assert few[2].rstrip().endswith("100%")
    many = [row.text for row in hardware_rows(scenes.machine(224), None, 60, 9, LOOK)]
    strips = many[1:-1]
    assert sum(len(row[5:].strip()) for row in strips) == 224
    crowd = [row.text for row in hardware_rows(scenes.machine(224), None, 34, 4, LOOK)]
    assert len(crowd) == 4, "groups of cores share a cell"
    assert "█" in crowd[2], "and show the busiest"


@pytest.mark.parametrize("cores", [1, 2, 3, 8, 16, 64, 224])
@pytest.mark.parametrize(("width", "height"), [(70, 12), (32, 7), (20, 3), (5, 1), (60, 0)])
def test_rows_fit_their_place(cores: int, width: int, height: int) -> None:
    usage = HardwareRow(0.0, 250.0, 1 << 30, None, 5)
    rows = hardware_rows(scenes.machine(cores), usage, width, height, colourless(ASCII))
    assert len(rows) <= height
    assert all(row.cell_length == width and row.text.isascii() for row in rows)


def test_the_runs_share_is_of_the_cores_it_may_use() -> None:
    usage = HardwareRow(0.0, 100.0, 10**9, 800 * 10**6, 5)
    row = hardware_rows(scenes.machine(4), usage, 50, 8, LOOK)[-1].text
    assert row.split()[0] == "run"
    assert "25%" in row
    assert "800M" in row, "proportional memory where it is known"


def test_gpus_have_bars_or_a_cell_each_and_silence_is_not_idleness() -> None:
    busy, silent = GpuLoad("NVIDIA H100", 0.83, 9 * 10**9, 80 * 10**9), GpuLoad("NVIDIA T4")
    two = [row.text for row in hardware_rows(replace(scenes.machine(2), gpus=(busy, silent)), None, 46, 9, LOOK)]
    assert two[-2].split()[0] == "GPU0" and "83% 9.00G/80.0G" in two[-2]
    assert two[-1].split() == ["GPU1", "n/a", "NVIDIA", "T4"]
    eight = [
        row.text for row in hardware_rows(replace(scenes.machine(2), gpus=(busy,) * 7 + (silent,)), None, 46, 7, LOOK)
    ]
    assert eight[-1].split() == ["GPUs", "▇" * 7, "1", "n/a"]
    assert len(eight) <= 7
    for gpus, words in (((busy,), "GPU 83%"), ((busy, silent), "2 GPUs 83%"), ((silent,), "GPU n/a")):
        picture = replace(scenes.PICTURE, machine=replace(scenes.machine(2), gpus=gpus))
        assert words in header(picture, 1.0, False, 120, LOOK).text
