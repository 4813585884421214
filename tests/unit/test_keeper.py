"""A run's checkpoints while they come and go: written in the background, pruned without touching what is needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from agents import checkpoint as checkpoints
from agents.api import State
from agents.checkpoint import Checkpoint, list_checkpoints, read_pointer
from agents.errors import UnwritableCheckpointError
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.writer import RunWriter
from racetui.trainer import keeper as module
from racetui.trainer.keeper import Keeper
from tests.runs import new_run


def checkpoint(frames: int) -> Checkpoint:
    state = State({"weights": np.full(4, frames, np.float32)}, {"version": frames})
    return Checkpoint("ppo", {}, {}, {"frames": frames}, state, None)


@pytest.fixture
def paths() -> RunPaths:
    return new_run()


@pytest.fixture
def keeper(paths: RunPaths) -> Iterator[Keeper]:
    with RunWriter(paths) as writer, closing(Keeper(paths, writer)) as made:
        yield made


def save(keeper: Keeper, frames: int) -> list[str]:
    outcomes: list[str] = []
    keeper.save(frames, lambda: checkpoint(frames), "periodic", outcomes.append)
    return outcomes


def kept(paths: RunPaths) -> set[str]:
    return {path.name for path in list_checkpoints(paths.checkpoints)}


def test_latest_and_best_stay_the_others_go(keeper: Keeper, paths: RunPaths) -> None:
    for frames in range(10, 60, 10):
        save(keeper, frames)
        if frames == 20:
            keeper.wait()
            keeper.mark_best(20)
    keeper.wait()
    assert kept(paths) == {"20", "50"}
    assert (keeper.latest, keeper.best) == (50, 20)
    with RunReader(paths) as reader:
        assert {(row.frames, row.tags) for row in reader.checkpoints()} == {(20, ("best",)), (50, ("latest",))}


def test_what_an_evaluation_reads_stays_until_it_is_over(keeper: Keeper, paths: RunPaths) -> None:
    save(keeper, 10)
    keeper.wait()
    keeper.hold(10)
    save(keeper, 20)
    keeper.wait()
    assert kept(paths) == {"10", "20"}
    keeper.release(10)
    keeper.wait()
    assert kept(paths) == {"20"}


def test_the_same_state_is_written_once_and_everyone_hears(keeper: Keeper, paths: RunPaths) -> None:
    first, second = save(keeper, 10), save(keeper, 10)
    keeper.wait()
    third = save(keeper, 10)
    assert first == second == third == ["ok"]
    with RunReader(paths) as reader:
        assert [event.text for event in reader.events() if event.kind == "checkpoint"] == [
            "periodic checkpoint at 10 frames"
        ]


def test_a_save_that_fails_is_told_and_the_last_good_one_stays(
    keeper: Keeper, paths: RunPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(keeper, 10)
    keeper.wait()

    def full(*_: object) -> Path:
        raise UnwritableCheckpointError("no space left on device")

    monkeypatch.setattr(module, "save_checkpoint", full)
    outcomes = save(keeper, 20)
    keeper.wait()
    assert outcomes == ["no space left on device"]
    assert (keeper.latest, kept(paths)) == (10, {"10"})
    with RunReader(paths) as reader:
        assert [event.level for event in reader.events() if event.kind == "checkpoint"] == ["info", "error"]


def test_pruning_that_fails_is_a_warning(keeper: Keeper, paths: RunPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    def stuck(*_: object) -> None:
        raise UnwritableCheckpointError("read-only")

    monkeypatch.setattr(module, "prune", stuck)
    for frames in (10, 20):
        save(keeper, frames)
        keeper.wait()
    assert kept(paths) == {"10", "20"}
    assert read_pointer(paths.checkpoints, "LATEST") == "20"
    with RunReader(paths) as reader:
        assert "old checkpoints stay: read-only" in [event.text for event in reader.events()]


def test_saving_and_pruning_by_the_dozen_never_meet(keeper: Keeper, paths: RunPaths) -> None:
    for frames in range(1, 60):
        save(keeper, frames)
        keeper.poll()
    keeper.wait()
    assert kept(paths) == {"59"}
    assert checkpoints.load_checkpoint(paths.checkpoints / "59").counters["frames"] == 59
