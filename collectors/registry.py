"""Collectors by name, imported only when one is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TypeAlias

from agents.api import ActorSpec, Pulse, no_pulse
from carracing.task import TaskSpec, Worlds
from collectors.api import Collector, CollectorConfig
from collectors.seeds import EpisodeSeeds

WorldsFactory: TypeAlias = Callable[[int], Worlds]
"""Makes worlds of so many tracks; picklable (a module's function or a partial of one), since workers call it."""


@dataclass(frozen=True, slots=True)
class CollectorEntry:
    """A collector's name for people, what it is good for, and where it is made."""

    title: str
    purpose: str
    factory: str
    """"module:function", called with a CollectorPlan."""


@dataclass(frozen=True, slots=True)
class CollectorPlan:
    """Everything a collector is made of."""

    config: CollectorConfig
    worlds: WorldsFactory
    task: TaskSpec
    actor: ActorSpec
    seeds: EpisodeSeeds
    pulse: Pulse = no_pulse
    acting_threads: int = 1
    """Threads that act in the collecting process, where many lanes act together; they are idle while it learns."""
    preload: tuple[str, ...] = ()
    """Modules that making a world imports: loaded once, before workers are forked, and shared by all of them."""


COLLECTORS = {
    "sequential": CollectorEntry("sequential", "one car, for debugging", "collectors.step:make_sequential"),
    "sync": CollectorEntry("sync", "many cars in one process", "collectors.step:make_sync"),
    "async": CollectorEntry("async", "many cars over worker processes", "collectors.step:make_async"),
}


class UnknownCollectorError(ValueError):
    """No collector of that name."""


def make_collector(name: str, plan: CollectorPlan) -> Collector:
    """Build the named collector. Raises UnknownCollectorError, CollectorError."""
    try:
        module, function = COLLECTORS[name].factory.split(":")
    except KeyError:
        raise UnknownCollectorError(f"unknown collector {name!r}: choose from {', '.join(COLLECTORS)}") from None
    collector: Collector = getattr(import_module(module), function)(plan)
    return collector
