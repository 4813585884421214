"""What the panel costs with a live run, held to its budget: ``pytest -m slow -s tests/tui/test_cost.py``."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.tui.terminals import ROOT, Terminal

SECONDS = 20.0
CPU_PERCENT, BYTES_PER_SECOND, FIRST_PAINT_SECONDS, RSS_BYTES = 3.0, 40_000, 0.6, 120 << 20


@pytest.fixture
def live(home: Path) -> Iterator[Path]:
    """A store in which a run gains a round a second."""
    trainer = subprocess.Popen(
        [sys.executable, "-m", "tests.tui.live_run", str(home)], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert trainer.stdout is not None
    assert trainer.stdout.readline().strip() == "1"
    yield home
    trainer.kill()
    trainer.wait()


@pytest.mark.slow
@pytest.mark.parametrize("size", [(120, 40), (180, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_cost_with_a_live_run(live: Path, size: tuple[int, int]) -> None:
    paints = []
    for _ in range(5):
        with Terminal(live, size=size) as terminal:
            terminal.shows("● 1 live", "q detach", "frames/s", "Hardware")
            paints.append(time.monotonic() - terminal.started)
    with Terminal(live, size=size) as terminal:
        terminal.shows("● 1 live")
        terminal.pump(3.0)
        process = psutil.Process(terminal.pid)
        before = sum(process.cpu_times()[:2])
        sent = terminal.pump(SECONDS) / SECONDS
        cpu = 100 * (sum(process.cpu_times()[:2]) - before) / SECONDS
        memory = process.memory_info().rss
    best = min(paints)
    print(
        f"\n{size[0]}x{size[1]}: first paint {best:.2f} s (median {sorted(paints)[2]:.2f}), {cpu:.1f} % of a core,"
        f" {sent / 1000:.1f} kB/s, {memory / (1 << 20):.0f} MiB"
    )
    assert best <= FIRST_PAINT_SECONDS
    assert cpu <= CPU_PERCENT
    assert sent <= BYTES_PER_SECOND
    assert memory <= RSS_BYTES
