"""Threads that share out compiled work: every item once, whatever the threads do."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import numba
import numpy as np
import pytest

from carracing.simulator.crew import Crew
from carracing.simulator.sharing import Share, begin, finish, take
from carracing.task import Array


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def count_up(done: Any, pauses: Any, share: Any) -> None:
    """Add 1 to each item's number; linger over item k for ``pauses[k]`` rounds, which change ``pauses``."""
    count, finished = len(done), 0
    begin(share, count)  # type: ignore[no-untyped-call]
    item = take(share, count)  # type: ignore[no-untyped-call]
    while item >= 0:
        for _ in range(pauses[item]):
            pauses[item] = (pauses[item] * 1103515245 + 12345) % 2147483648
        done[item] += 1
        finished += 1
        item = take(share, count)  # type: ignore[no-untyped-call]
    finish(share, count, finished)  # type: ignore[no-untyped-call]


OTHERS: set[threading.Thread] = set()
"""Helpers of simulators that tests before have not let go of yet."""


def helpers() -> list[threading.Thread]:
    return [
        thread for thread in threading.enumerate() if thread.name.startswith("simulator-") and thread not in OTHERS
    ]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def do(crew: Crew, done: Array, pauses: Array | None = None) -> None:
    given = np.zeros(len(done), np.int64) if pauses is None else pauses
    crew.do(lambda share: count_up(done, given, share), len(done))


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    OTHERS.clear()
    OTHERS.update(helpers())
    yield
    gc.collect()
    until(lambda: helpers() == [])


@pytest.mark.parametrize("threads", [1, 2, 3, 5])
def test_every_item_is_done_once_in_every_order(threads: int) -> None:
    rng = np.random.default_rng(threads)
    with closing(Crew(threads)) as crew:
        for order in range(300):
            done = np.zeros(rng.integers(1, 40), np.int64)
            do(crew, done, rng.integers(0, 300, len(done)))
            assert (done == 1).all(), order
            if order % 100 == 50:
                time.sleep(0.01)  # the helpers fall asleep
        assert len(helpers()) == threads - 1


def test_a_helper_takes_part() -> None:
    seen: set[int] = set()

    def work(share: Share) -> None:
        seen.add(share.part)
        count_up(done, pauses, share)

    with closing(Crew(2)) as crew:
        deadline = time.monotonic() + 10
        while seen != {0, 1}:
            assert time.monotonic() < deadline
            done, pauses = np.zeros(8, np.int64), np.full(8, 100_000)
            crew.do(work, 8)
            assert (done == 1).all()


def test_a_single_item_wakes_nobody() -> None:
    with closing(Crew(4)) as crew:
        done = np.zeros(1, np.int64)
        do(crew, done)
        assert done[0] == 1
        assert helpers() == []


def test_a_failing_helper_is_told_and_nothing_is_left_undone() -> None:
    done = np.zeros(4, np.int64)

    def work(share: Share) -> None:
        if share.part:
            raise ZeroDivisionError("no")
        count_up(done, np.full(4, 1_000_000), share)

    with closing(Crew(2)) as crew:
        with pytest.raises(RuntimeError, match="a thread of the simulator failed") as caught:
            while True:
                done[:] = 0
                crew.do(work, 4)
                assert (done == 1).all()
        assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_an_error_of_the_leader_leaves_a_crew_that_works() -> None:
    with closing(Crew(3)) as crew:
        done = np.zeros(9, np.int64)
        do(crew, done)
        with pytest.raises(TypeError):
            crew.do(lambda share: count_up(), 9)
        do(crew, done)
        assert (done == 2).all()


def test_idle_helpers_sleep() -> None:
    with closing(Crew(3)) as crew:
        do(crew, np.zeros(8, np.int64))
        time.sleep(0.05)
        before = time.process_time()
        time.sleep(0.3)
        assert time.process_time() - before < 0.03


def test_a_closed_crew_works_alone() -> None:
    crew = Crew(2)
    done = np.zeros(5, np.int64)
    do(crew, done)
    crew.close()
    crew.close()
    do(crew, done)
    assert (done == 2).all()


def test_a_crew_that_is_forgotten_ends_its_helpers() -> None:
    crew = Crew(3)
    do(crew, np.zeros(8, np.int64))
    assert len(helpers()) == 2


def test_a_forked_process_starts_helpers_of_its_own() -> None:
    with closing(Crew(2)) as crew:
        done = np.zeros(8, np.int64)
        do(crew, done)
        child = os.fork()
        if child == 0:
            do(crew, done, np.full(8, 1000))
            os._exit(0 if (done == 2).all() and len(helpers()) >= 1 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert (done == 1).all()
