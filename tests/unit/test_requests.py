"""What a trainer makes of orders to evaluate: any checkpoint there is, on any backend that shows what it sees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from agents.api import State
from agents.checkpoint import Checkpoint
from racetui.evaluation import EvaluationSettings
from racetui.runs.model import CommandRow
from racetui.runs.reader import RunReader
from racetui.runs.writer import RunWriter
from racetui.trainer.evaluations import EvaluationOrder, Evaluations
from racetui.trainer.keeper import Keeper
from racetui.trainer.loop import Attendants
from racetui.trainer.requests import Requests
from tests.program import until
from tests.runs import new_run


def checkpoint(frames: int) -> Checkpoint:
    return Checkpoint("ppo", {}, {}, {"frames": frames}, State({"weights": np.zeros(4, np.float32)}, {}), None)


class Ordered(list[EvaluationOrder]):
    def order(self, order: EvaluationOrder) -> None:
        self.append(order)


@pytest.fixture
def requests() -> Iterator[tuple[Requests, Ordered, RunWriter]]:
    """Of a run with checkpoints at 10, 20 and 30 frames, the first of them the best."""
    paths, ordered = new_run(), Ordered()
    with RunWriter(paths) as writer, closing(Keeper(paths, writer, 2)) as keeper, RunReader(paths) as reader:
        for frames in (10, 20, 30):
            keeper.save(frames, partial(checkpoint, frames), "periodic", lambda outcome: None)
            keeper.wait()
        keeper.mark_best(10)
        run = cast("Attendants", SimpleNamespace(writer=writer, keeper=keeper, evaluations=ordered))
        yield Requests(run, reader.spec(), lambda: 40, partial(checkpoint, 40)), ordered, writer


def command(**args: Any) -> CommandRow:
    return CommandRow(1, "evaluate", args, 0.0, "panel", None, None, "")


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({}, EvaluationOrder(30, EvaluationSettings(10, 1_000_000), "asked")),
        ({"checkpoint": "best"}, EvaluationOrder(10, EvaluationSettings(10, 1_000_000), "asked")),
        (
            {"checkpoint": "20", "episodes": 3, "seed": 7, "deterministic": False, "backend": "gymnasium"},
            EvaluationOrder(20, EvaluationSettings(3, 7, False, "gymnasium"), "asked"),
        ),
        (
            {"backend": "", "video": "worst"},
            EvaluationOrder(30, EvaluationSettings(10, 1_000_000), "asked", "worst"),
        ),
    ],
)
def test_what_is_ordered(
    requests: tuple[Requests, Ordered, RunWriter], args: dict[str, Any], expected: EvaluationOrder
) -> None:
    asked, ordered, _ = requests
    asked.evaluate(command(**args))
    assert ordered == [expected]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({"checkpoint": "15"}, "there is no checkpoint 15: there are 10, 20, 30"),
        ({"checkpoint": "newest"}, "there is no checkpoint newest"),
        ({"backend": "unheard-of"}, "unknown backend unheard-of: choose from fast, gymnasium"),
        ({"video": "ugliest"}, "unknown video ugliest"),
        ({"episodes": 0}, "episodes must be 1 to 10000"),
    ],
)
def test_what_cannot_be_done_is_answered(
    requests: tuple[Requests, Ordered, RunWriter], args: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, ordered, writer = requests
    answers: list[str] = []
    monkeypatch.setattr(writer, "done", lambda _, outcome: answers.append(outcome))
    asked.evaluate(command(**args))
    assert ordered == []
    assert [told in answer for answer in answers] == [True], answers


def test_an_evaluation_that_cannot_begin_fails_alone() -> None:
    paths = new_run()
    paths.evals.rmdir()
    paths.evals.write_text("in the way")
    with RunWriter(paths) as writer, closing(Keeper(paths, writer)) as keeper, RunReader(paths) as reader:
        keeper.save(10, partial(checkpoint, 10), "periodic", lambda outcome: None)
        keeper.wait()
        evaluations = Evaluations(paths, writer, keeper, lambda order, results: None)
        evaluations.order(EvaluationOrder(10, EvaluationSettings(1), "periodic"))
        evaluations.poll()
        assert not evaluations.busy
        (row,) = reader.evaluations()
        assert (row.state, row.detail) == ("failed", "evaluation 1 of 10 frames cannot begin: File exists")
        assert [event.text for event in reader.events() if event.level == "error"] == [row.detail]
        outcomes: list[str] = []
        keeper.delete(10, outcomes.append, even_best=True, even_latest=True)
        keeper.wait()
        assert outcomes == ["ok"], "nobody reads the checkpoint any more"


def test_only_the_runs_own_evaluation_is_its_final_one() -> None:
    paths = new_run()
    with RunWriter(paths) as writer, closing(Keeper(paths, writer)) as keeper, RunReader(paths) as reader:
        keeper.save(10, partial(checkpoint, 10), "periodic", lambda outcome: None)
        keeper.wait()
        evaluations = Evaluations(paths, writer, keeper, lambda order, results: None)
        evaluations.short_of_memory = lambda: True  # so that none is driven
        for purpose in ("asked", "periodic"):
            evaluations.order(EvaluationOrder(10, EvaluationSettings(1), purpose))
        evaluations.insist(10)

        def over() -> bool:
            evaluations.poll()
            return not evaluations.busy

        until(over, what="the end of both")
        assert [row.purpose for row in reader.evaluations()] == ["asked", "final"]
