"""Around any collector whose episodes share tracks: says who won, and if asked gives out winners only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from agents.api import Segment, State, StateError, WeightsSnapshot
from collectors.api import Collector, CollectorStats
from collectors.registry import CollectorPlan
from collectors.selection import Judge, Withheld
from collectors.states import check_seeds, nest, nested, read_fact


class Competition:
    """Implements ``Collector`` around another one.

    With ``select: best`` a round goes on until the winners of finished heats have the steps asked for. Until then
    everything is withheld, since nobody knows yet who wins; losers count as driven and are never given out.
    """

    def __init__(self, plan: CollectorPlan, inner: Collector) -> None:
        self.inner = inner
        """What drives."""
        self._select, self._seeds = plan.config.select, plan.seeds
        self._judge = Judge(plan.seeds.sharing)
        self._withheld = Withheld(plan.task)
        self._version = -1
        self._before: State | None = None
        """The state before the round that is going on, or was abandoned."""
        self._round: list[_Part] = []
        self._total: list[_Part] = []
        self._asked = perf_counter()

    def publish(self, weights: WeightsSnapshot) -> None:
        """Act with these weights from the next ``collect`` on."""
        self.inner.publish(weights)
        self._version = weights.version

    def collect(self, steps: int) -> list[Segment]:
        """Take at least ``steps`` steps; of winners, if only they are wanted, in the order in which heats ended."""
        if self._before is not None:
            self.restore(self._before)
        self._round = []
        if self._select == "all":
            segments = self.inner.collect(steps)
            self._round.append(self._part())
        else:  # several rounds of the inner collector, which goes back no further than its last
            self._before = self._capture()
            segments = self._collect_winners(steps)
            self._before = None
        self._total += self._round
        return segments

    def stats(self) -> CollectorStats:
        """Facts of the rounds completed since the last call."""
        parts, self._total = [*self._total, self._part()], []
        return _joined(parts)

    def state(self) -> State:
        """Everything needed to go on exactly from the end of the last completed ``collect``."""
        return self._before if self._before is not None else self._capture()

    def restore(self, state: State) -> None:
        """Return to ``state``. Raises StateError, then unchanged."""
        check_seeds(nested("roster", state) if "roster" in state.facts else state, self._seeds)  # of either loop
        judge = self._judge.restored(nested("judge", state))
        withheld = self._withheld.restored(nested("withheld", state))
        if read_fact(nested("competition", state), "select", str) != self._select:
            raise StateError(f"the collector's state was not taken with select {self._select}")
        if self._select == "best" and not judge.waiting <= withheld.episodes:
            raise StateError("the collector's state lacks segments of episodes that ended")
        self.inner.restore(state)
        self._judge, self._withheld, self._before = judge, withheld, None

    def close(self) -> None:
        """Free processes and memory; may be called twice."""
        self.inner.close()

    def _collect_winners(self, steps: int) -> list[Segment]:
        winners: list[Segment] = []
        given = 0
        while given < steps:
            self._withheld.add(self.inner.collect(steps))
            part = self._part()
            won = self._withheld.winners(part.stats.heats)
            lags = [(self._version - segment.version, len(segment)) for segment in won]
            self._round.append(part.with_lags(lags))
            winners += won
            given += sum(length for _, length in lags)
        return winners

    def _part(self) -> _Part:
        """What the inner collector did since it was last asked."""
        stats, now = self.inner.stats(), perf_counter()
        seconds, self._asked = now - self._asked, now
        heats = self._judge.add(stats.episodes)
        return _Part(replace(stats, heats=heats), seconds, stats.lag_mean * stats.steps, stats.steps)

    def _capture(self) -> State:
        inner = self.inner.state()
        judge, judge_facts = nest("judge", self._judge.state())
        withheld, withheld_facts = nest("withheld", self._withheld.state())
        tensors = {**inner.tensors, **judge, **withheld}
        facts = {**inner.facts, **judge_facts, **withheld_facts, "competition": {"select": self._select}}
        return State(tensors, facts)


@dataclass(frozen=True, slots=True)
class _Part:
    """Facts of a stretch of time."""

    stats: CollectorStats
    seconds: float
    lag: float
    """Versions that steps given out were old, summed over them."""
    given: int
    """Steps given out."""

    def with_lags(self, lags: Sequence[tuple[int, int]]) -> _Part:
        """The same with the lags of what was given out: (versions, steps) of each segment."""
        lag_max = max((lag for lag, _ in lags), default=0)
        lag, given = sum(lag * steps for lag, steps in lags), sum(steps for _, steps in lags)
        return _Part(replace(self.stats, lag_max=lag_max), self.seconds, lag, given)


def _joined(parts: Sequence[_Part]) -> CollectorStats:
    """Facts of all stretches together."""
    every = [part.stats for part in parts]
    given, seconds = sum(part.given for part in parts), sum(part.seconds for part in parts)
    busy = [(part.seconds, part.stats.worker_busy) for part in parts if part.stats.worker_busy]
    workers = len(busy[0][1]) if busy else 0
    steps = sum(stats.steps for stats in every)
    return CollectorStats(
        steps=steps,
        frames=sum(stats.frames for stats in every),
        seconds_env=sum(stats.seconds_env for stats in every),
        seconds_act=sum(stats.seconds_act for stats in every),
        episodes=[record for stats in every for record in stats.episodes],
        incidents=[incident for stats in every for incident in stats.incidents],
        lag_mean=sum(part.lag for part in parts) / given if given else 0.0,
        lag_max=max(stats.lag_max for stats in every),
        seconds_waiting=sum(stats.seconds_waiting for stats in every),
        lanes_waiting=sum(stats.lanes_waiting * stats.steps for stats in every) / max(1, steps),
        worker_busy=[sum(time * shares[worker] for time, shares in busy) / seconds for worker in range(workers)],
        heats=[heat for stats in every for heat in stats.heats],
    )
