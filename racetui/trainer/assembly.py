"""Makes trainers, fresh or from a checkpoint, and what attends a run through all of them; closes them again."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from agents.api import Agent, Beginner
from agents.checkpoint import Checkpoint
from agents.registry import completed_config, make_agent
from carracing import TaskConfig, task_spec, warm_up
from collectors.api import Collector
from profiles import detect
from racetui.collecting import collector_for
from racetui.counters import Counters
from racetui.fitness import check_agent
from racetui.runs.model import OWN_PURPOSES, RunState
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.writer import RunWriter
from racetui.spec import RunSpec
from racetui.trainer.evaluations import EvaluationOrder, Evaluations
from racetui.trainer.guard import ADVICE, Guard
from racetui.trainer.keeper import Keeper
from racetui.trainer.lending import Lender
from racetui.trainer.loop import Attendants, Parts, Trainer
from racetui.trainer.orders import POLL_SECONDS, Orders
from racetui.trainer.pressure import read_pressure
from racetui.trainer.progress import RETURN_WINDOW, Progress
from racetui.trainer.requests import Requests, handle_checkpoints
from racetui.trainer.tracking import Tracking, open_tracking
from racetui.trainer.usage import TreeUsage

SCORES = ("mean", "std", "min", "p10", "finish_rate", "missed_tiles", "lap_frames")
"""Of the run's own evaluations, as curves."""
PATIENCE = 2.0
"""Seconds of warming up that need no explanation."""


class ResumeError(ValueError):
    """The checkpoint does not belong to what the run is asked to be."""


@dataclass(frozen=True, slots=True)
class Training:
    """What is to be trained: all of a run, or one stage of it."""

    spec: RunSpec
    checkpoint: Checkpoint | None = None
    """To go on from; None begins."""
    start: Counters = field(default_factory=Counters)
    """What the run had done when this training began."""
    stage: int = 0
    """Its number; 0 of a run without stages."""


@contextmanager
def attended(paths: RunPaths, writer: RunWriter, orders: Orders, spec: RunSpec, frames: int) -> Iterator[Attendants]:
    """What a run has from its beginning, or from ``frames`` frames on, to its end, whatever it trains."""
    with ExitStack() as stack:
        keeper = stack.enter_context(closing(Keeper(paths, writer, spec.checkpoint.keep)))
        keeper.mend()
        handle_checkpoints(orders, writer, keeper)
        curves = stack.enter_context(closing(_track(paths, spec, writer, frames)))
        evaluations = Evaluations(paths, writer, keeper, _Best(paths, writer, keeper, curves))
        stack.callback(evaluations.close, "the run ended before this evaluation did")
        lender = stack.enter_context(closing(Lender(paths, writer)))
        usage = TreeUsage()
        guard = _guard(spec, writer, orders, evaluations, usage)
        yield Attendants(paths, writer, orders, keeper, evaluations, curves, usage, lender, guard)


@contextmanager
def assembled(run: Attendants, training: Training) -> Iterator[Trainer]:
    """A trainer ready to run; everything that is its own is closed on the way out.

    Raises ConfigError, ResumeError, StateError and what agents and collectors raise when they cannot start.
    """
    spec, checkpoint = training.spec, training.checkpoint
    check_agent(spec, detect().memory_free)
    _use_threads(spec.threads)
    warm_up_for(spec, run.writer, run.orders)
    agent = make_agent(spec.agent, task_spec(spec.task), spec.agent_config, spec.seed, run.orders.pulse)
    with closing(collector_for(spec, agent, run.orders.pulse)) as collector:
        if checkpoint is None:
            if isinstance(agent, Beginner):
                agent.begin()
            progress = Progress(training.start)
        else:
            progress = _restore(run, training, checkpoint, agent, collector)
        trainer = Trainer(Parts(spec, agent, collector, progress, run, training.start, training.stage))
        requests = Requests(run, spec, lambda: progress.counters.frames, trainer.checkpoint)
        run.orders.handle("checkpoint", requests.checkpoint)
        run.orders.handle("evaluate", requests.evaluate)
        yield trainer


