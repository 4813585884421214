"""The loop behind every collector whose workers drive whole episodes: nobody waits for the slowest car of a step."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from time import perf_counter

import numpy as np

from agents.api import End, Segment, State, WeightsSnapshot
from carracing.task import Array
from collectors.api import CollectorError, CollectorStats, EpisodeRecord
from collectors.blocks import Block, BlockTask, DrivingPlan, block_in, episode_segments
from collectors.buffers import Buffers
from collectors.dispatcher import Dispatcher
from collectors.episode_pool import Done, EpisodePool
from collectors.episode_state import Frame, Progress, read_state, write_state
from collectors.publications import Publications
from collectors.registry import CollectorPlan

_WAIT_SECONDS = 0.05
"""Between two pulses while there is nothing to release."""


class EpisodeCollector:
    """Implements ``Collector`` over any pool of workers.

    Episodes go out in blocks, ``depth`` of them at a time, and come back to the learner in order. Block b begins
    when block b - depth has been released, and acts with the weights that were the newest then: so a run depends on
    nothing but its seed, however long workers and learner take. Workers go on while the learner learns.

    An exception out of ``collect`` (from the pulse, to abandon the round; from a worker) leaves ``state()`` at the
    end of the round before, and the next ``collect`` starts again from there.
    """

    def __init__(self, plan: CollectorPlan, driving: DrivingPlan, pool: EpisodePool) -> None:
        """Start the workers and wait until they are ready. Raises CollectorError; the pool is then the caller's."""
        config = plan.config
        self._plan, self._driving, self._pool = plan, driving, pool
        self._depth = config.depth or 2 * config.workers
        self._publications = Publications(pool)
        self._buffers = Buffers()
        self._dispatcher = Dispatcher(
            pool, driving.episodes, config.worker_timeout, ahead=-(-self._depth // config.workers)
        )
        self._tickets = count()
        self._flights: dict[int, _Flight] = {}
        """Submitted and not back, by ticket."""
        self._now = _Course()
        self._before: _Course | None = None
        """The course before the round that is going on, or was abandoned."""
        self._lent: list[Array] = []
        """Memory of the segments that the last round returned."""
        self._round = _Round()
        self._total = _Round()
        self._dispatcher.start()

    def publish(self, weights: WeightsSnapshot) -> None:
        """Blocks that begin from the next ``collect`` on act with these weights."""
        self._publications.publish(weights)

    def collect(self, steps: int) -> list[Segment]:
        """Release whole episodes, in order, until there are at least ``steps`` steps.

        Raises CollectorError, and whatever the pulse raises.
        """
        if self._publications.current < 0:
            raise CollectorError("publish weights before collecting")
        self._give_up()
        self._before = self._now
        self._buffers.give_back(self._lent)
        self._lent = []
        self._begin_blocks()
        while self._round.steps < steps:
            self._plan.pulse()
            head = self._now.flights[0]
            if head.block is None:
                self._receive()
            else:
                self._release(head, head.block)
        self._dispatcher.hand_out_ahead()
        return self._complete()

    def stats(self) -> CollectorStats:
        """Facts of the rounds completed since the last call; seconds are the learner's, who waited for workers.

        They are divided into environment and actor as the workers' own time was.
        """
        total, self._total = self._total, _Round()
        worked = total.worked_env + total.worked_act
        env = total.waited * (total.worked_env / worked if worked else 1.0)
        return CollectorStats(
            total.steps,
            total.frames,
            env,
            total.waited - env,
            total.episodes,
            self._dispatcher.incidents(),
            lag_mean=total.lag / total.steps if total.steps else 0.0,
            lag_max=total.lag_max,
            seconds_waiting=total.waited,
            worker_busy=self._dispatcher.busy(),
        )

    def state(self) -> State:
        """Everything needed to go on exactly from the end of the last completed ``collect``."""
        course = self._before or self._now
        numbers = sorted({flight.weights for flight in course.flights})
        progress = Progress(
            course.next_episode,
            tuple(numbers.index(flight.weights) for flight in course.flights),
            tuple(self._publications[number] for number in numbers),
        )
        return write_state(progress, self._frame)

    def restore(self, state: State) -> None:
        """Return to ``state``; blocks that were on their way are driven again. Raises StateError, then unchanged."""
        progress = read_state(state, self._frame, self._plan.actor.build())
        numbers = [self._publications.add(weights) for weights in progress.weights]
        self._before = _Course()
        self._give_up()
        first = progress.next_episode // self._driving.episodes * self._driving.episodes
        flights = tuple(
            _Flight(first + index * self._driving.episodes, numbers[which])
            for index, which in enumerate(progress.blocks)
        )
        self._now = _Course(progress.next_episode, flights)
        self._publications.keep(numbers)

    def poison(self) -> None:
        """From now on fill memory with nonsense before it is used: tests then see a cell nobody wrote."""
        self._buffers.poisoned = True

    def close(self) -> None:
        """End the workers at once; may be called twice."""
        self._dispatcher.close()

    @property
    def _frame(self) -> Frame:
        return {**self._plan.seeds.facts(), "episodes_per_block": self._driving.episodes, "depth": self._depth}

    def _complete(self) -> list[Segment]:
        """End the round that is going on; its segments."""
        done, self._round, self._before = self._round, _Round(), None
        self._lent = [flight.memory for flight in done.released]
        self._publications.keep({flight.weights for flight in self._now.flights})
        self._total.add(done)
        return done.segments

    def _give_up(self) -> None:
        """Forget an abandoned round: go back to where it began, and have what is not back driven again."""
        if self._before is None:
            return
        self._dispatcher.cancel()
        self._flights.clear()
        kept = set(map(id, self._before.flights))
        begun = [*self._round.released, *self._now.flights]
        self._buffers.give_back(
            flight.memory for flight in begun if id(flight) not in kept and flight.block is not None
        )
        for flight in self._before.flights:
            flight.submitted = flight.block is not None
        self._now, self._before, self._round = self._before, None, _Round()

    def _begin_blocks(self) -> None:
        """Begin as many blocks as may be on their way, with the newest weights."""
        episodes, now = self._driving.episodes, self._now
        first = now.flights[-1].first + episodes if now.flights else now.next_episode
        more = range(self._depth - len(now.flights))
        begun = [_Flight(first + index * episodes, self._publications.current) for index in more]
        self._now = _Course(now.next_episode, (*now.flights, *begun))
        for flight in self._now.flights:
            if not flight.submitted:
                flight.submitted = True
                task = BlockTask(next(self._tickets), flight.first, flight.weights)
                self._flights[task.ticket] = flight
                self._dispatcher.submit(task)

    def _receive(self) -> None:
        begun = perf_counter()
        for done in self._dispatcher.receive(_WAIT_SECONDS):
            self._take(self._flights.pop(done.task.ticket), done)
            self._round.worked_env += done.outline.seconds_env
            self._round.worked_act += done.outline.seconds_act
        self._round.waited += perf_counter() - begun

    def _take(self, flight: _Flight, done: Done) -> None:
        size = done.outline.bytes(self._driving)
        flight.memory = self._buffers.take(size)
        self._pool.fetch(done, flight.memory[:size])
        flight.block = block_in(flight.memory, self._driving, done.outline)

    def _release(self, head: _Flight, block: Block) -> None:
        """Give the learner the next episode, which is one of ``head``; its last one lets another block begin."""
        episode, config, task = self._now.next_episode, self._plan.config, self._plan.task
        index, version = episode - head.first, self._publications[head.weights].version
        segments = episode_segments(block, task.stack, index, version, episode, config.max_segment)
        lag = self._publications[self._publications.current].version - version
        self._round.count(segments, self._record(block, index, version, episode), lag)
        if index + 1 < self._driving.episodes:
            self._now = _Course(episode + 1, self._now.flights)
        else:
            self._round.released.append(head)
            self._now = _Course(episode + 1, self._now.flights[1:])
            self._begin_blocks()

    def _record(self, block: Block, index: int, version: int, episode: int) -> EpisodeRecord:
        seeds, task = self._plan.seeds, self._plan.task
        lane = episode % self._plan.config.lanes
        return EpisodeRecord(
            episode=episode,
            seed=seeds.track(episode),
            lane=lane,
            group=lane,
            version=version,
            steps=int(block.steps[index]),
            frames=int(block.frames[index]),
            episode_return=float(block.returns[index]),
            end=End.TERMINATED if block.terminated[index] else End.TRUNCATED,
            facts=dict(zip(task.facts, block.facts[index].tolist(), strict=True)),
        )


@dataclass(slots=True, eq=False)
class _Flight:
    """A block on its way: to be driven, being driven, or back and not yet released."""

    first: int
    weights: int
    submitted: bool = False
    block: Block | None = None
    memory: Array = field(default_factory=lambda: np.zeros(0, np.uint8))
    """Of the block."""


@dataclass(frozen=True, slots=True)
class _Course:
    """Which episode is released next, and the blocks on their way, the first of which has it."""

    next_episode: int = 0
    flights: tuple[_Flight, ...] = ()


class _Round:
    """What happens in a round of collection."""

    def __init__(self) -> None:
        self.steps = 0
        self.frames = 0
        self.waited = self.worked_env = self.worked_act = 0.0
        """Seconds: of the learner, and of all workers together."""
        self.lag = self.lag_max = 0
        """Versions between acting and learning: summed over steps, and the largest."""
        self.segments: list[Segment] = []
        self.episodes: list[EpisodeRecord] = []
        self.released: list[_Flight] = []

    def count(self, segments: list[Segment], record: EpisodeRecord, lag: int) -> None:
        """Add an episode."""
        self.steps += record.steps
        self.frames += record.frames
        self.lag += lag * record.steps
        self.lag_max = max(self.lag_max, lag)
        self.segments += segments
        self.episodes.append(record)

    def add(self, other: _Round) -> None:
        """Count another round in; its segments are forgotten."""
        for name in ("steps", "frames", "waited", "worked_env", "worked_act", "lag"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.lag_max = max(self.lag_max, other.lag_max)
        self.episodes += other.episodes


def driving_plan(plan: CollectorPlan) -> DrivingPlan:
    """What each worker is to drive."""
    return DrivingPlan(plan.worlds, plan.task, plan.actor, plan.seeds, plan.config.lanes // plan.config.workers)


def collector_over(plan: CollectorPlan, driving: DrivingPlan, pool: EpisodePool) -> EpisodeCollector:
    """The collector, with its workers started; where they cannot be, nothing stays."""
    try:
        return EpisodeCollector(plan, driving, pool)
    except BaseException:
        pool.close()
        raise
