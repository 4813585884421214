"""Checkpoints by hand: through the trainer while it lives, else under its lock; and the command."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

import numpy as np
import pytest

from agents.api import State
from agents.checkpoint import Checkpoint, TornCheckpointError, list_checkpoints
from racetui.checkpointing import CheckpointOrderError, delete, promote
from racetui.runs.control import claim
from racetui.runs.errors import OrderTimeout
from racetui.runs.model import RunState
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.writer import RunWriter
from racetui.trainer.keeper import Keeper
from racetui.trainer.latest import latest_checkpoint
from racetui.trainer.orders import Orders
from racetui.trainer.requests import handle_checkpoints
from tests.program import racetui
from tests.runs import new_run


def checkpoint(frames: int) -> Checkpoint:
    return Checkpoint("ppo", {}, {}, {"frames": frames}, State({"weights": np.zeros(4, np.float32)}, {}), None)


@pytest.fixture
def paths() -> RunPaths:
    """A run that has ended, with checkpoints at 10, 20 and 30 frames; the first is the best."""
    paths = new_run("first")
    with RunWriter(paths) as writer, closing(Keeper(paths, writer, 2)) as keeper:
        for frames in (10, 20, 30):
            keeper.save(frames, partial(checkpoint, frames), "periodic", lambda outcome: None)
            keeper.wait()
        row = writer.evaluation_started(10, "periodic", 2, 1_000_000, True, "fast")
        writer.evaluation_finished(row, {"mean": 512.0, "std": 1.5})
        keeper.mark_best(10)
        writer.set_state(RunState.STOPPED)
    return paths


def test_a_damaged_latest_checkpoint_says_how_to_go_on_from_the_one_before(paths: RunPaths) -> None:
    assert latest_checkpoint(paths).name == "30"
    (paths.checkpoints / "30" / "tensors.safetensors").write_bytes(b"torn")
    with pytest.raises(TornCheckpointError, match="goes on from 20 frames") as damaged:
        latest_checkpoint(paths)
    advice = re.findall("`racetui (.*?)`", str(damaged.value))
    assert advice == ["checkpoints 1 --delete 30", "train --resume 1"]
    assert racetui(*advice[0].split(), "--yes").code == 0
    assert latest_checkpoint(paths).name == "20"


@contextmanager
def trained(paths: RunPaths) -> Iterator[None]:
    """A trainer, as far as orders go, until the block is left."""
    over, ready = threading.Event(), threading.Event()

    def train() -> None:
        with claim(paths), RunWriter(paths) as writer, closing(Keeper(paths, writer, 2)) as keeper:
            writer.identify()
            orders = Orders(writer)
            handle_checkpoints(orders, writer, keeper)
            writer.set_state(RunState.RUNNING)
            ready.set()
            while not over.wait(0.02):
                orders.poll()
                keeper.poll()
            writer.set_state(RunState.STOPPED)

    trainer = threading.Thread(target=train)
    trainer.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        over.set()
        trainer.join()


def there(paths: RunPaths) -> list[str]:
    return [path.name for path in list_checkpoints(paths.checkpoints)]


def tags(paths: RunPaths) -> dict[str, int]:
    with RunReader(paths) as reader:
        return {tag: row.frames for row in reader.checkpoints() for tag in row.tags}


def test_a_living_trainer_does_it(paths: RunPaths) -> None:
    with trained(paths):
        promote(paths, 20, timeout=10)
        delete(paths, 10, even_best=False, timeout=10)
        with pytest.raises(CheckpointOrderError, match="is the latest, which the run would go on from"):
            delete(paths, 30, even_best=True, timeout=10)
        with pytest.raises(CheckpointOrderError, match="is the best one"):
            delete(paths, 20, even_best=False, timeout=10)
    assert (there(paths), tags(paths)) == (["20", "30"], {"latest": 30, "best": 20, "hand": 20})
    with RunReader(paths) as reader:
        assert [command.name for command in reader.commands()] == ["promote", "delete", "delete", "delete"]
        told = [event.text for event in reader.events() if "by hand" in event.text]
    assert told == [
        "the checkpoint at 20 frames was made the best by hand",
        "the checkpoint at 10 frames was deleted by hand",
    ]


def test_of_an_ended_run_it_is_done_at_once_and_the_latest_too(paths: RunPaths) -> None:
    delete(paths, 30, even_best=False, timeout=10)
    promote(paths, 20, timeout=10)
    assert (there(paths), tags(paths)) == (["10", "20"], {"latest": 20, "best": 20, "hand": 20, "top": 10})


def test_a_trainer_that_does_not_answer_is_not_gone_around(paths: RunPaths) -> None:
    with claim(paths), RunWriter(paths) as writer:
        writer.identify()
        writer.set_state(RunState.RUNNING)
        with pytest.raises(OrderTimeout):
            delete(paths, 20, even_best=False, timeout=0.2)
    assert there(paths) == ["10", "20", "30"]


def test_the_command(paths: RunPaths) -> None:
    lines = racetui("checkpoints", "first").out.splitlines()
    assert [line.split()[0] for line in lines] == ["frames", "30", "20", "10"]
    assert lines[3].endswith("512.0 ± 1.5  best")
    asked = racetui("checkpoints", "1", "--delete", "20")
    assert (asked.code, "--yes answers" in asked.err) == (2, True)
    best = racetui("checkpoints", "1", "--delete", "10", "--yes")
    assert (best.code, "is the best one" in best.err) == (1, True)
    shown = racetui("checkpoints", "1", "--delete", "10", "--yes", "--even-best", "--json").json
    assert [(one["frames"], one["tags"], one["mean"]) for one in shown] == [(30, ["latest"], None), (20, [], None)]
    missing = racetui("checkpoints", "1", "--promote", "10")
    assert (missing.code, "there are 20, 30" in missing.err) == (4, True)
    assert racetui("checkpoints", "1", "--promote", "20").out.splitlines()[2].endswith("best hand")
