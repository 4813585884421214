"""The training loop, the same for every agent and collector: publish, collect, learn, record, save, evaluate."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import NoReturn

from agents.api import Agent, Segment
from agents.checkpoint import Checkpoint
from carracing.registry import scoring_backend
from collectors.api import Collector, CollectorStats
from racetui.counters import Counters
from racetui.evaluation import EvaluationSettings
from racetui.runs.model import RunState
from racetui.runs.paths import RunPaths
from racetui.runs.writer import RunWriter
from racetui.spec import RunSpec
from racetui.trainer.evaluations import EvaluationOrder, Evaluations
from racetui.trainer.guard import Guard
from racetui.trainer.keeper import Keeper
from racetui.trainer.lending import Lender
from racetui.trainer.numbers import NumberWatch
from racetui.trainer.orders import POLL_SECONDS, Interrupted, Orders, Stop
from racetui.trainer.progress import Progress, Round, Stopwatch
from racetui.trainer.tracking import Tracking
from racetui.trainer.usage import TreeUsage


@dataclass(frozen=True, slots=True)
class Attendants:
    """What a run has once, whatever it trains; closed by its maker."""

    paths: RunPaths
    writer: RunWriter
    orders: Orders
    keeper: Keeper
    evaluations: Evaluations
    curves: Tracking
    usage: TreeUsage
    lender: Lender
    guard: Guard


@dataclass(frozen=True, slots=True)
class Parts:
    """What a trainer is made of; closed by its maker."""

    spec: RunSpec
    agent: Agent
    collector: Collector
    progress: Progress
    run: Attendants
    start: Counters = field(default_factory=Counters)
    """What the run had done when this training began: its budget and its schedules count from there."""
    stage: int = 0
    """Its number among the stages of a pipeline; 0 of a run that is nothing else."""


class UnsavedError(RuntimeError):
    """A training has ended and its last checkpoint could not be written; says where it can go on from."""


class Trainer:
    """Trains until the budget is used or someone says stop."""

    def __init__(self, parts: Parts) -> None:
        self._parts, self._run = parts, parts.run
        self._orders = parts.run.orders
        self._orders.on_beat(self.beat)
        self._progress = parts.progress
        self._numbers = NumberWatch(parts.run.writer)
        frames = parts.progress.counters.frames
        self._next_checkpoint = _next_mark(frames, parts.spec.checkpoint.every)
        self._next_evaluation = _next_mark(frames, parts.spec.evaluation.every)
        self._evaluated = -1
        """Frames of the last evaluation ordered."""

    def run(self) -> RunState:
        """Train; returns FINISHED or STOPPED, with the last checkpoint safe and every order acknowledged.

        Raises UnsavedError where the last checkpoint could not be written: what was trained since the one before is
        lost, so the run has not ended well. Of a stage that is over, the last evaluation goes on when this returns,
        and a pause begins with the next.
        """
        self._run.writer.set_state(RunState.RUNNING)
        while self._orders.stop is Stop.NOT and self._share < 1.0:
            try:
                self._round()
            except Interrupted:
                break
        stopped = self._orders.stop is not Stop.NOT
        outcome = self._save_and_wait("stop" if stopped else "end")
        if outcome != "ok":
            self._give_up(outcome)
        if not stopped:
            self._last_evaluation()
        if stopped or not self._parts.stage:
            self._orders.acknowledge_stops("ok")
        return RunState.STOPPED if stopped else RunState.FINISHED

    def checkpoint(self) -> Checkpoint:
        """Everything as it was at the end of the last completed round."""
        spec = self._parts.spec
        return Checkpoint(
            agent=spec.agent,
            agent_config=asdict(spec.agent_config),
            task=asdict(spec.task),
            counters=asdict(self._progress.counters),
            agent_state=self._parts.agent.state(),
            collector_state=self._parts.collector.state(),
        )

    def beat(self) -> None:
        """Once a second: tell the store how far the run is, and finish what goes on in the background."""
        self._beat_row()
        self._run.writer.hardware(self._run.usage.sample())
        self._run.guard.look()
        self._run.keeper.poll()
        self._run.evaluations.poll()
        self._run.lender.poll(self._parts.spec.agent, self._done, self._parts.agent.snapshot)

    @property
    def counters(self) -> Counters:
        """What the run has done until now."""
        return self._progress.counters

    @property
    def _done(self) -> Counters:
        return self._progress.counters.since(self._parts.start)

    @property
    def _share(self) -> float:
        return self._done.share_of(self._parts.spec.budget)

    def _round(self) -> None:
        agent, collector, orders = self._parts.agent, self._parts.collector, self._orders
        watch, paused = Stopwatch(), orders.paused_seconds
        wanted = agent.demand.steps
        segments: list[Segment] = []
        if wanted:
            collector.publish(agent.snapshot())
        with orders.while_collecting():
            if wanted:
                segments = collector.collect(wanted)
            else:
                orders.pulse()  # where an agent that drives no cars is paused and interrupted
        learning = Stopwatch()
        with orders.while_learning():
            learned = agent.learn(segments, self._share)
        seconds_learn = learning.seconds
        watch.leave_out(orders.paused_seconds - paused)
        stats = collector.stats() if wanted else self._learned_only(learned)
        self._record(Round(watch.seconds, seconds_learn, stats), learned)
        self._save_and_evaluate_when_due()
        orders.poll()

    def _learned_only(self, learned: Mapping[str, float]) -> CollectorStats:
        """A round in which nothing was driven: what was learned from counts as its steps."""
        steps = int(learned["samples"])
        return CollectorStats(steps, steps * self._parts.spec.task.frame_skip, 0.0, 0.0, (), ())

    def _record(self, done: Round, learned: Mapping[str, float]) -> None:
        progress, writer = self._progress, self._run.writer
        progress.add(done)
        frames = progress.counters.frames
        values = progress.metrics(done, learned)
        with writer.transaction():
            writer.metrics(frames, values)
            writer.episodes(done.stats.episodes, frames)
            writer.heats(done.stats.heats, frames)
            self._numbers.look(frames, values)
            for incident in done.stats.incidents:
                writer.event("warning", "worker", incident)
            self._beat_row()
        self._run.curves.write(frames, values)

    def _beat_row(self) -> None:
        progress = self._progress
        self._run.writer.beat(
            frames=progress.counters.frames,
            steps=progress.counters.steps,
            episodes=progress.counters.episodes,
            seconds=progress.counters.seconds,
            return_mean=progress.return_mean,
            frames_per_second=progress.frames_per_second,
            episodes_per_second=progress.episodes_per_second,
        )
        if self._parts.stage:
            self._run.writer.stages.progress(self._parts.stage, self._done, self._share)

    def _save_and_evaluate_when_due(self) -> None:
        frames, spec = self._progress.counters.frames, self._parts.spec
        if self._next_evaluation and frames >= self._next_evaluation:
            self._next_evaluation = _next_mark(frames, spec.evaluation.every)
            self._save_and_evaluate("periodic")
        if self._next_checkpoint and frames >= self._next_checkpoint:
            self._next_checkpoint = _next_mark(frames, spec.checkpoint.every)
            self._run.keeper.save(frames, self.checkpoint, "periodic", _nothing)

    def _save_and_evaluate(self, purpose: str) -> None:
        frames, spec = self._progress.counters.frames, self._parts.spec
        wanted = spec.evaluation
        self._evaluated = frames
        settings = EvaluationSettings(wanted.episodes, wanted.seed, backend=scoring_backend(spec.task))

        def then(outcome: str) -> None:
            if outcome == "ok":
                self._run.evaluations.order(EvaluationOrder(frames, settings, purpose))

        self._run.keeper.save(frames, self.checkpoint, purpose, then)

    def _save_and_wait(self, reason: str) -> str:
        outcomes: list[str] = []
        self._run.keeper.save(self._progress.counters.frames, self.checkpoint, reason, outcomes.append)
        self._run.keeper.wait()
        return outcomes[0]

    def _give_up(self, outcome: str) -> NoReturn:
        """Let evaluations of what there is come to their end, then say what is lost and what is not."""
        self._orders.over = True
        wait_for_evaluations(self._run.evaluations, self._run.writer, self._orders)
        self._orders.acknowledge_stops(outcome)
        latest, run = self._run.keeper.latest, self._run.paths.id
        left = "there is none before it"
        if latest is not None:
            left = f"the last one is at {latest:,} frames, and `racetui train --resume {run}` goes on from there"
        frames = self._progress.counters.frames
        raise UnsavedError(f"the checkpoint at {frames:,} frames was not saved; {left}: {outcome}")

    def _last_evaluation(self) -> None:
        """Evaluate the last checkpoint; of a run that is over with that, wait for every evaluation."""
        if self._evaluated == self._progress.counters.frames:
            self._run.evaluations.insist(self._evaluated)
        elif self._parts.spec.evaluation.every:
            self._save_and_evaluate("final")
        self._run.evaluations.poll()
        if not self._parts.stage:
            self._orders.over = True
            wait_for_evaluations(self._run.evaluations, self._run.writer, self._orders)


def wait_for_evaluations(evaluations: Evaluations, writer: RunWriter, orders: Orders) -> None:
    """Wait until every evaluation is over; a stop order ends the waiting."""
    if evaluations.busy:
        writer.set_state(RunState.EVALUATING)
    while evaluations.busy and orders.stop is Stop.NOT:
        time.sleep(POLL_SECONDS)
        orders.poll()


def _next_mark(frames: int, every: int) -> int:
    """The next multiple of ``every`` beyond ``frames``; 0 where there is none to come."""
    return (frames // every + 1) * every if every else 0


def _nothing(_outcome: str) -> None:
    """Nobody asked for this checkpoint; a failure is an event of its own."""
