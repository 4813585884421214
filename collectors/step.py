"""The loop behind every collector that steps its lanes together: act, step, record."""

from __future__ import annotations

from time import perf_counter

import numpy as np

from agents.api import End, Segment, State, WeightsSnapshot
from agents.random import EpisodeRandom
from carracing.task import Array, Step
from collectors.acting import ThreadedActor, build_actor
from collectors.api import CollectorError, CollectorStats, EpisodeRecord, Lanes
from collectors.leading import expert_share, led
from collectors.recording import Recording
from collectors.registry import CollectorPlan
from collectors.roster import Roster
from collectors.states import nest, nested, read_tensor


class StepCollector:
    """Implements ``Collector`` over any lanes.

    An exception out of ``collect`` (from the pulse, to abandon the round; from a worker) leaves ``state()`` at
    the end of the round before, and the next ``collect`` starts again from there.
    """

    def __init__(self, plan: CollectorPlan, lanes: Lanes) -> None:
        if lanes.spec != plan.task:
            raise CollectorError(f"the worlds pose another task than planned: {lanes.spec}, not {plan.task}")
        self._plan = plan
        self._lanes = lanes
        self._actor = build_actor(plan.actor, plan.acting_threads)
        self._recording = Recording(plan.task, lanes.num)
        self._roster = Roster(lanes.groups, plan.seeds, plan.task.facts)
        self._env_actions = np.zeros((lanes.num, plan.task.action.size), plan.task.action_dtype)
        self._version = -1
        """Of the weights; -1 until some are published."""
        self._expert_share = 0.0
        self._before: State | None = None
        """The state before the round that is going on, or was abandoned."""
        self._round = _Round()
        self._total = _Round()

    def publish(self, weights: WeightsSnapshot) -> None:
        """Act with these weights from the next ``collect`` on."""
        self._actor.load(weights)
        self._version = weights.version
        self._expert_share = expert_share(weights, self._plan.task)

    def collect(self, steps: int) -> list[Segment]:
        """Take at least ``steps`` steps of live lanes. Raises CollectorError, and whatever the pulse raises."""
        if self._version < 0:
            raise CollectorError("publish weights before collecting")
        if self._before is not None:
            self.restore(self._before)
        self._before = self._capture()
        self._round = _Round()
        self._recording.resume(self._before.tensors["windows"])
        self._recording.reserve(-(-steps // self._lanes.num) + 1)
        if not self._roster.begun:
            self._begin(np.ones(self._lanes.num, dtype=np.bool_))
        while self._round.steps < steps:
            self._tick()
        segments = self._segments()
        self._total.add(self._round)
        self._before = None
        return segments

    def stats(self) -> CollectorStats:
        """Facts of the rounds completed since the last call."""
        total, self._total = self._total, _Round()
        busy = self._lanes.busy()
        return CollectorStats(
            steps=total.steps,
            frames=total.frames,
            seconds_env=total.seconds_env,
            seconds_act=total.seconds_act,
            episodes=total.episodes,
            incidents=self._lanes.incidents(),
            seconds_waiting=total.seconds_env if busy else 0.0,
            worker_busy=busy,
            lanes_waiting=1.0 - total.steps / (total.ticks * self._lanes.num) if total.ticks else 0.0,
        )

    def state(self) -> State:
        """Everything needed to go on exactly from the end of the last completed ``collect``."""
        return self._before if self._before is not None else self._capture()

    def restore(self, state: State) -> None:
        """Return to ``state``. Raises StateError, then unchanged."""
        spec, lanes = self._plan.task, self._lanes.num
        windows = read_tensor(state, "windows", (lanes, spec.stack, *spec.observation_shape), spec.observation_dtype)
        roster = self._roster.restored(nested("roster", state))
        self._lanes.restore(nested("lanes", state))
        self._roster = roster
        self._recording.resume(windows)
        self._before = None

    def poison(self) -> None:
        """From now on fill memory with nonsense before it is used: tests then see a cell nobody wrote."""
        self._recording.poisoned = True

    def close(self) -> None:
        """Free the lanes' processes and memory; may be called twice."""
        if isinstance(self._actor, ThreadedActor):
            self._actor.close()
        self._lanes.close()

    def _capture(self) -> State:
        roster, roster_facts = nest("roster", self._roster.state())
        lanes, lanes_facts = nest("lanes", self._lanes.state())
        windows = self._recording.windows(slice(None)).copy()
        return State({"windows": windows, **roster, **lanes}, {**roster_facts, **lanes_facts})

    def _tick(self) -> None:
        self._plan.pulse()
        roster, recording, current = self._roster, self._recording, self._round
        rows = roster.rows()
        observations = recording.windows(rows)
        begun = perf_counter()
        decision = self._actor.act(observations, EpisodeRandom(roster.keys[rows], roster.steps[rows]))
        acted = perf_counter()
        if self._expert_share:
            turns = EpisodeRandom(roster.keys[rows], roster.steps[rows])
            decision = led(decision, self._lanes.labels[rows], self._expert_share, turns)
        recording.label(rows, self._lanes.labels)
        self._env_actions[rows] = decision.env_actions
        step = self._lanes.step(self._env_actions, roster.live)
        current.seconds_env += perf_counter() - acted
        current.seconds_act += acted - begun
        current.ticks += 1
        current.steps += len(observations)
        current.frames += int(step.frames.sum())
        recording.write(rows, decision, step)
        roster.advance(rows, step)
        ended = step.terminated | step.truncated
        if ended.any():
            self._finish(ended, step)

    def _finish(self, ended: Array, step: Step) -> None:
        """Close the episodes of the lanes in ``ended``; reset the groups that are complete with them."""
        for lane in np.flatnonzero(ended).tolist():
            record = self._roster.record(lane, step, self._version)
            self._round.episodes.append(record)
            self._round.stretches.append(
                (lane, self._recording.stretch(lane), record.end, record.episode, record.steps)
            )
        self._roster.live[ended] = False
        due = self._roster.due()
        if due.any():
            self._begin(due)

    def _begin(self, mask: Array) -> None:
        self._roster.begin(mask)
        begun = perf_counter()
        observations = self._lanes.reset(mask, self._roster.tracks)
        self._round.seconds_env += perf_counter() - begun
        self._recording.begin(np.flatnonzero(mask), observations[mask])

    def _segments(self) -> list[Segment]:
        """Cut the episodes that go on; all segments by lane, then time."""
        stretches = self._round.stretches
        for lane in np.flatnonzero(self._roster.live).tolist():
            cells = self._recording.stretch(lane)
            if cells[0] < cells[1]:
                steps, episode = int(self._roster.steps[lane]), int(self._roster.episodes[lane])
                stretches.append((lane, cells, End.CUT, episode, steps))
        return [
            self._recording.segment(lane, cells, end, self._version, episode, steps - (cells[1] - cells[0]))
            for lane, cells, end, episode, steps in sorted(stretches, key=lambda stretch: stretch[:2])
        ]


class _Round:
    """What happens in a round of collection."""

    def __init__(self) -> None:
        self.ticks = 0
        self.steps = 0
        self.frames = 0
        self.seconds_env = 0.0
        self.seconds_act = 0.0
        self.episodes: list[EpisodeRecord] = []
        self.stretches: list[tuple[int, tuple[int, int], End, int, int]] = []
        """Finished: lane, cells, end, episode, steps of the episode so far."""

    def add(self, other: _Round) -> None:
        """Count another round in; where its steps lie is forgotten."""
        self.ticks += other.ticks
        self.steps += other.steps
        self.frames += other.frames
        self.seconds_env += other.seconds_env
        self.seconds_act += other.seconds_act
        self.episodes += other.episodes


def make_in_process(plan: CollectorPlan) -> StepCollector:
    """Drive every car in this process."""
    from collectors.lanes import WorldLanes

    return _over(plan, WorldLanes(plan.worlds(plan.config.tracks)))


def make_in_workers(plan: CollectorPlan) -> StepCollector:
    """Drive the tracks in worker processes. Raises WorkerError if one cannot start."""
    from collectors.process_lanes import ProcessLanes

    return _over(plan, ProcessLanes(plan))


def _over(plan: CollectorPlan, lanes: Lanes) -> StepCollector:
    try:
        return StepCollector(plan, lanes)
    except BaseException:
        lanes.close()
        raise
