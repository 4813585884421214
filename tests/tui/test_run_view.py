"""The view of one run: every section, at every size; notes, tags, checkpoints, and the filter that they serve."""

from __future__ import annotations

import math
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from agents.api import State
from agents.checkpoint import Checkpoint
from racetui.runs.filtering import NUMBERS
from racetui.runs.model import RunState
from racetui.runs.notes import change_tags, set_note
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.writer import RunWriter
from racetui.trainer.keeper import Keeper
from tests.tui import scenes, stores
from tests.tui.panels import front, lines, on_store, opened, press, shows, text, until


@pytest.fixture
def saved(home: Path) -> RunPaths:
    """An ended run with three real checkpoints, of which the second scored best."""
    paths = stores.create(home, "ppo-async")
    writer = RunWriter(paths)
    stores.train(writer, 3)

    def made(frames: int) -> Checkpoint:
        return Checkpoint("ppo", {}, {}, {"frames": frames}, State({"weights": np.zeros(4, np.float32)}, {}), None)

    with closing(writer), closing(Keeper(paths, writer, 2)) as keeper:
        for frames, mean in ((500_000, 700.0), (600_000, 871.2), (700_000, math.nan)):
            keeper.save(frames, partial(made, frames), "periodic", lambda outcome: None)
            keeper.wait()
            if not math.isnan(mean):
                row = writer.evaluation_started(frames, "periodic", 10, 1_000_000, True, "fast")
                writer.evaluation_finished(row, {"mean": mean, "std": 22.1, "min": 1.0, "lap_frames": 640.0})
        keeper.mark_best(600_000)
        writer.event("warning", "worker", "worker 3 was replaced")
        writer.metrics(800_000, {"loss/value": math.nan})
        writer.set_state(RunState.FINISHED)
    set_note(paths, "worth a second look")
    return paths


@pytest.mark.parametrize("size", [(60, 18), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_section_can_be_read_at_every_size(saved: RunPaths, home: Path, size: tuple[int, int]) -> None:
    async with opened(on_store(home), size) as (panel, pilot):
        await shows(panel, "✓")
        await press(pilot, "2")
        await shows(panel, "Run 1 ppo-async")
        await until(lambda: bool(panel.picture.detail and panel.picture.detail.tails), "all metrics are read")
        await press(pilot, "g")
        read, before = "", ""
        while (now := text(panel)) != before:
            read, before = read + now, now
            assert [len(row) for row in lines(panel)] == [size[0]] * size[1]
            await press(pilot, "pagedown")
        for words in (
            *(
                "worth a second look",
                str(saved.root)[:20],
                "871.2 ± 22.1",
                "lap frames 640",
                "10 tracks from 1000000",
            ),
            *("best", "latest", "loss/value", "NaN", "return_mean", "worker 3 was replaced", "worker_timeout"),
        ):
            assert words in read, f"{words} in\n{read}"


async def test_sections_are_turned_over_in_both_directions(saved: RunPaths, home: Path) -> None:
    async with opened(on_store(home), (80, 24)) as (panel, pilot):
        await shows(panel, "✓")
        await press(pilot, "enter")
        for section in ("Evaluations", "Checkpoints", "Metrics", "Events"):
            await press(pilot, "tab")
            await shows(panel, f"─ {section} ")
        await press(pilot, "shift+tab")
        await shows(panel, "─ Metrics ")
        await press(pilot, "1")
        await until(lambda: front(panel) == "Dashboard", "back")


async def test_a_checkpoint_is_made_the_best_and_another_deleted(saved: RunPaths, home: Path) -> None:
    async with opened(on_store(home)) as (panel, pilot):
        await shows(panel, "✓ finished")
        await press(pilot, "K")
        await shows(panel, "Checkpoints of 1 ppo-async", "◂ 700k ▸", "latest", "make it the best")
        await press(pilot, "left")
        await shows(panel, "◂ 500k ▸", "B, 700.0")
        await press(pilot, "enter")
        await shows(panel, "making the checkpoint at 500,000 frames the best done")
        await press(pilot, "K", "right", "tab", "right")
        await shows(panel, "◂ 600k ▸", "◂ delete it ▸", "871.2 top")
        await press(pilot, "enter", "enter")  # asked, and the first answer is no
        await until(lambda: front(panel) == "Dashboard", "nothing happens")
        await press(pilot, "K", "right", "tab", "right", "enter")
        await shows(panel, "Delete a checkpoint of 1 ppo-async?", "keep it", "it cannot be brought back")
        await press(pilot, "down", "enter")
        await shows(panel, "deleting the checkpoint at 600,000 frames done")
    with RunReader(saved) as reader:
        assert [(row.frames, row.tags) for row in reader.checkpoints()] == [
            (500_000, ("best", "hand")),
            (700_000, ("latest",)),
        ]


async def test_the_latest_of_a_living_run_cannot_be_chosen_for_deletion(home: Path) -> None:
    _, writer = stores.running(home)
    async with opened(on_store(home)) as (panel, pilot):
        await shows(panel, "● running")
        await press(pilot, "K", "tab", "right", "right", "enter")
        await until(lambda: bool(writer.pending_commands()), "the trainer is asked")
        [order] = writer.pending_commands()
        assert (order.name, order.args, order.source) == ("promote", {"frames": 491_520}, "panel")
        writer.done(order.id, "the disk is full")
        await shows(panel, "the disk is full")
    writer.close()


async def test_note_and_tags_are_written_and_shown(home: Path) -> None:
    paths, writer = stores.running(home)
    async with opened(on_store(home)) as (panel, pilot):
        await shows(panel, "● running")
        await press(pilot, "a", *"too fast", "tab", *"a/b", "enter")
        await shows(panel, "a/b: letters, digits . _ -")
        await press(pilot, "shift+tab", "tab", *"good b", "enter")
        await shows(panel, "note    too fast", "tags    b good", "1 ppo-async b go")
    with RunReader(paths) as reader:
        assert reader.summary().tags == ("b", "good")
    writer.close()


async def test_the_list_shows_what_the_filter_chooses(home: Path) -> None:
    tagged = stores.finished(home)
    change_tags(tagged, ["good"])
    stores.failed(home)
    async with opened(on_store(home)) as (panel, pilot):
        await shows(panel, "2 ppo-broken ─")
        await press(pilot, "slash", *"tag:good return>x", "enter")
        await shows(panel, "'return>x' is not understood", *NUMBERS, "and a limit")
        await press(pilot, "escape", "slash", *"tag:good", "enter")
        await shows(panel, "tag:good 1 of 2", "1 ppo-base good", "1 ppo-base ─")
        assert "2 ppo-broken" not in text(panel)
        await press(pilot, "slash", *"state:paused", "enter")
        await shows(panel, "No run is like that")
        await press(pilot, "escape")
        await shows(panel, "2 ppo-broken", "1 ppo-base good")


async def test_views_replace_each_other_instead_of_piling_up() -> None:
    async with opened(scenes.Still) as (panel, pilot):
        await press(pilot, *"232362c")
        await until(lambda: front(panel) == "CompareView", "the comparison is in front")
        assert len(panel.screen_stack) <= 4
        await press(pilot, "1")
        await until(lambda: len(panel.screen_stack) == 1, "all runs")
