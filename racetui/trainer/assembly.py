"""Makes a trainer out of a run's directory, fresh or from its latest checkpoint, and closes it again."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from typing import Any

from agents.api import Agent, Beginner
from agents.checkpoint import Checkpoint, load_checkpoint, resolve
from agents.registry import completed_config, make_agent
from carracing import TaskConfig, task_spec, warm_up
from collectors.api import Collector
from profiles import detect
from racetui.collecting import collector_for
from racetui.fitness import check_agent
from racetui.runs.model import RunState
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.writer import RunWriter
from racetui.spec import RunSpec
from racetui.trainer.evaluations import EvaluationOrder, Evaluations
from racetui.trainer.keeper import Keeper
from racetui.trainer.lending import Lender
from racetui.trainer.loop import Parts, Trainer
from racetui.trainer.orders import POLL_SECONDS, Orders
from racetui.trainer.progress import RETURN_WINDOW, Counters, Progress
from racetui.trainer.requests import Requests
from racetui.trainer.tracking import Tracking, open_tracking
from racetui.trainer.usage import TreeUsage

SCORES = ("mean", "std", "min", "p10", "finish_rate", "missed_tiles", "lap_frames")
"""Of the run's own evaluations, as curves."""
PATIENCE = 2.0
"""Seconds of warming up that need no explanation."""


class ResumeError(ValueError):
    """The checkpoint does not belong to what the run is asked to be."""


@contextmanager
def assembled(paths: RunPaths, writer: RunWriter, resume: bool) -> Iterator[Trainer]:
    """A trainer ready to run; everything it is made of is closed on the way out.

    Raises ConfigError, CheckpointError, ResumeError, StateError and what agents and collectors raise when they
    cannot start.
    """
    spec = RunReader(paths).spec()
    check_agent(spec, detect().memory_free)
    _use_threads(spec.threads)
    checkpoint = load_checkpoint(resolve(paths.checkpoints, "latest")) if resume else None
    with ExitStack() as stack:
        orders = Orders(writer)
        orders.listen_to_signals()
        _warm_up(spec, writer, orders)
        agent = make_agent(spec.agent, task_spec(spec.task), spec.agent_config, spec.seed, orders.pulse)
        collector = stack.enter_context(closing(collector_for(spec, agent, orders.pulse)))
        if checkpoint is None:
            if isinstance(agent, Beginner):
                agent.begin()
            progress = Progress(Counters())
        else:
            progress = _restore(paths, writer, spec, checkpoint, agent, collector)
        keeper = stack.enter_context(closing(Keeper(paths, writer)))
        curves = stack.enter_context(closing(_track(paths, spec, writer, progress.counters.frames)))
        evaluations = Evaluations(paths, writer, keeper, _Best(paths, writer, keeper, curves))
        stack.callback(evaluations.close, "the run ended before this evaluation did")
        usage, lender = TreeUsage(), stack.enter_context(closing(Lender(paths, writer)))
        trainer = Trainer(
            Parts(spec, agent, collector, writer, orders, keeper, evaluations, curves, progress, usage, lender)
        )
        _answer_requests(trainer, spec, orders, writer, keeper, evaluations, progress)
        yield trainer


class _Best:
    """Keeps the checkpoint that evaluated best on the run's own evaluation tracks, and adds scores to the curves."""

    def __init__(self, paths: RunPaths, writer: RunWriter, keeper: Keeper, curves: Tracking) -> None:
        self._writer, self._keeper, self._curves = writer, keeper, curves
        self._mean = RunReader(paths).summary().best_mean

    def __call__(self, order: EvaluationOrder, results: Mapping[str, Any]) -> None:
        text = f"evaluation at {order.frames:,} frames: {results['mean']:.1f} ± {results['std']:.1f}"
        self._writer.event("info", "evaluation", text)
        if order.purpose != "asked":
            scores = {f"evaluation/{name}": results.get(name) for name in SCORES}
            self._curves.write(order.frames, {name: score for name, score in scores.items() if score is not None})
        if order.purpose == "asked" or (self._mean is not None and results["mean"] <= self._mean):
            return
        self._mean = results["mean"]
        self._keeper.mark_best(order.frames)
        self._writer.event("info", "best", f"new best: {self._mean:.1f} at {order.frames:,} frames")


def _track(paths: RunPaths, spec: RunSpec, writer: RunWriter, frames: int) -> Tracking:
    return open_tracking(paths, spec, frames, lambda text: writer.event("warning", "tracking", text))


def _use_threads(threads: int) -> None:
    import torch

    if threads:
        torch.set_num_threads(threads)
    logging.info("learner uses %d threads", torch.get_num_threads())


def _warm_up(spec: RunSpec, writer: RunWriter, orders: Orders) -> None:
    """Have the simulator compiled before workers would all do so; the run shows life and says why it waits."""
    with ThreadPoolExecutor(1, thread_name_prefix="warm-up") as thread:
        ready = thread.submit(warm_up, spec.backend, spec.task)
        try:
            ready.result(PATIENCE)
        except TimeoutError:
            writer.set_state(RunState.STARTING, "compiling the simulator for this machine, once: up to a minute")
            while not ready.done():
                orders.poll()
                time.sleep(POLL_SECONDS)
        ready.result()


def _restore(
    paths: RunPaths, writer: RunWriter, spec: RunSpec, checkpoint: Checkpoint, agent: Agent, collector: Collector
) -> Progress:
    if checkpoint.agent != spec.agent:
        raise ResumeError(f"the checkpoint is of agent {checkpoint.agent}, but the run now asks for {spec.agent}")
    settings = completed_config(
        checkpoint.agent, checkpoint.agent_config, checkpoint.task.get("action") == "discrete"
    )
    _check_same("agent_config", settings, asdict(spec.agent_config))
    _check_same("task", asdict(TaskConfig()) | checkpoint.task, asdict(spec.task))
    if checkpoint.collector_state is None:
        raise ResumeError("the checkpoint has no collector state: it can be evaluated, but not resumed")
    agent.restore(checkpoint.agent_state)
    collector.restore(checkpoint.collector_state)
    try:
        counters = Counters.of(checkpoint.counters)
    except KeyError as missing:
        raise ResumeError(f"the checkpoint has no counter {missing}: it can be evaluated, but not resumed") from None
    writer.rewind(counters.frames, counters.episodes)
    recent = RunReader(paths).episodes(last=RETURN_WINDOW)
    logging.info("resumed at %d frames", counters.frames)
    return Progress(counters, [row.episode_return for row in recent])


def _check_same(what: str, saved: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Refuse other settings than the checkpoint was made with, naming each."""
    different = sorted(key for key in saved.keys() | wanted if saved.get(key) != wanted.get(key))
    if different:
        details = ", ".join(f"{key} {saved.get(key)}, not {wanted.get(key)}" for key in different)
        raise ResumeError(f"the checkpoint was made with another {what}: {details}")


def _answer_requests(
    trainer: Trainer,
    spec: RunSpec,
    orders: Orders,
    writer: RunWriter,
    keeper: Keeper,
    evaluations: Evaluations,
    progress: Progress,
) -> None:
    requests = Requests(writer, keeper, evaluations, spec, lambda: progress.counters.frames, trainer.checkpoint)
    orders.handle("checkpoint", requests.checkpoint)
    orders.handle("evaluate", requests.evaluate)
