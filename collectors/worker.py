"""The inside of a worker process: makes its worlds, then obeys the parent until the parent is gone.

An order is one byte (RESET or STEP) and a number; the answer is one byte (DONE or FAILED), the same number and,
after FAILED, words. Everything else goes through shared memory. Numpy only: what worlds need they import.
"""

from __future__ import annotations

import contextlib
import pickle
import struct
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.heap import Arena

import numpy as np

from carracing.task import TaskSpec, Worlds
from collectors.api import CollectorError
from collectors.child_process import begin_as_worker
from collectors.lane_arrays import arrays_over
from collectors.world_block import WorldBlock

RESET, STEP = b"r", b"s"
DONE, FAILED = b"d", b"f"
HEADER = struct.Struct("=cQ")
READY = 0
"""Number of the unasked answer that says the worlds are made."""


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """What a worker is told when it starts."""

    index: int
    factory: bytes
    """Pickled WorldsFactory: what goes wrong in unpickling it is reported like any failure of the factory."""
    spec: TaskSpec
    cars: int
    """Per world."""
    lanes: int
    """Of all workers together."""
    rows: slice
    """The lanes of this worker."""


def work(link: Connection, memory: Arena, plan: WorkerPlan) -> None:
    """Run a worker to its end."""
    begin_as_worker()
    with contextlib.suppress(EOFError, OSError):  # the parent has closed the link, or is gone
        try:
            block = _make_block(memory, plan)
        except Exception:
            words = f"its worlds could not be made:\n{traceback.format_exc()}"
            link.send_bytes(HEADER.pack(FAILED, READY) + words.encode())
            return
        link.send_bytes(HEADER.pack(DONE, READY))
        try:
            _obey(link, {RESET: block.reset, STEP: block.step})
        finally:
            block.close()


def _obey(link: Connection, orders: dict[bytes, Callable[[], None]]) -> None:
    while True:
        order, number = HEADER.unpack(link.recv_bytes())
        try:
            orders[order]()
        except CollectorError as error:
            words = f"{error}\n{''.join(traceback.format_exception(error.__cause__ or error))}"
            link.send_bytes(HEADER.pack(FAILED, number) + words.encode())
        else:
            link.send_bytes(HEADER.pack(DONE, number))


def _make_block(memory: Arena, plan: WorkerPlan) -> WorldBlock:
    factory: Callable[[int], Worlds] = pickle.loads(plan.factory)  # noqa: S301  (our parent's, over a private pipe)
    lanes = plan.rows.stop - plan.rows.start
    worlds = factory(lanes // plan.cars)
    groups = (np.arange(lanes) // plan.cars).tolist()
    if worlds.spec != plan.spec or worlds.groups.tolist() != groups:
        raise CollectorError(
            f"the worlds pose another task than planned: {worlds.spec} in groups {worlds.groups.tolist()}, "
            f"not {plan.spec} in groups {groups}"
        )
    arrays = arrays_over(memory.buffer, plan.spec, plan.lanes).rows(plan.rows)
    return WorldBlock(worlds, arrays, plan.rows.start)
