"""The training loop, the same for every agent and collector: publish, collect, learn, record, save, evaluate."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from agents.api import Agent, Segment
from agents.checkpoint import Checkpoint
from carracing.registry import scoring_backend
from collectors.api import Collector, CollectorStats
from racetui.evaluation import EvaluationSettings
from racetui.runs.model import RunState
from racetui.runs.writer import RunWriter
from racetui.spec import RunSpec
from racetui.trainer.evaluations import EvaluationOrder, Evaluations
from racetui.trainer.keeper import Keeper
from racetui.trainer.lending import Lender
from racetui.trainer.orders import POLL_SECONDS, Interrupted, Orders, Stop
from racetui.trainer.progress import Progress, Round, Stopwatch
from racetui.trainer.tracking import Tracking
from racetui.trainer.usage import TreeUsage


@dataclass(frozen=True, slots=True)
class Parts:
    """What a trainer is made of; closed by its maker."""

    spec: RunSpec
    agent: Agent
    collector: Collector
    writer: RunWriter
    orders: Orders
    keeper: Keeper
    evaluations: Evaluations
    curves: Tracking
    progress: Progress
    usage: TreeUsage
    lender: Lender


class Trainer:
    """Trains until the budget is used or someone says stop."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._orders = parts.orders
        self._orders.on_beat(self.beat)
        self._progress = parts.progress
        frames = parts.progress.counters.frames
        self._next_checkpoint = _next_mark(frames, parts.spec.checkpoint.every)
        self._next_evaluation = _next_mark(frames, parts.spec.evaluation.every)
        self._evaluated = -1
        """Frames of the last evaluation ordered."""

    def run(self) -> RunState:
        """Train; returns FINISHED or STOPPED, with the last checkpoint safe and every order acknowledged."""
        self._parts.writer.set_state(RunState.RUNNING)
        while self._orders.stop is Stop.NOT and self._share < 1.0:
            try:
                self._round()
            except Interrupted:
                break
        stopped = self._orders.stop is not Stop.NOT
        outcome = self._save_and_wait("stop" if stopped else "end")
        if not stopped:
            self._last_evaluation()
        self._orders.acknowledge_stops(outcome)
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
        self._parts.writer.hardware(self._parts.usage.sample())
        self._parts.keeper.poll()
        self._parts.evaluations.poll()
        self._parts.lender.poll(self._progress.counters, self._parts.agent.snapshot)

    @property
    def _share(self) -> float:
        return self._progress.counters.share_of(self._parts.spec.budget)

    def _round(self) -> None:
        agent, collector, orders = self._parts.agent, self._parts.collector, self._orders
        watch, paused = Stopwatch(), orders.paused_seconds
        wanted = agent.demand.steps
        segments: list[Segment] = []
        if wanted:
            collector.publish(agent.snapshot())
            with orders.while_collecting():
                segments = collector.collect(wanted)
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
        progress, writer = self._progress, self._parts.writer
        progress.add(done)
        frames = progress.counters.frames
        values = progress.metrics(done, learned)
        with writer.transaction():
            writer.metrics(frames, values)
            writer.episodes(done.stats.episodes, frames)
            writer.heats(done.stats.heats, frames)
            for incident in done.stats.incidents:
                writer.event("warning", "worker", incident)
            self._beat_row()
        self._parts.curves.write(frames, values)

    def _beat_row(self) -> None:
        progress = self._progress
        self._parts.writer.beat(
            frames=progress.counters.frames,
            steps=progress.counters.steps,
            episodes=progress.counters.episodes,
            seconds=progress.counters.seconds,
            return_mean=progress.return_mean,
            frames_per_second=progress.frames_per_second,
            episodes_per_second=progress.episodes_per_second,
        )

    def _save_and_evaluate_when_due(self) -> None:
        frames, spec = self._progress.counters.frames, self._parts.spec
        if self._next_evaluation and frames >= self._next_evaluation:
            self._next_evaluation = _next_mark(frames, spec.evaluation.every)
            self._save_and_evaluate("periodic")
        if self._next_checkpoint and frames >= self._next_checkpoint:
            self._next_checkpoint = _next_mark(frames, spec.checkpoint.every)
            self._parts.keeper.save(frames, self.checkpoint, "periodic", _nothing)

    def _save_and_evaluate(self, purpose: str) -> None:
        frames, spec = self._progress.counters.frames, self._parts.spec
        wanted = spec.evaluation
        self._evaluated = frames
        settings = EvaluationSettings(wanted.episodes, wanted.seed, backend=scoring_backend(spec.task))

        def then(outcome: str) -> None:
            if outcome == "ok":
                self._parts.evaluations.order(EvaluationOrder(frames, settings, purpose))

        self._parts.keeper.save(frames, self.checkpoint, purpose, then)

    def _save_and_wait(self, reason: str) -> str:
        outcomes: list[str] = []
        self._parts.keeper.save(self._progress.counters.frames, self.checkpoint, reason, outcomes.append)
        self._parts.keeper.wait()
        return outcomes[0]

    def _last_evaluation(self) -> None:
        """Evaluate the last checkpoint and wait for every evaluation; a stop order ends the waiting."""
        self._orders.over = True
        if self._parts.spec.evaluation.every and self._evaluated != self._progress.counters.frames:
            self._save_and_evaluate("final")
        if self._parts.evaluations.busy:
            self._parts.writer.set_state(RunState.EVALUATING)
        self._parts.evaluations.poll()
        while self._parts.evaluations.busy and self._orders.stop is Stop.NOT:
            time.sleep(POLL_SECONDS)
            self._orders.poll()


def _next_mark(frames: int, every: int) -> int:
    """The next multiple of ``every`` beyond ``frames``; 0 where there is none to come."""
    return (frames // every + 1) * every if every else 0


def _nothing(_outcome: str) -> None:
    """Nobody asked for this checkpoint; a failure is an event of its own."""
