"""Driving a checkpoint's policy over test tracks, many at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agents.api import Actor, ActorSpec, Agent, WeightsSnapshot, no_pulse
from carracing.environments.task import EnvTask
from carracing.task import TaskConfig
from collectors.api import CollectorConfig, EpisodeRecord, Lanes
from racetui.evaluation.scores import EvaluationResult, summarise
from racetui.evaluation.settings import EvaluationSettings

if TYPE_CHECKING:
    from agents.checkpoint import Checkpoint

BATCHED_LANES = 128
"""Cars driven together by a backend that steps many at once: its fixed costs are spread, and memory stays small."""
LANES_PER_CORE = 8
"""Cars driven together per core by the others, which gain nothing beyond a batch for the policy."""


def evaluate(
    checkpoint: Checkpoint | Path,
    settings: EvaluationSettings,
    on_episode: Callable[[EpisodeRecord], None] = lambda record: None,
    wrap: Callable[[Lanes], Lanes] | None = None,
) -> EvaluationResult:
    """Drive ``settings.episodes`` tracks with the checkpoint's policy, whatever agent it is of.

    What only training needs (early stop, random starts) is off, and where the backend cannot draw grey-fast the
    policy sees grey. ``wrap`` may put something between the policy and its cars, as ``racetui.video`` does. Raises
    CheckpointError for a file that is not what it should be, UnsupportedTaskOptionError.
    """
    from agents.checkpoint import build_agent
    from collectors.episodes import EpisodePlan, run_episodes
    from collectors.seeds import EpisodeSeeds

    checkpoint = loaded(checkpoint)
    agent = build_agent(checkpoint)
    task = posed_task(checkpoint, settings.backend)
    plans = [EpisodePlan(n, seed, EpisodeSeeds(seed).key(0)) for n, seed in enumerate(settings.seeds)]
    started = time.monotonic()
    lanes = lanes_for(task, settings, agent.actor_spec())
    try:
        driven = wrap(lanes) if wrap else lanes
        records = run_episodes(actor_of(agent, settings.deterministic), driven, plans, no_pulse, on_episode)
    finally:
        lanes.close()
    return summarise(records, time.monotonic() - started)


def posed_task(checkpoint: Checkpoint, backend: str) -> TaskConfig | EnvTask:
    """The checkpoint's task as scores count on that backend.

    Raises CheckpointError, and UnsupportedTaskOptionError where the backend cannot pose it.
    """
    from agents.checkpoint import task_of
    from carracing.registry import check_backend, scoring_task

    task = scoring_task(task_of(checkpoint), backend)
    check_backend(backend, task)
    return task


def usual_backend(checkpoint: Checkpoint | Path) -> str:
    """Where a checkpoint's policy is scored unless someone asks for another backend. Raises CheckpointError."""
    from agents.checkpoint import task_of
    from carracing.registry import scoring_backend

    return scoring_backend(task_of(loaded(checkpoint)))


def loaded(checkpoint: Checkpoint | Path) -> Checkpoint:
    """The checkpoint, read if it is a directory's name. Raises CheckpointError."""
    from agents.checkpoint import load_checkpoint

    return load_checkpoint(checkpoint) if isinstance(checkpoint, Path) else checkpoint


def actor_of(agent: Agent, deterministic: bool) -> Actor:
    """An actor with the weights that the agent has."""
    snapshot = agent.snapshot()
    actor = agent.actor_spec().build()
    knobs = {**snapshot.knobs, "deterministic": float(deterministic)}  # else it explores as it does in training
    actor.load(WeightsSnapshot(snapshot.version, snapshot.tensors, knobs))
    return actor


def lanes_for(task: TaskConfig | EnvTask, settings: EvaluationSettings, actor: ActorSpec) -> Lanes:
    """Cars on tracks of their own: on threads where the backend has them, else in processes."""
    from carracing.registry import THREADED, backend_module, make_worlds
    from carracing.task import task_spec
    from collectors.lanes import WorldLanes
    from collectors.process_lanes import ProcessLanes
    from collectors.registry import CollectorPlan
    from collectors.seeds import EpisodeSeeds

    if settings.backend in THREADED:
        lanes = min(settings.episodes, BATCHED_LANES)
        return WorldLanes(make_worlds(settings.backend, task, lanes, threads=settings.cores))
    workers = min(settings.cores, settings.episodes)
    lanes = min(settings.episodes, LANES_PER_CORE * workers)
    if workers == 1:
        return WorldLanes(make_worlds(settings.backend, task, lanes))
    config = CollectorConfig(lanes=lanes, workers=workers)
    worlds = partial(make_worlds, settings.backend, task)
    preload = (backend_module(settings.backend, task),)
    seeds = EpisodeSeeds(settings.seed)
    return ProcessLanes(CollectorPlan(config, worlds, task_spec(task), actor, seeds, preload=preload))
