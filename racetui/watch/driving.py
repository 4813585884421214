"""The process that drives the watched car: in real time, at a low priority, for as long as somebody watches."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator

from agents.errors import CheckpointError
from carracing.environments.drawing import NoPicturesError
from carracing.environments.task import EnvTask
from carracing.task import FRAMES_PER_SECOND, TaskConfig
from racetui.runs.errors import StoreError
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.watch import lease
from racetui.watch.car import Car
from racetui.watch.environment import Environment
from racetui.watch.lease import Lease
from racetui.watch.plans import NotYetError, Plan, Plans, plans_for
from racetui.watch.ring import RingWriter
from racetui.watch.weights import WeightsError

CHECK_SECONDS = 0.5
"""How often the lease, the run and its weights are looked at."""
REST_SECONDS = 1.0
"""How long the last picture of an episode stays."""
_LATE_SECONDS = 0.25
"""Beyond this a delay is not made up for."""


class Over(Exception):  # noqa: N818  (not an error: nobody watches any more)
    """Stop driving."""


class Changed(Exception):  # noqa: N818
    """Something else is to be seen."""


class _Notes(logging.Handler):
    """Says what is logged where the car is to be seen."""

    def __init__(self, ring: RingWriter) -> None:
        super().__init__()
        self._ring = ring

    def emit(self, record: logging.LogRecord) -> None:
        self._ring.note(record.getMessage())


@contextlib.contextmanager
def _logged_to(ring: RingWriter) -> Iterator[None]:
    """Whoever watches is told what making a car may wait for: a simulator is compiled, once on a machine."""
    notes, logger = _Notes(ring), logging.getLogger("carracing")
    logger.addHandler(notes)
    try:
        yield
    finally:
        logger.removeHandler(notes)


class Show:
    """Drives for whoever holds the lease of a run."""

    def __init__(self, paths: RunPaths, clock: Callable[[], float] = time.monotonic) -> None:
        self._paths, self._clock = paths, clock
        self._reader = RunReader(paths)
        self._next_check = 0.0
        self._lease = Lease()
        self._plans: Plans | None = None
        self._car: tuple[TaskConfig | EnvTask, Car | Environment] | None = None

    def run(self) -> None:
        """Until the lease is over, another process does the same, or the run whose training is shown has ended.

        Raises OSError and what a broken run raises.
        """
        try:
            with RingWriter(self._paths.frames) as ring:
                ring.note("loading the policy")
                while True:
                    self._show(ring)
        except Over:
            pass
        finally:
            self._reader.close()
            if self._car is not None:
                self._car[1].close()
            if lease.current(self._paths) is None:
                for path in (self._paths.lease, self._paths.weights):
                    with contextlib.suppress(OSError):
                        path.unlink()

    def _show(self, ring: RingWriter) -> None:
        """What the lease asks for, until it asks for something else."""
        try:
            self._look(ring, now=True)
            self._plans = plans_for(self._lease.source, self._paths, self._reader.spec)
            while True:
                self._episode(ring, self._plans.next())
        except Changed:
            pass
        except (NotYetError, NoPicturesError, CheckpointError, WeightsError, StoreError, OSError) as trouble:
            ring.note(" ".join(str(trouble).split()))
            with contextlib.suppress(Changed):
                self._rest(ring, REST_SECONDS)

    def _episode(self, ring: RingWriter, plan: Plan) -> None:
        ring.note(plan.words)
        with _logged_to(ring):
            car = self._car_for(plan.task)
        due = self._clock()
        for shot in car.drive(plan.actor, plan.version, plan.episode, plan.seed, plan.key):
            if not shot.frame:
                ring.note(plan.words)
            ring.write(shot)
            due = max(due + 1 / FRAMES_PER_SECOND, self._clock() - _LATE_SECONDS)
            time.sleep(max(0.0, due - self._clock()))
            self._look(ring)
        self._rest(ring, REST_SECONDS)

    def _rest(self, ring: RingWriter, seconds: float) -> None:
        end = self._clock() + seconds
        while (left := end - self._clock()) > 0:
            time.sleep(min(left, CHECK_SECONDS))
            self._look(ring)

    def _look(self, ring: RingWriter, now: bool = False) -> None:
        """Raise Over or Changed where it is time to."""
        moment = self._clock()
        if moment < self._next_check and not now:
            return
        self._next_check = moment + CHECK_SECONDS
        wanted = lease.current(self._paths)
        if wanted is None or ring.replaced:
            raise Over
        if wanted != self._lease:
            self._lease = wanted
            if not now:
                raise Changed
        if self._lease.source == "training" and self._reader.process() is None:
            raise Over
        if self._plans is not None and not now:
            self._plans.refresh()

    def _car_for(self, task: TaskConfig | EnvTask) -> Car | Environment:
        if self._car is None or self._car[0] != task:
            if self._car is not None:
                self._car[1].close()
                self._car = None
            self._car = (task, Environment(task) if isinstance(task, EnvTask) else Car(task))
        return self._car[1]
