"""Gives blocks to workers as they become free, and replaces workers that die or hang."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic

from collectors.api import WorkerError
from collectors.blocks import BlockTask
from collectors.child_process import START_SECONDS
from collectors.episode_pool import Done, EpisodePool, Failed, Lost, Ready

_REPLACEMENTS = 3
"""Of workers that drove one block, or of one worker that does not start; then the fault is not the worker's."""
_AWAY_SECONDS = 1.0
"""Who has not looked for so long (while learning, or paused) cannot tell since when a worker is silent."""


@dataclass(slots=True)
class _Worker:
    index: int
    ready: bool = False
    tasks: deque[BlockTask] = field(default_factory=deque)
    """The first is being driven."""
    failed_starts: int = 0
    steps: int = 0
    """The last sign of life that was seen, and when."""
    seen: float = 0.0
    busy: float = 0.0
    """Seconds it had worked when ``Dispatcher.busy`` was last asked."""


class Dispatcher:
    """Blocks go in, driven blocks come out, in no order. A lost worker costs driving its blocks again, no more."""

    def __init__(self, pool: EpisodePool, episodes: int, timeout: float, ahead: int) -> None:
        """``episodes`` are in a block; ``ahead`` blocks are given to one worker when nobody will look for a while."""
        self._pool = pool
        self._episodes = episodes
        self._timeout = timeout
        self._ahead = ahead
        self._workers = [_Worker(index) for index in range(pool.num)]
        self._waiting: deque[BlockTask] = deque()
        self._lost: dict[int, int] = {}
        """Ticket -> workers lost over it; the tickets that somebody waits for."""
        self._done: list[Done] = []
        self._incidents: list[str] = []
        self._failure = ""
        self._looked = self._asked = monotonic()

    def start(self) -> None:
        """Start all workers and wait for them. Raises WorkerError, CollectorError."""
        for worker in self._workers:
            self._start(worker)
        deadline = monotonic() + START_SECONDS
        while not all(worker.ready for worker in self._workers):
            self._look(_AWAY_SECONDS / 4)
            if self._incidents:
                raise WorkerError(self._incidents[0])
            if monotonic() > deadline:
                late = next(worker for worker in self._workers if not worker.ready)
                raise WorkerError(f"{self._pool.name(late.index)} did not start within {START_SECONDS:g} s")
        self._asked = monotonic()

    def submit(self, task: BlockTask) -> None:
        """Have a block driven, after those submitted before."""
        self._waiting.append(task)
        self._lost[task.ticket] = 0

    def cancel(self) -> None:
        """Nobody waits any more for anything that was submitted and not received."""
        self._waiting.clear()
        self._lost.clear()
        self._take()

    def receive(self, seconds: float) -> Sequence[Done]:
        """Blocks that were driven, perhaps none; waits at most so long. Raises WorkerError.

        Each must be fetched or discarded before the next call.
        """
        self._hand_out(1)
        self._look(seconds)
        self._hand_out(1)
        return self._take()

    def hand_out_ahead(self) -> None:
        """Nobody looks for a while: give every worker enough to do until then."""
        self._hand_out(self._ahead)

    def busy(self) -> tuple[float, ...]:
        """The share of the time since the last call that each worker worked, 0 to 1."""
        now = monotonic()
        elapsed, self._asked = max(now - self._asked, 1e-9), now
        shares = []
        for worker in self._workers:
            busy = self._pool.vitals(worker.index).busy
            shares.append(min(1.0, max(0.0, busy - worker.busy) / elapsed))
            worker.busy = busy
        return tuple(shares)

    def incidents(self) -> Sequence[str]:
        """Workers lost and replaced since the last call, in words."""
        incidents, self._incidents = self._incidents, []
        return incidents

    def close(self) -> None:
        """End all workers; may be called twice."""
        self._pool.close()
        self._workers = []

    def _take(self) -> list[Done]:
        """What somebody waits for; the rest is forgotten."""
        wanted = []
        for done in self._done:
            if self._lost.pop(done.task.ticket, None) is None:
                self._pool.discard(done)
            else:
                wanted.append(done)
        self._done = []
        return wanted

    def _look(self, seconds: float) -> None:
        for event in self._pool.wait(seconds):
            worker = self._workers[event.worker]
            match event:
                case Ready():
                    worker.ready, worker.failed_starts = True, 0
                case Done(task=task):
                    worker.tasks.remove(task)
                    self._done.append(event)
                case Lost(words=words):
                    self._replace(worker, words)
                case Failed(words=words):
                    self._failure = self._failure or words
                    self._restart(worker)
        self._watch()
        if self._failure:
            words, self._failure = self._failure, ""
            raise WorkerError(words)

    def _watch(self) -> None:
        """Replace workers that were seen busy for too long without a sign of life."""
        now = monotonic()
        away, self._looked = now - self._looked > _AWAY_SECONDS, now
        for worker in self._workers:
            steps = self._pool.vitals(worker.index).steps
            if away or steps != worker.steps or (worker.ready and not worker.tasks):
                worker.steps, worker.seen = steps, now
            elif worker.ready and now - worker.seen > self._timeout:
                self._replace(worker, f"{self._pool.name(worker.index)} took no step for {self._timeout:g} s")
            elif not worker.ready and now - worker.seen > START_SECONDS:
                worker.seen = now
                self._go_on_without(worker)

    def _go_on_without(self, worker: _Worker) -> None:
        words = f"{self._pool.name(worker.index)} has not started for {START_SECONDS:g} s"
        if any(other.ready for other in self._workers):
            self._incidents.append(f"{words}; the others go on")
        else:
            self._failure = f"{words}, and there is no other"

    def _replace(self, worker: _Worker, words: str) -> None:
        """Put another one in its place, and have its blocks driven again, first of all."""
        finished = [done.task for done in self._done if done.worker == worker.index]
        wanted = [task for task in (*finished, *worker.tasks) if task.ticket in self._lost]
        what, lost = self._blame(worker)
        self._waiting.extendleft(reversed(wanted))
        self._restart(worker)
        if lost > _REPLACEMENTS:
            self._failure = f"{words} while {what}, as did {_REPLACEMENTS} before it"
        else:
            self._incidents.append(f"{words} while {what}; replaced")

    def _blame(self, worker: _Worker) -> tuple[str, int]:
        """What a lost worker was doing, and how many were lost over it so far."""
        if not worker.ready:
            worker.failed_starts += 1
            return "starting", worker.failed_starts
        if not worker.tasks:
            return "idle", 0
        task = worker.tasks[0]
        if task.ticket in self._lost:
            self._lost[task.ticket] += 1
        return f"driving {task.words(self._episodes)}", self._lost.get(task.ticket, 0)

    def _restart(self, worker: _Worker) -> None:
        self._pool.kill(worker.index)
        self._done = [done for done in self._done if done.worker != worker.index]
        worker.tasks.clear()
        self._start(worker)

    def _start(self, worker: _Worker) -> None:
        worker.ready, worker.steps, worker.busy, worker.seen = False, 0, 0.0, monotonic()
        self._pool.start(worker.index)

    def _hand_out(self, most: int) -> None:
        """Give waiting blocks to the workers with the least to do, until each has ``most``."""
        while self._waiting:
            free = [worker for worker in self._workers if worker.ready and len(worker.tasks) < most]
            if not free:
                return
            worker = min(free, key=lambda worker: len(worker.tasks))
            if not worker.tasks:
                worker.seen = monotonic()
            worker.tasks.append(self._waiting[0])
            self._pool.ask(worker.index, self._waiting.popleft())
