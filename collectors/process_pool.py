"""Whole episodes driven in worker processes on this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import reduction
from multiprocessing.connection import Connection, wait

import numpy as np

from agents.api import WeightsSnapshot
from carracing.task import Array
from collectors.block_worker import ANSWER, DONE, ORDER, READY, VITALS, drive_blocks, shelf_offset
from collectors.blocks import BlockOutline, BlockTask, DrivingPlan
from collectors.child_process import ChildProcess, to_bytes
from collectors.episode_collector import EpisodeCollector, collector_over, driving_plan
from collectors.episode_pool import Done, Event, Failed, Lost, Ready, Vitals
from collectors.packed_weights import pack_weights
from collectors.registry import CollectorPlan
from collectors.shared_file import SharedFile


@dataclass(frozen=True, slots=True)
class _Publication:
    file: SharedFile
    size: int


@dataclass(slots=True)
class _Seat:
    """A worker's place: what stays when its process is replaced."""

    process: ChildProcess
    file: SharedFile
    """Vitals, and a shelf for each driven block until it is fetched."""
    loaded: int = -1
    """Publication that the process was last told to act with."""
    shelves: dict[int, int] = field(default_factory=dict)
    """Ticket -> shelf, of all it was asked for and that has not been fetched."""
    tasks: dict[int, BlockTask] = field(default_factory=dict)

    def free_shelf(self) -> int:
        """The lowest one not in use."""
        used = set(self.shelves.values())
        return next(shelf for shelf in range(len(used) + 1) if shelf not in used)


class ProcessPool:
    """Implements ``EpisodePool`` by processes that are forked from a server which has loaded what they need."""

    def __init__(self, plan: DrivingPlan, workers: int, preload: Sequence[str]) -> None:
        """Start nothing yet. Raises CollectorError if the plan cannot be sent to workers."""
        packed = to_bytes(plan)
        modules = [plan.actor.factory.split(":")[0], *preload]
        self._plan = plan
        self._publications: dict[int, _Publication] = {}
        self._seats: list[_Seat] = []
        for index in range(workers):
            file = SharedFile()
            self._seats.append(_Seat(ChildProcess(index, drive_blocks, (file, packed), modules), file))

    @property
    def num(self) -> int:
        """How many workers there are."""
        return len(self._seats)

    @property
    def pids(self) -> list[int | None]:
        """Process of each worker."""
        return [seat.process.pid for seat in self._seats]

    def publish(self, number: int, weights: WeightsSnapshot) -> None:
        """Put the weights where every worker can read them, once."""
        packed, file = pack_weights(weights), SharedFile()
        file.write(packed, 0)
        self._publications[number] = _Publication(file, len(packed))

    def forget(self, number: int) -> None:
        """Free these weights."""
        self._publications.pop(number).file.close()

    def start(self, worker: int) -> None:
        """Begin to start a worker."""
        seat = self._seats[worker]
        seat.file.write(np.zeros(1, VITALS), 0)
        seat.loaded = -1
        seat.process.start()

    def ask(self, worker: int, task: BlockTask) -> None:
        """Have a worker drive a block after those it was asked for before."""
        seat = self._seats[worker]
        weights = self._publications[task.weights]
        size = 0 if seat.loaded == task.weights else weights.size
        shelf = seat.free_shelf()
        seat.shelves[task.ticket], seat.tasks[task.ticket], seat.loaded = shelf, task, task.weights
        link = seat.process.link
        with contextlib.suppress(OSError):  # dead: wait() will find out how
            link.send_bytes(ORDER.pack(task.ticket, task.first, task.weights, shelf, size))
            if size:
                reduction.send_handle(link, weights.file.descriptor, seat.process.pid)

    def wait(self, seconds: float) -> Sequence[Event]:
        """What happened; waits at most so long for something to happen."""
        links = {seat.process.link: index for index, seat in enumerate(self._seats) if seat.process.pid is not None}
        spoken = [link for link in wait(list(links), seconds) if isinstance(link, Connection)]
        return [self._listen(links[link], link) for link in spoken]

    def fetch(self, done: Done, target: Array) -> None:
        """Copy a driven block out of its shelf."""
        seat = self._seats[done.worker]
        seat.file.read_into(target, shelf_offset(self._clear(done)))

    def discard(self, done: Done) -> None:
        """The shelf is used again."""
        self._clear(done)

    def vitals(self, worker: int) -> Vitals:
        """The worker's signs of life."""
        vitals = np.zeros(1, VITALS)
        self._seats[worker].file.read_into(vitals, 0)
        return Vitals(int(vitals["steps"][0]), float(vitals["busy"][0]))

    def name(self, worker: int) -> str:
        """Number and process."""
        return self._seats[worker].process.name

    def kill(self, worker: int) -> None:
        """End a worker at once, with all it was asked for."""
        seat = self._seats[worker]
        seat.process.kill()
        seat.shelves.clear()
        seat.tasks.clear()

    def close(self) -> None:
        """End all workers at once and free all memory; may be called twice."""
        for seat in self._seats:
            seat.process.kill()
            seat.file.close()
        for publication in self._publications.values():
            publication.file.close()
        self._seats, self._publications = [], {}

    def _listen(self, worker: int, link: Connection) -> Event:
        seat = self._seats[worker]
        try:
            answer = link.recv_bytes()
        except (EOFError, OSError):
            return Lost(worker, str(seat.process.died()))
        outcome, ticket, *outline = ANSWER.unpack_from(answer)
        if outcome == READY:
            return Ready(worker)
        if outcome == DONE:
            return Done(worker, seat.tasks[ticket], BlockOutline(*outline))
        return Failed(worker, f"{seat.process.name}: {answer[ANSWER.size :].decode()}")

    def _clear(self, done: Done) -> int:
        seat = self._seats[done.worker]
        del seat.tasks[done.task.ticket]
        return seat.shelves.pop(done.task.ticket)


def make_executor(plan: CollectorPlan) -> EpisodeCollector:
    """Whole episodes in ``workers`` processes. Raises CollectorError, WorkerError if one cannot start."""
    driving = driving_plan(plan)
    return collector_over(plan, driving, ProcessPool(driving, plan.config.workers, plan.preload))
