"""The inside of a worker process of collector ``executor``: drives blocks until its parent is gone.

Orders and answers are short messages; weights and driven blocks go through files in memory.
"""

from __future__ import annotations

import contextlib
import pickle
import struct
import traceback
from multiprocessing import reduction
from multiprocessing.connection import Connection
from time import perf_counter

import numpy as np

from carracing.task import Array
from collectors.api import CollectorError
from collectors.block_driver import BlockDriver
from collectors.blocks import BlockTask, DrivingPlan, pieces
from collectors.child_process import begin_as_worker
from collectors.packed_weights import unpack_weights
from collectors.shared_file import SharedFile

ORDER = struct.Struct("=QQQQQ")
"""Ticket, first episode, publication, shelf for the result, and the bytes of the weights that follow as a descriptor:
0 where the worker has them already."""
ANSWER = struct.Struct("=cQQ?dd")
"""READY, DONE or FAILED; of DONE: ticket, and the block's outline. After FAILED come words."""
READY, DONE, FAILED = b"r", b"d", b"f"
VITALS = np.dtype([("steps", np.uint64), ("busy", np.float64)])
"""At the start of a worker's file."""


def shelf_offset(shelf: int) -> int:
    """Where in a worker's file a shelf begins: far apart, since what is not written takes no memory."""
    return (shelf + 1) << 40


def drive_blocks(link: Connection, file: SharedFile, plan: bytes) -> None:
    """Run a worker to its end; ``plan`` is a pickled DrivingPlan."""
    begin_as_worker()
    with contextlib.suppress(EOFError, ConnectionError):  # the parent has closed the link, or is gone
        try:
            worker = _Worker(link, file, pickle.loads(plan))  # noqa: S301  (our parent's, over a private pipe)
        except Exception:
            link.send_bytes(_failed(0, "its worlds could not be made"))
            return
        link.send_bytes(ANSWER.pack(READY, 0, 0, False, 0.0, 0.0))
        while True:
            link.send_bytes(worker.obey(link.recv_bytes()))


class _Worker:
    """Drives one block after the other and shows that it lives."""

    def __init__(self, link: Connection, file: SharedFile, plan: DrivingPlan) -> None:
        self._link, self._file, self._plan = link, file, plan
        self._driver = BlockDriver(plan)
        self._vitals: Array = np.zeros(1, VITALS)
        self._worked = 0.0
        """Seconds, before the block that is driven now."""
        self._started = 0.0

    def obey(self, order: bytes) -> bytes:
        """Drive a block; the answer."""
        ticket, first, weights, shelf, size = ORDER.unpack(order)
        self._started = perf_counter()
        try:
            if size:
                self._load(size)
            driven = self._driver.drive(BlockTask(ticket, first, weights), self._beat)
            self._file.reserve(shelf_offset(shelf) + driven.outline.bytes(self._plan))
            for offset, array in pieces(driven, self._plan):
                self._file.write(array, shelf_offset(shelf) + offset)
        except CollectorError as error:
            return _failed(ticket, str(error))
        except Exception:
            return _failed(ticket, "it failed")
        self._beat()
        self._worked += perf_counter() - self._started
        outline = driven.outline
        return ANSWER.pack(DONE, ticket, outline.steps, outline.log_probs, outline.seconds_env, outline.seconds_act)

    def _load(self, size: int) -> None:
        received = SharedFile(reduction.recv_handle(self._link))
        packed = np.empty(size, np.uint8)
        received.read_into(packed, 0)
        received.close()
        self._driver.load(unpack_weights(packed))

    def _beat(self) -> None:
        self._vitals["steps"] += 1
        self._vitals["busy"] = self._worked + perf_counter() - self._started
        self._file.write(self._vitals, 0)


def _failed(ticket: int, words: str) -> bytes:
    """The answer after an exception, with its traceback."""
    return ANSWER.pack(FAILED, ticket, 0, False, 0.0, 0.0) + f"{words}:\n{traceback.format_exc()}".encode()
