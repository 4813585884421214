"""A store that grew for months opens as quickly as a new one."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from racetui.runs.database import connect_writer
from racetui.runs.model import RunState
from racetui.runs.paths import RunPaths
from racetui.runs.store import RunStore
from racetui.runs.writer import RunWriter
from racetui.tui.feed import Feed
from tests.tui import stores

RUNS, ROUNDS = 50, 91_000
CPU_SECONDS = 1.0
"""Processor time, which other tests beside this one do not lengthen; the panel is to take no longer than that."""
MEMORY_BYTES = 40 << 20


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """50 runs, the newest of them with a million rows of metrics."""
    home = tmp_path_factory.mktemp("grown")
    ended = stores.finished(home, "old")
    for number in range(2, RUNS):
        shutil.copytree(ended.root, home / "runs" / str(number))
    paths = stores.create(home, "long")
    with RunWriter(paths) as writer:
        stores.train(writer, 1)
        writer.set_state(RunState.FINISHED)
    fill(paths)
    return home


def fill(paths: RunPaths) -> None:
    """Many rounds at once, as the trainer would have written them one by one."""
    noise = np.random.default_rng(1).normal(size=ROUNDS).tolist()
    connection = connect_writer(paths.database)
    connection.execute("BEGIN")
    metrics = [row[0] for row in connection.execute("SELECT id FROM metric_names")]
    for metric in metrics:
        rows = ((metric, number + 2, (number + 2) * 4096, 1e9 + number, noise[number]) for number in range(ROUNDS))
        connection.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?)", rows)
    connection.execute("UPDATE run SET rounds = ?, frames = ?", (ROUNDS + 2, (ROUNDS + 2) * 4096))
    connection.execute("COMMIT")
    connection.close()
    assert len(metrics) * ROUNDS >= 1_000_000


def test_it_opens_within_a_second(grown: Path) -> None:
    process = psutil.Process()
    before, started = process.memory_info().rss, time.process_time()
    source = Feed(RunStore(grown), sampler=None)
    picture = source.poll(None)
    took = time.process_time() - started
    assert len(picture.runs) == RUNS
    assert picture.detail is not None and picture.detail.run_id == str(RUNS)
    series = picture.detail.series["return_mean"]
    assert series.frames[-1] == (ROUNDS + 1) * 4096, "the whole run is in view"
    assert took < CPU_SECONDS, f"{took:.2f} s"
    assert process.memory_info().rss - before < MEMORY_BYTES
    started = time.process_time()
    for _ in range(5):
        source.poll(None)
    assert (time.process_time() - started) / 5 < 0.1, "and looking again costs little"
    source.close()
