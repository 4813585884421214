"""From a run's spec to its collector: one place for training and for benchmarks."""

from __future__ import annotations

from functools import partial

from agents.api import Agent, Pulse, no_pulse
from carracing import backend_module, make_worlds, task_spec
from collectors.api import Collector
from collectors.registry import CollectorPlan, make_collector
from racetui.spec import RunSpec


def collector_for(spec: RunSpec, agent: Agent, pulse: Pulse = no_pulse) -> Collector:
    """The collector that ``spec`` names, with actors of ``agent``. Raises CollectorError, WorkerError."""
    config = spec.collector_config
    plan = CollectorPlan(
        config=config,
        worlds=partial(make_worlds, spec.backend, spec.task, threads=config.threads, cars=config.cars),
        task=task_spec(spec.task),
        actor=agent.actor_spec(),
        seeds=spec.episode_seeds,
        pulse=pulse,
        acting_threads=max(1, spec.threads),
        preload=(backend_module(spec.backend, spec.task),),
    )
    return make_collector(spec.collector, plan)
