"""Worlds driven in worker processes; one that dies or hangs is replaced, and the results do not show it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from multiprocessing.heap import Arena
from time import monotonic, perf_counter

import numpy as np

from carracing.task import Array
from collectors.api import WorkerError
from collectors.child_process import START_SECONDS, WorkerLostError, to_bytes
from collectors.lane_arrays import arrays_bytes, arrays_over
from collectors.registry import CollectorPlan
from collectors.replay import ReplayableLanes
from collectors.worker import RESET, STEP, WorkerPlan
from collectors.worker_process import WorkerProcess

_REPLACEMENTS = 3
"""Of one worker within one step; when the last one fails too, the fault is not the worker's."""


class ProcessLanes(ReplayableLanes):
    """Implements ``Lanes`` over ``plan.config.lanes`` cars in contiguous blocks of worlds, one per worker.

    Results lie in memory shared with the workers: no copy, valid until the next call. The memory has no name,
    so nothing can be left behind, not even by kill -9.
    """

    def __init__(self, plan: CollectorPlan) -> None:
        cars, lanes, workers = plan.config.cars, plan.config.lanes, plan.config.workers
        # An arena rather than RawArray, whose process-wide heap would keep the memory and its descriptor.
        memory = Arena(arrays_bytes(plan.task, lanes))
        super().__init__(plan.task, np.arange(lanes) // cars, arrays_over(memory.buffer, plan.task, lanes))
        self._timeout = plan.config.worker_timeout
        self._asked, self._busy = perf_counter(), np.zeros(workers)
        self._incidents: list[str] = []
        self._workers = [
            WorkerProcess(
                WorkerPlan(index, to_bytes(plan.worlds), plan.task, cars, lanes, rows), memory, plan.preload
            )
            for index, rows in enumerate(_blocks(plan.config.tracks, workers, cars))
        ]
        try:
            for worker in self._workers:
                worker.start()
            for worker in self._workers:
                worker.wait(START_SECONDS)
        except WorkerLostError as lost:
            self.close()
            raise WorkerError(f"{lost} while starting") from None
        except BaseException:
            self.close()
            raise
        self._asked = perf_counter()

    @property
    def pids(self) -> list[int | None]:
        """Process of each worker."""
        return [worker.pid for worker in self._workers]

    def busy(self) -> Sequence[float]:
        """Share of the time since the last call that each worker worked."""
        now = perf_counter()
        busy = np.array([self._arrays.busy[worker.rows.start] for worker in self._workers])
        shares = (busy - self._busy[: len(busy)]) / max(now - self._asked, 1e-9)
        self._asked, self._busy = now, busy
        return [float(share) for share in shares.clip(0.0, 1.0)]

    def incidents(self) -> Sequence[str]:
        """Replaced workers since the last call, in words."""
        incidents, self._incidents = self._incidents, []
        return incidents

    def close(self) -> None:
        """End the workers: those that work at once, those that hang after two seconds; may be called twice."""
        for worker in self._workers:
            worker.hang_up()
        deadline = monotonic() + 2.0
        for worker in self._workers:
            worker.join(max(0.0, deadline - monotonic()))
        self._workers = []
        self._arrays = self._arrays.copy()  # lets go of the shared memory

    def _reset(self) -> None:
        self._order(RESET, [worker for worker in self._workers if self._arrays.mask[worker.rows].any()])

    def _step(self) -> None:
        self._order(STEP, self._workers)

    def _order(self, order: bytes, workers: Sequence[WorkerProcess]) -> None:
        """Have ``workers`` obey together, and replace those that do not."""
        if not self._workers:
            raise WorkerError("the workers were told to end: the lanes are closed")
        for worker in workers:
            worker.ask(order)
        asked = monotonic()
        lost = []
        for worker in workers:
            try:
                worker.wait(self._timeout, asked)
            except WorkerLostError as error:
                lost.append((worker, error))
        for worker, loss in lost:
            self._replace(worker, order, loss)

    def _replace(self, worker: WorkerProcess, order: bytes, lost: WorkerLostError) -> None:
        """Put a new process in the place of ``worker``, where it was, and have it obey the interrupted order."""
        for _ in range(_REPLACEMENTS):
            begun = perf_counter()
            try:
                worker.kill()
                worker.start()
                worker.wait(START_SECONDS)
                restored = self._rebuild(worker, order)
                seconds = perf_counter() - begun
                worker.ask(order)
                worker.wait(self._timeout)
            except WorkerLostError as again:
                self._incidents.append(f"{lost}; its replacement failed as well")
                lost = again
            else:
                episodes = "1 episode" if restored == 1 else f"{restored} episodes"
                self._incidents.append(f"{lost}; replaced in {seconds:.1f} s, {episodes} restored")
                return
        raise WorkerError(f"{lost}, as did {_REPLACEMENTS} before it in the same step")

    def _rebuild(self, worker: WorkerProcess, order: bytes) -> int:
        """Drive the worker's episodes again up to now; how many there were. The orders in the arrays stay."""
        rows, arrays = worker.rows, self._arrays.rows(worker.rows)
        orders = (arrays.actions, arrays.live, arrays.mask, arrays.seeds)
        kept = [array.copy() for array in orders]
        lanes = np.zeros(self.num, dtype=np.bool_)
        lanes[rows] = self._log.seeds[rows] >= 0
        if order == RESET:  # those start anew anyway
            lanes &= ~self._arrays.mask
        if lanes.any():
            self._again(worker, lanes)
        for array, values in zip(orders, kept, strict=True):
            array[:] = values
        return int(lanes.sum())

    def _again(self, worker: WorkerProcess, lanes: Array) -> None:
        rows, arrays = worker.rows, self._arrays.rows(worker.rows)
        arrays.mask[:] = lanes[rows]
        arrays.seeds[:] = self._log.seeds[rows]
        worker.ask(RESET)
        worker.wait(self._timeout)
        for actions, live in self._log.moves(lanes):
            arrays.actions[:] = actions[rows]
            arrays.live[:] = live[rows]
            worker.ask(STEP)
            worker.wait(self._timeout)


def _blocks(worlds: int, workers: int, cars: int) -> list[slice]:
    """Rows of each worker: contiguous, whole worlds, sizes as equal as can be."""
    bounds = [worlds * index // workers * cars for index in range(workers + 1)]
    return [slice(start, stop) for start, stop in pairwise(bounds)]
