"""Worlds driven in worker processes; one that dies or hangs is replaced, and the results do not show it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from multiprocessing.heap import Arena
from time import monotonic, perf_counter

import numpy as np

from agents.api import StateError
from carracing.task import Array
from collectors.api import WorkerError
from collectors.array_lanes import ArrayLanes
from collectors.child_process import START_SECONDS, WorkerLostError, to_bytes
from collectors.journal import Journal
from collectors.lane_arrays import arrays_bytes, arrays_over
from collectors.registry import CollectorPlan
from collectors.replay import ActionLog
from collectors.worker import COPY, PUT, RESET, SAVABLE, STEP, WorkerPlan
from collectors.worker_process import WorkerProcess

_REPLACEMENTS = 3
"""Of one worker within one step; when the last one fails too, the fault is not the worker's."""


class ProcessLanes(ArrayLanes):
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
        savable = self._start()
        self._journal = Journal() if savable else None
        self._log = None if savable else ActionLog(plan.task, lanes)
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

    def _start(self) -> bool:
        """Start the workers together; whether their cars can be copied."""
        try:
            for worker in self._workers:
                worker.start()
            answers = [worker.wait(START_SECONDS) for worker in self._workers]
        except WorkerLostError as lost:
            self.close()
            raise WorkerError(f"{lost} while starting") from None
        except BaseException:
            self.close()
            raise
        return all(answer == SAVABLE for answer in answers)

    def _reset(self) -> None:
        self._order(RESET, [worker for worker in self._workers if self._arrays.mask[worker.rows].any()])
        if self._journal is not None:
            self._journal.add(False, self._arrays.seeds, self._arrays.mask)

    def _step(self) -> None:
        self._order(STEP, self._workers)
        if self._journal is not None:
            self._journal.add(True, self._arrays.actions, self._arrays.live)
            if self._journal.full:
                self._copy()

    def _copy(self) -> Array:
        answers = self._order(COPY, self._workers)
        blocks = [
            np.frombuffer(answer, np.uint8).reshape(worker.rows.stop - worker.rows.start, -1)
            for worker, answer in zip(self._workers, answers, strict=True)
        ]
        cars = np.zeros((self.num, max(block.shape[1] for block in blocks)), np.uint8)
        for worker, block in zip(self._workers, blocks, strict=True):
            cars[worker.rows, : block.shape[1]] = block
        if self._journal is not None:
            self._journal.begin_again(cars)
        return cars

    def _put(self, cars: Array) -> None:
        before = self._copy()
        try:
            self._order(PUT, self._workers, cars)
        except StateError:
            self._order(PUT, self._workers, before)
            raise
        if self._journal is not None:
            self._journal.begin_again(cars.copy())

    def _order(self, order: bytes, workers: Sequence[WorkerProcess], cars: Array | None = None) -> list[bytes]:
        """Have ``workers`` obey together, and replace those that do not; what came with their answers."""
        if not self._workers:
            raise WorkerError("the workers were told to end: the lanes are closed")
        contents = [b"" if cars is None else cars[worker.rows].tobytes() for worker in workers]
        for worker, content in zip(workers, contents, strict=True):
            worker.ask(order, content)
        asked = monotonic()
        answers: list[bytes | WorkerLostError] = []
        unfit = []
        for worker in workers:
            try:
                answers.append(worker.wait(self._timeout, asked))
            except WorkerLostError as error:
                answers.append(error)
            except StateError as error:
                unfit.append(error)
                answers.append(b"")
        answered = [
            self._replace(worker, order, content, answer) if isinstance(answer, WorkerLostError) else answer
            for worker, content, answer in zip(workers, contents, answers, strict=True)
        ]
        if unfit:
            raise unfit[0]
        return answered

    def _replace(self, worker: WorkerProcess, order: bytes, content: bytes, lost: WorkerLostError) -> bytes:
        """Put a new process in the place of ``worker``, where it was, and have it obey the interrupted order."""
        for _ in range(_REPLACEMENTS):
            begun = perf_counter()
            try:
                worker.kill()
                worker.start()
                worker.wait(START_SECONDS)
                restored = self._rebuild(worker, order)
                seconds = perf_counter() - begun
                worker.ask(order, content)
                answer = worker.wait(self._timeout)
            except WorkerLostError as again:
                self._incidents.append(f"{lost}; its replacement failed as well")
                lost = again
            else:
                episodes = "1 episode" if restored == 1 else f"{restored} episodes"
                self._incidents.append(f"{lost}; replaced in {seconds:.1f} s, {episodes} restored")
                return answer
        raise WorkerError(f"{lost}, as did {_REPLACEMENTS} before it in the same step")

    def _rebuild(self, worker: WorkerProcess, order: bytes) -> int:
        """Bring the worker's episodes to where they were; how many there are. The orders in the arrays stay."""
        rows, arrays = worker.rows, self._arrays.rows(worker.rows)
        orders = (arrays.actions, arrays.live, arrays.mask, arrays.seeds)
        kept = [array.copy() for array in orders]
        lanes = np.zeros(self.num, dtype=np.bool_)
        lanes[rows] = self._seeds[rows] >= 0
        if order == RESET:  # those start anew anyway
            lanes &= ~self._arrays.mask
        if self._journal is not None:
            self._retrace(worker, self._journal)
        elif self._log is not None and lanes.any():
            self._drive_again(worker, lanes, self._log)
        for array, values in zip(orders, kept, strict=True):
            array[:] = values
        return int(lanes.sum())

    def _retrace(self, worker: WorkerProcess, journal: Journal) -> None:
        """Put the last copies back and repeat the orders since then."""
        arrays = self._arrays.rows(worker.rows)
        if journal.cars is not None:
            worker.ask(PUT, journal.cars[worker.rows].tobytes())
            worker.wait(self._timeout)
        for order in journal.orders(worker.rows):
            values, lanes = (arrays.actions, arrays.live) if order.is_step else (arrays.seeds, arrays.mask)
            values[:], lanes[:] = order.values, order.lanes
            worker.ask(STEP if order.is_step else RESET)
            worker.wait(self._timeout)

    def _drive_again(self, worker: WorkerProcess, lanes: Array, log: ActionLog) -> None:
        """Drive the episodes of ``lanes`` from their resets."""
        rows, arrays = worker.rows, self._arrays.rows(worker.rows)
        arrays.mask[:] = lanes[rows]
        arrays.seeds[:] = log.seeds[rows]
        worker.ask(RESET)
        worker.wait(self._timeout)
        for actions, live in log.moves(lanes):
            arrays.actions[:] = actions[rows]
            arrays.live[:] = live[rows]
            worker.ask(STEP)
            worker.wait(self._timeout)


def _blocks(worlds: int, workers: int, cars: int) -> list[slice]:
    """Rows of each worker: contiguous, whole worlds, sizes as equal as can be."""
    bounds = [worlds * index // workers * cars for index in range(workers + 1)]
    return [slice(start, stop) for start, stop in pairwise(bounds)]
