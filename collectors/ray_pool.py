"""Whole episodes driven in Ray actors, on one machine or many. Only whoever chooses ``ray`` imports this."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from agents.api import WeightsSnapshot
from carracing.task import Array
from collectors.api import CollectorError
from collectors.blocks import BlockTask, DrivingPlan
from collectors.child_process import to_bytes
from collectors.episode_collector import EpisodeCollector, collector_over, driving_plan
from collectors.episode_pool import Done, Event, Failed, Lost, Ready, Vitals
from collectors.packed_weights import pack_weights
from collectors.ray_session import RaySession
from collectors.ray_worker import BlockActor
from collectors.registry import CollectorPlan

_ASK_SECONDS = 1.0
"""How often an actor is asked for its vitals."""


@dataclass(slots=True)
class _Seat:
    """A worker's place: what stays when its actor is replaced."""

    actor: Any = None
    where: str = "not placed yet"
    vitals: Vitals = field(default_factory=Vitals)
    asked: float = 0.0
    """When vitals were last asked for."""
    answers: dict[Any, BlockTask | None] = field(default_factory=dict)
    """What has been promised: reference -> block; None is the worker itself."""
    question: Any = None
    """Reference of vitals that were asked for and not told yet."""
    driven: dict[int, Array] = field(default_factory=dict)
    """Ticket -> block, in Ray's shared memory."""


class RayPool:
    """Implements ``EpisodePool`` by actors; weights lie in Ray's object store once per version and machine."""

    def __init__(self, plan: DrivingPlan, workers: int, session: RaySession, cores: int) -> None:
        """Start nothing yet; each actor takes ``cores``. Raises CollectorError if there are too few for all."""
        self._packed = to_bytes(plan)
        self._session = session
        remote: Any = ray.remote  # its types know no concurrency groups
        self._remote = remote(num_cpus=cores, concurrency_groups={"vitals": 1})(BlockActor)
        self._publications: dict[int, Any] = {}
        self._seats = [_Seat() for _ in range(workers)]
        there = int(ray.cluster_resources().get("CPU", 0))
        if there < workers * cores:
            raise CollectorError(
                f"workers ({workers}) x threads ({cores}) need {workers * cores} cores, and the Ray cluster has "
                f"{there}: use at most {there // cores} workers, or add machines"
            )

    @property
    def num(self) -> int:
        """How many workers there are."""
        return len(self._seats)

    def publish(self, number: int, weights: WeightsSnapshot) -> None:
        """Put the weights into the object store, from where each machine fetches them once."""
        self._publications[number] = ray.put(pack_weights(weights))

    def forget(self, number: int) -> None:
        """Free these weights."""
        del self._publications[number]

    def start(self, worker: int) -> None:
        """Begin to start a worker, wherever there is room."""
        actor = self._remote.options(scheduling_strategy="SPREAD").remote()
        self._seats[worker] = _Seat(actor, answers={actor.prepare.remote(self._packed): None})

    def ask(self, worker: int, task: BlockTask) -> None:
        """Have a worker drive a block after those it was asked for before."""
        seat = self._seats[worker]
        # In a list, so that it is a reference which the actor follows only when it needs to.
        seat.answers[seat.actor.drive.remote(task, [self._publications[task.weights]])] = task

    @property
    def promised(self) -> dict[Any, int]:
        """Ray's references to what has been asked for and not told yet -> worker."""
        return {reference: worker for worker, seat in enumerate(self._seats) for reference in seat.answers}

    def wait(self, seconds: float) -> Sequence[Event]:
        """What happened; waits at most so long for something to happen."""
        promised = self.promised
        if not promised:
            time.sleep(seconds)
            return []
        ray.wait(list(promised), num_returns=1, timeout=seconds)
        ready, _ = ray.wait(list(promised), num_returns=len(promised), timeout=0)
        events: dict[int, list[Event]] = {}
        for reference in ready:
            worker = promised[reference]
            events.setdefault(worker, []).append(self._read(worker, reference))
        return [event for several in events.values() for event in _all_that_counts(several)]

    def fetch(self, done: Done, target: Array) -> None:
        """Copy a driven block out of the object store."""
        target[:] = self._seats[done.worker].driven.pop(done.task.ticket)

    def discard(self, done: Done) -> None:
        """The object store may free it."""
        del self._seats[done.worker].driven[done.task.ticket]

    def vitals(self, worker: int) -> Vitals:
        """The worker's signs of life, as it last told them; asks again now and then."""
        seat, now = self._seats[worker], time.monotonic()
        if seat.question is not None and ray.wait([seat.question], timeout=0)[0]:
            try:
                seat.vitals = ray.get(seat.question)
            except RayError:  # dead: wait() will find out how
                seat.asked = now
            seat.question = None
        if seat.question is None and now - seat.asked > _ASK_SECONDS:
            seat.question, seat.asked = seat.actor.vitals.remote(), now
        return seat.vitals

    def name(self, worker: int) -> str:
        """Number and place."""
        return f"worker {worker} ({self._seats[worker].where})"

    def kill(self, worker: int) -> None:
        """End a worker at once, with all it was asked for."""
        seat = self._seats[worker]
        if seat.actor is not None:
            ray.kill(seat.actor)
        self._seats[worker] = _Seat()

    def close(self) -> None:
        """End all workers at once and free all memory; may be called twice."""
        for worker in range(self.num):
            self.kill(worker)
        self._seats, self._publications = [], {}
        self._session.close()

    def _read(self, worker: int, reference: Any) -> Event:
        seat = self._seats[worker]
        task = seat.answers.pop(reference)
        try:
            answer = ray.get(reference)
        except RayTaskError as error:
            return Failed(worker, f"{self.name(worker)}: {error}")
        except RayError as error:
            return Lost(worker, f"{self.name(worker)} was lost ({_first_line(error)})")
        if task is None:
            seat.where = answer
            return Ready(worker)
        outline, seat.vitals, seat.driven[task.ticket] = answer
        return Done(worker, task, outline)


def _all_that_counts(events: Sequence[Event]) -> Sequence[Event]:
    """One worker's events: its loss or failure only, if there is one, since it is replaced with all it promised."""
    ends = [event for event in events if isinstance(event, Lost | Failed)]
    return ends[:1] or events


def _first_line(error: RayError) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def make_ray(plan: CollectorPlan) -> EpisodeCollector:
    """Whole episodes in ``workers`` Ray actors. Raises CollectorError, WorkerError if one cannot start."""
    driving = driving_plan(plan)
    cores = plan.config.threads
    session = RaySession(plan.config, plan.config.workers * cores)
    try:
        pool = RayPool(driving, plan.config.workers, session, cores)
    except BaseException:
        session.close()
        raise
    return collector_over(plan, driving, pool)
