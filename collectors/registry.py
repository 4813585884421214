"""Collectors by name, imported only when one is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TypeAlias

from agents.api import ActorSpec, Pulse, no_pulse
from carracing.task import TaskSpec, Worlds
from collectors.api import Collector, CollectorConfig, CollectorConfigError
from collectors.seeds import EpisodeSeeds

WorldsFactory: TypeAlias = Callable[[int], Worlds]
"""Makes worlds of so many tracks; picklable (a module's function or a partial of one), since workers call it."""


@dataclass(frozen=True, slots=True)
class CollectorEntry:
    """A collector's name for people, what it is good for, and where it is made."""

    title: str
    purpose: str
    factory: str
    """"module:function", called with a CollectorPlan whose config has been checked against the following."""
    many_tracks: bool = True
    """Whether it drives on more than one track at a time."""
    many_cars: bool = False
    """Whether it has more than one car on a track."""
    workers: bool = False
    """Whether it steps cars in worker processes; without them, in the process that asks."""
    whole_episodes: bool = False
    """Whether its workers drive whole episodes, in blocks of lanes / workers, a number of blocks ahead."""


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


_HERE, _ELSEWHERE = "collectors.step:make_in_process", "collectors.step:make_in_workers"

COLLECTORS = {
    "sequential": CollectorEntry("sequential", "one car, for debugging", _HERE, many_tracks=False),
    "multicar": CollectorEntry("multicar", "many cars on one track", _HERE, many_tracks=False, many_cars=True),
    "sync": CollectorEntry("sync", "many cars in one process", _HERE),
    "async": CollectorEntry("async", "many cars over worker processes", _ELSEWHERE, workers=True),
    "hybrid": CollectorEntry(
        "hybrid", "many tracks with many cars each, over worker processes", _ELSEWHERE, many_cars=True, workers=True
    ),
    "executor": CollectorEntry(
        "executor",
        "whole episodes in worker processes, which go on while the learner learns",
        "collectors.process_pool:make_executor",
        workers=True,
        whole_episodes=True,
    ),
    "ray": CollectorEntry(
        "ray",
        "the same in Ray actors, on this machine or many",
        "collectors.ray_pool:make_ray",
        workers=True,
        whole_episodes=True,
    ),
}


class UnknownCollectorError(ValueError):
    """No collector of that name."""


def check_config(name: str, config: CollectorConfig) -> None:
    """Raise CollectorConfigError unless the named collector can be had with these numbers."""
    entry = _entry(name)
    if not entry.many_tracks and not entry.many_cars and config.lanes != 1:
        raise CollectorConfigError(f"lanes must be 1 with collector {name}, not {config.lanes}: sync takes more")
    if not entry.many_cars and config.cars != 1:
        able = " or ".join(other for other, known in COLLECTORS.items() if known.many_cars)
        raise CollectorConfigError(f"cars must be 1 with collector {name}, not {config.cars}: use {able} for more")
    if not entry.many_tracks and config.tracks != 1:
        raise CollectorConfigError(
            f"cars must be lanes ({config.lanes}) with collector {name}, not {config.cars}: "
            "it drives on one track, hybrid on more"
        )
    if not entry.workers and config.workers != 1:
        able = " or ".join(other for other, known in COLLECTORS.items() if known.workers)
        raise CollectorConfigError(
            f"workers must be 1 with collector {name}, not {config.workers}: it steps all cars in one process, "
            f"use {able} for more"
        )
    if config.lanes == 1 and config.threads != 1:
        raise CollectorConfigError(f"threads must be 1 for 1 lane, not {config.threads}: there is nothing to share")
    _check_episodes(name, entry, config)


def _check_episodes(name: str, entry: CollectorEntry, config: CollectorConfig) -> None:
    if entry.whole_episodes and config.lanes % config.workers:
        less = config.lanes // config.workers * config.workers
        raise CollectorConfigError(
            f"lanes ({config.lanes}) must be a multiple of workers ({config.workers}) with collector {name}, whose "
            f"workers drive lanes / workers episodes at once: use {less} or {less + config.workers}"
        )
    if config.ray_address and name != "ray":
        raise CollectorConfigError(f"ray_address is for collector ray, not {name}")
    for key, value in (("depth", config.depth), ("max_segment", config.max_segment)):
        if value and not entry.whole_episodes:
            able = " or ".join(other for other, known in COLLECTORS.items() if known.whole_episodes)
            raise CollectorConfigError(f"{key} must be 0 with collector {name}, not {value}: it is for {able}")


def make_collector(name: str, plan: CollectorPlan) -> Collector:
    """Build the named collector; a competition where episodes share tracks.

    Raises UnknownCollectorError, CollectorError.
    """
    module, function = _entry(name).factory.split(":")
    check_config(name, plan.config)
    if plan.seeds.sharing == 1 and plan.config.select == "best":
        raise CollectorConfigError(
            "select best needs cars that drive the same track: cars of 2 or more, or seeds.strategy shared"
        )
    collector: Collector = getattr(import_module(module), function)(plan)
    if plan.seeds.sharing == 1:
        return collector
    from collectors.competition import Competition

    return Competition(plan, collector)


def _entry(name: str) -> CollectorEntry:
    try:
        return COLLECTORS[name]
    except KeyError:
        raise UnknownCollectorError(f"unknown collector {name!r}: choose from {', '.join(COLLECTORS)}") from None
