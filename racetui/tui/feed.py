"""Looks at the store and the machine for the panel, and reads no more than is shown. Textual-free."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from profiles import detect
from racetui.bottleneck import Remark, remarks_on
from racetui.hardware import MachineSampler
from racetui.runs.curves import CurveFollower
from racetui.runs.errors import StoreError
from racetui.runs.logbook import Logbook
from racetui.runs.model import EventRow, RunState, RunSummary
from racetui.runs.news import NewsFollower
from racetui.runs.paths import RunPaths
from racetui.runs.positions import COUNTS
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.spec import RunSpec
from racetui.tui.comparing import ComparisonFeed
from racetui.tui.picture import CURVES, NOBODY, SHARES, Compared, Detail, Picture

TAIL = 200
"""Rounds of every metric that are wanted of a run that is looked at closely."""
KEPT_EVENTS = 500


class RunFeed:
    """Follows one run; each ``poll`` reads only what is new."""

    def __init__(self, run: RunSummary, cores: int | None = None) -> None:
        self._reader = RunReader(RunPaths(run.path))
        self._logbook = Logbook(self._reader)
        self._curves = CurveFollower(self._reader)
        self._spec: RunSpec | None = None
        self._elsewhere, self._cores = cores is not None, cores or detect().usable_cores
        self._events: deque[EventRow] = deque(maxlen=KEPT_EVENTS)
        self.detail = Detail(run.id)

    def poll(self, closely: bool = False) -> Detail:
        """What is known of the run now; ``closely``: all metrics and events, too. Raises StoreError."""
        reader = self._reader
        hardware, heats = reader.hardware(last=1), reader.heats(last=1)
        shares = {name: reader.latest(f"time/{name}") for name in SHARES}
        self.detail = replace(
            self.detail,
            series={name: self._curves.follow(name) for name in (*CURVES, *COUNTS.values())},
            shares={name: share for name, share in shares.items() if share is not None},
            usage=hardware[-1] if hardware else None,
            log=self._logbook.poll(),
            orders=tuple(order for order in reader.commands(last=20) if order.done is None),
            evaluations=tuple(reader.evaluations()),
            checkpoints=tuple(reader.checkpoints()),
            heat=heats[-1] if heats else None,
            remarks=self._remarks(),
            tails=reader.metric_tails(TAIL) if closely else {},
            events=self._recorded() if closely else (),
        )
        return self.detail

    def _recorded(self) -> tuple[EventRow, ...]:
        """The last events; each is read once."""
        self._events.extend(self._reader.events(after_id=self._events[-1].id if self._events else 0))
        return tuple(self._events)

    def _remarks(self) -> tuple[Remark, ...]:
        """What holds the run back; the specification that this takes is read once."""
        if self._spec is None:
            try:
                self._spec = self._reader.spec()
            except StoreError:  # the run is shown all the same
                return ()
        return remarks_on(self._reader, self._spec, self._cores, self._elsewhere)

    def close(self) -> None:
        """Let go of the run's database."""
        self._reader.close()


class Feed:
    """Makes a picture of everything, for one thread."""

    def __init__(
        self,
        store: RunStore,
        sampler: Callable[[], MachineSampler] | None = MachineSampler,
        clock: Callable[[], float] = time.time,
        cores: int | None = None,
    ) -> None:
        """``cores`` are those of the machine that the runs are on; None of this one."""
        self._store = store
        self._cores = cores
        self._make_sampler = sampler
        self._sampler: MachineSampler | None = None
        self._clock = clock
        self._run: RunFeed | None = None
        self._comparing = ComparisonFeed()
        self._news = NewsFollower(clock)
        self._last = Picture()

    def poll(self, selected: str | None, compared: Compared = NOBODY) -> Picture:
        """Look now; ``selected`` is the run wanted in detail, the newest if there is none of that id.

        ``compared`` are those wanted side by side.
        """
        if self._sampler is None and self._make_sampler is not None:
            self._sampler = self._make_sampler()
        machine = self._sampler.sample() if self._sampler else None
        picture = replace(self._last, time=self._clock(), machine=machine, problem="")
        try:
            runs = tuple(self._store.list())
            picture = replace(picture, runs=runs, news=self._news.poll(runs))
            picture = replace(picture, detail=self._detail(runs, selected, compared.closely))
            picture = replace(picture, comparison=self._comparing.poll(runs, compared))
        except (StoreError, OSError) as error:
            picture = replace(picture, problem=str(error))
        self._last = picture
        return picture

    def close(self) -> None:
        """Let go of every file."""
        self._leave_run()
        self._comparing.close()
        self._news.close()

    def _leave_run(self) -> None:
        if self._run is not None:
            self._run.close()
        self._run = None

    def _detail(self, runs: tuple[RunSummary, ...], selected: str | None, closely: bool) -> Detail | None:
        run = next((run for run in runs if run.id == selected), runs[0] if runs else None)
        if run is None:
            self._leave_run()
            return None
        if self._run is None or self._run.detail.run_id != run.id:
            self._leave_run()
            self._run = RunFeed(run, self._cores)
        try:
            return self._run.poll(closely)
        except StoreError:
            if run.state is not RunState.FAILED:
                raise
            return self._run.detail  # damaged: the summary says how