class _Best:
    """Keeps the checkpoint that evaluated best on the run's own evaluation tracks, and adds scores to the curves."""

    def __init__(self, paths: RunPaths, writer: RunWriter, keeper: Keeper, curves: Tracking) -> None:
        self._paths, self._writer, self._keeper, self._curves = paths, writer, keeper, curves

    def __call__(self, order: EvaluationOrder, results: Mapping[str, Any]) -> None:
        text = f"evaluation at {order.frames:,} frames: {results['mean']:.1f} ± {results['std']:.1f}"
        self._writer.event("info", "evaluation", text)
        if order.purpose not in OWN_PURPOSES:
            return
        scores = {f"evaluation/{name}": results.get(name) for name in SCORES}
        self._curves.write(order.frames, {name: score for name, score in scores.items() if score is not None})
        with RunReader(self._paths) as reader:
            best = reader.best_evaluation()  # the store has this result already
        if best is not None and best.frames == order.frames != self._keeper.best:
            self._keeper.mark_best(order.frames)
            self._writer.event("info", "best", f"new best: {results['mean']:.1f} at {order.frames:,} frames")


def _track(paths: RunPaths, spec: RunSpec, writer: RunWriter, frames: int) -> Tracking:
    return open_tracking(paths, spec, frames, lambda text: writer.event("warning", "tracking", text))


def _guard(spec: RunSpec, writer: RunWriter, orders: Orders, evaluations: Evaluations, usage: TreeUsage) -> Guard:
    def end(reason: str) -> None:
        writer.event("error", "memory", f"{reason}; {ADVICE}")
        orders.end(reason)

    guard = Guard(
        spec.memory,
        partial(read_pressure, spec.memory.limit, usage.memory),
        evaluations,
        lambda level, text: writer.event(level, "memory", text),
        end,
    )
    evaluations.short_of_memory = lambda: guard.short
    return guard


def _use_threads(threads: int) -> None:
    import torch

    if threads:
        torch.set_num_threads(threads)
    logging.info("learner uses %d threads", torch.get_num_threads())


def warm_up_for(spec: RunSpec, writer: RunWriter, orders: Orders) -> None:
    """Have the simulator compiled before workers would all do so; the run shows life and says why it waits."""
    with ThreadPoolExecutor(1, thread_name_prefix="warm-up") as thread:
        ready = thread.submit(warm_up, spec.backend, spec.task)
        try:
            ready.result(PATIENCE)
        except TimeoutError:
            compiling = "compiling the simulator for this machine, once: up to a minute"
            text = compiling if isinstance(spec.task, TaskConfig) else f"loading {spec.task.env}"
            writer.set_state(RunState.STARTING, text)
            while not ready.done():
                orders.poll()
                time.sleep(POLL_SECONDS)
        ready.result()


def _restore(
    run: Attendants, training: Training, checkpoint: Checkpoint, agent: Agent, collector: Collector
) -> Progress:
    spec = training.spec
    if checkpoint.agent != spec.agent:
        raise ResumeError(f"the checkpoint is of agent {checkpoint.agent}, but the run now asks for {spec.agent}")
    settings = completed_config(
        checkpoint.agent, checkpoint.agent_config, checkpoint.task.get("action") == "discrete"
    )
    # Where a stage found what it began with may have been moved or pruned since, with the run or without.
    found = dict.fromkeys({"init_from", "demos"} & settings.keys() if training.stage else (), "")
    _check_same("agent_config", settings | found, asdict(spec.agent_config) | found)
    older = asdict(TaskConfig()) if isinstance(spec.task, TaskConfig) else {}
    _check_same("task", older | checkpoint.task, json.loads(json.dumps(asdict(spec.task))))
    if checkpoint.collector_state is None:
        raise ResumeError("the checkpoint has no collector state: it can be evaluated, but not resumed")
    agent.restore(checkpoint.agent_state)
    collector.restore(checkpoint.collector_state)
    counters = counters_of(checkpoint)
    run.writer.rewind(counters.frames, counters.episodes)
    with RunReader(run.paths) as reader:
        recent = [row.episode_return for row in reader.episodes(last=RETURN_WINDOW)]
    logging.info("resumed at %d frames", counters.frames)
    return Progress(counters, recent)


def counters_of(checkpoint: Checkpoint) -> Counters:
    """What the run had done when it was saved. Raises ResumeError."""
    try:
        return Counters.of(checkpoint.counters)
    except KeyError as missing:
        raise ResumeError(f"the checkpoint has no counter {missing}: it can be evaluated, but not resumed") from None


def _check_same(what: str, saved: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Refuse other settings than the checkpoint was made with, naming each."""
    different = sorted(key for key in saved.keys() | wanted if saved.get(key) != wanted.get(key))
    if different:
        details = ", ".join(f"{key} {saved.get(key)}, not {wanted.get(key)}" for key in different)
        raise ResumeError(f"the checkpoint was made with another {what}: {details}")
