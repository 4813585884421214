"""A run's checkpoints while they come and go: written in the background, pruned without touching what is needed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

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


def evaluated(paths: RunPaths, frames: int, mean: float) -> None:
    with RunWriter(paths) as writer:
        row = writer.evaluation_started(frames, "periodic", 2, 1_000_000, True, "fast")
        writer.evaluation_finished(row, {"mean": mean, "std": 1.0})


def tags(paths: RunPaths) -> dict[str, int]:
    with RunReader(paths) as reader:
        return {tag: row.frames for row in reader.checkpoints() for tag in row.tags}


@pytest.fixture
def three(keeper: Keeper, paths: RunPaths) -> Keeper:
    """Checkpoints at 10, 20 and 30 frames, of which that at 10 evaluated best."""
    keeper._spare = 2
    for frames, mean in ((10, 900.0), (20, 500.0), (30, 700.0)):
        save(keeper, frames)
        keeper.wait()
        evaluated(paths, frames, mean)
    keeper.mark_best(10)
    keeper.wait()
    return keeper


def promoted(keeper: Keeper, frames: int) -> str:
    outcomes: list[str] = []
    keeper.promote(frames, outcomes.append)
    keeper.wait()
    return outcomes[0]


def deleted(keeper: Keeper, frames: int, **but: bool) -> str:
    outcomes: list[str] = []
    keeper.delete(frames, outcomes.append, **but)
    keeper.wait()
    return outcomes[0]


def test_the_newest_are_spared(three: Keeper, paths: RunPaths) -> None:
    for frames in (40, 50):
        save(three, frames)
        three.wait()
    assert kept(paths) == {"10", "30", "40", "50"}


def test_a_hands_choice_and_what_had_scored_best_stay(three: Keeper, paths: RunPaths) -> None:
    assert promoted(three, 20) == "ok"
    assert tags(paths) == {"latest": 30, "best": 20, "hand": 20, "top": 10}
    for frames in (40, 50, 60, 70):
        save(three, frames)
        three.wait()
    assert kept(paths) == {"10", "20", "50", "60", "70"}
    three.mark_best(70)
    save(three, 80)
    three.wait()
    assert kept(paths) == {"20", "60", "70", "80"}, "the choice stays where a better one has come"
    assert tags(paths) == {"latest": 80, "best": 70, "hand": 20}


def test_what_is_not_there_cannot_be_promoted_or_deleted(three: Keeper, paths: RunPaths) -> None:
    for outcome in (promoted(three, 15), deleted(three, 15)):
        assert outcome == "there is no checkpoint at 15 frames: there are 10, 20, 30"
    assert three.best == 10


def test_the_latest_and_the_best_are_not_deleted_by_the_way(three: Keeper, paths: RunPaths) -> None:
    assert "is the latest" in deleted(three, 30)
    assert "is the best one" in deleted(three, 10)
    three.hold(20)
    assert "is in use" in deleted(three, 20)
    three.release(20)
    assert kept(paths) == {"10", "20", "30"}
    assert deleted(three, 20) == "ok"
    assert kept(paths) == {"10", "30"}


def test_who_inherits_from_the_deleted(three: Keeper, paths: RunPaths) -> None:
    assert deleted(three, 10, even_best=True) == "ok"
    assert (three.best, tags(paths)) == (30, {"latest": 30, "best": 30})
    assert deleted(three, 30, even_best=True, even_latest=True) == "ok"
    assert (three.latest, three.best, tags(paths)) == (20, 20, {"latest": 20, "best": 20})
    assert deleted(three, 20, even_best=True, even_latest=True) == "ok"
    assert (three.latest, three.best, kept(paths), tags(paths)) == (None, None, set(), {})


def test_orders_one_upon_the_other_never_meet(three: Keeper, paths: RunPaths) -> None:
    outcomes: list[str] = []
    three.delete(20, outcomes.append)
    three.promote(20, outcomes.append)  # the files may still be there
    three.promote(30, outcomes.append)
    save(three, 40)
    three.delete(10, outcomes.append)  # the best one until the order before is obeyed
    three.wait()
    assert sorted(outcomes)[:2] == ["ok", "ok"]
    assert [outcome[:22] for outcome in sorted(outcomes)[2:]] == ["the checkpoint at 10 f", "there is no checkpoint"]
    assert tags(paths) == {"latest": 40, "best": 30, "hand": 30, "top": 10}


def test_what_is_ordered_while_the_thread_is_busy_comes_in_that_order(
    three: Keeper, paths: RunPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, go = checkpoints.save_checkpoint, threading.Event()

    def slow(*args: Any) -> Path:
        assert go.wait(10)
        return write(*args)

    monkeypatch.setattr(module, "save_checkpoint", slow)
    save(three, 40)
    outcomes: list[str] = []
    three.promote(20, outcomes.append)
    three.mark_best(30)
    three.delete(10, outcomes.append)
    save(three, 50)
    assert three.best == 30
    go.set()
    three.wait()
    assert [outcome[:29] for outcome in outcomes] == ["the checkpoint at 10 frames i", "ok"]
    assert (read_pointer(paths.checkpoints, "BEST"), read_pointer(paths.checkpoints, "LATEST")) == ("30", "50")
    assert tags(paths) == {"latest": 50, "best": 30, "hand": 20}
    assert kept(paths) >= {"20", "30", "50"}


def test_what_a_process_died_before_saying_is_made_up_for(keeper: Keeper, paths: RunPaths) -> None:
    save(keeper, 10)
    keeper.wait()
    keeper.mark_best(10)
    checkpoints.save_checkpoint(paths.checkpoints, checkpoint(20), "periodic")
    checkpoints.set_pointer(paths.checkpoints, "LATEST", "20")
    evaluated(paths, 10, 700.0)
    evaluated(paths, 20, 800.0)
    for _ in range(2):
        keeper.mend()
        keeper.wait()
        assert (keeper.latest, keeper.best, kept(paths)) == (20, 20, {"20"})
        with RunReader(paths) as reader:
            assert [(row.frames, row.tags) for row in reader.checkpoints()] == [(20, ("best", "latest"))]


def test_a_checkpoint_chosen_by_hand_stays_the_best_one_of_a_run_that_goes_on(
    keeper: Keeper, paths: RunPaths
) -> None:
    for frames in (10, 20):
        save(keeper, frames)
        keeper.hold(frames)
    keeper.wait()
    evaluated(paths, 20, 800.0)
    keeper.promote(10, lambda outcome: None)
    keeper.wait()
    keeper.mend()
    assert keeper.best == 10
