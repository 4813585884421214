"""Orders to a trainer whose rounds are shorter than the time between two looks for orders."""

from __future__ import annotations

import threading
import time

import pytest

from racetui.runs.control import claim, send
from racetui.runs.model import RunState
from racetui.runs.reader import RunReader
from racetui.runs.writer import RunWriter
from racetui.trainer.orders import Interrupted, Orders, Stop
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
        send(paths, "pause")
        with orders.while_learning():
            orders.pulse()
        resumes = threading.Timer(0.3, send, (paths, "resume"))
        resumes.start()
        started = time.monotonic()
        with orders.while_collecting():
            orders.pulse()
        assert time.monotonic() - started > 0.2, "it was paused"
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
