"""Orders to a trainer whose rounds are shorter than the time between two looks for orders."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from agents.api import State
from agents.errors import UnwritableCheckpointError
from racetui.counters import Counters
from racetui.runs.control import claim, send, wait_for
from racetui.runs.model import RunState
from racetui.runs.reader import RunReader
from racetui.runs.writer import RunWriter
from racetui.trainer import keeper as keeping
from racetui.trainer.keeper import Keeper
from racetui.trainer.loop import Parts, Trainer, UnsavedError
from racetui.trainer.orders import Interrupted, Orders, Stop
from racetui.trainer.progress import Progress
from tests.runs import new_run


def test_an_order_taken_while_learning_is_obeyed_at_the_next_step() -> None:
    paths = new_run()
    with claim(paths), RunWriter(paths) as writer:
        writer.identify()
        writer.set_state(RunState.RUNNING)
        orders = Orders(writer)
        send(paths, "stop", {"after": "now"})
        with orders.while_learning():
            orders.pulse()
        assert orders.stop is Stop.NOW
        with orders.while_collecting(), pytest.raises(Interrupted):
            orders.pulse()


def test_a_pause_taken_while_learning_begins_at_the_next_step() -> None:
    paths = new_run()
    with claim(paths), RunWriter(paths) as writer:
        writer.identify()
        writer.set_state(RunState.RUNNING)
        orders = Orders(writer)
        pause = send(paths, "pause")
        with orders.while_learning():
            orders.pulse()

        def resume() -> None:
            wait_for(paths, pause, timeout=20)
            send(paths, "resume")

        resumes = threading.Thread(target=resume)
        resumes.start()
        with orders.while_collecting():
            orders.pulse()  # paused, or there would be nothing to resume
        resumes.join()
        with RunReader(paths) as reader:
            assert [command.outcome for command in reader.commands()] == ["ok", "ok"]


def test_a_paused_run_ends_of_its_own_accord() -> None:
    paths = new_run()
    with claim(paths), RunWriter(paths) as writer:
        writer.identify()
        writer.set_state(RunState.RUNNING)
        orders = Orders(writer)
        send(paths, "pause")
        orders.poll()
        orders.on_beat(lambda: orders.end("memory was running out"))
        with orders.while_collecting(), pytest.raises(Interrupted):
            orders.pulse()
    assert (orders.stop, orders.reason, orders.pausing) == (Stop.NOW, "memory was running out", False)


@pytest.mark.parametrize("stage", [0, 1])
def test_a_pause_at_the_end_of_a_stage_waits_for_the_next(stage: int) -> None:
    paths, nothing = new_run(), SimpleNamespace(state=lambda: State({}, {}))
    with (
        claim(paths),
        RunWriter(paths) as writer,
        closing(Keeper(paths, writer)) as keeper,
        RunReader(paths) as reader,
    ):
        writer.identify()
        writer.set_state(RunState.RUNNING)
        orders = Orders(writer)
        send(paths, "pause")
        orders.poll()
        evaluations = SimpleNamespace(order=lambda order: None, poll=lambda: None, busy=False)
        run: Any = SimpleNamespace(writer=writer, orders=orders, keeper=keeper, evaluations=evaluations)
        agent: Any = nothing
        over = Progress(Counters(frames=reader.spec().budget.frames))
        Trainer(Parts(reader.spec(), agent, agent, over, run, stage=stage)).run()
        (pause,) = reader.commands()
        assert (pause.outcome, orders.pausing) == ("" if stage else "the run ended before it paused", True)


@pytest.mark.parametrize("stopped", [False, True])
def test_a_run_whose_last_checkpoint_was_not_saved_fails_and_says_where_it_goes_on(
    stopped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = new_run()

    def full(*_: object) -> None:
        raise UnwritableCheckpointError("No space left on device. Free some space")

    with RunWriter(paths) as writer, closing(Keeper(paths, writer)) as keeper, RunReader(paths) as reader:
        agent: Any = SimpleNamespace(state=lambda: State({}, {}))
        evaluations = SimpleNamespace(poll=lambda: None, busy=False)
        orders = Orders(writer)
        run: Any = SimpleNamespace(paths=paths, writer=writer, orders=orders, keeper=keeper, evaluations=evaluations)
        over = Progress(Counters(frames=reader.spec().budget.frames))
        trainer = Trainer(Parts(reader.spec(), agent, agent, over, run))
        earlier = trainer.checkpoint()
        keeper.save(400, lambda: replace(earlier, counters={"frames": 400}), "periodic", lambda outcome: None)
        keeper.wait()
        monkeypatch.setattr(keeping, "save_checkpoint", full)
        if stopped:
            orders.end("memory was running out")
        with pytest.raises(UnsavedError) as raised:
            trainer.run()
    assert str(raised.value) == (
        f"the checkpoint at 1,000 frames was not saved; the last one is at 400 frames, and `racetui train --resume "
        f"{paths.id}` goes on from there: No space left on device. Free some space"
    )
