"""What a run is planned to take of the machine, and what all runs together may."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from profiles import Hardware
from racetui.capacity import QueueSettings
from racetui.config import ConfigError
from racetui.memory import memory_parts, total
from racetui.pipeline.stages import stages_of
from racetui.runs.errors import StoreError
from racetui.runs.paths import RunPaths
from racetui.runs.queue import Queue
from racetui.runs.reader import RunReader
from racetui.runs.turns import Demand, Limits
from racetui.spec import RunSpec


def demand_of(spec: RunSpec) -> Demand:
    """What a run is planned to take.

    Learner and workers take turns or share cores, so it takes as many as the larger of the two, in its largest stage.
    """
    config = spec.collector_config
    workers = 1 if config.ray_address else config.workers
    busy = (spec.threads, workers, config.threads, *(stage.workers for stage in stages_of(spec)))
    return Demand(max(1, *busy), total(memory_parts(spec)))


def in_turn(hardware: Hardware, runs: Path) -> Hardware:
    """The hardware as it will be for a run of the store ``runs`` whose turn has come: those that go now are over.

    Without a queue nobody waits for them, and it is as it is.
    """
    if not queue_settings().on:
        return hardware
    going = [ticket.run for ticket in Queue(RunPaths(runs / "0")).look().tickets if ticket.going]
    free = hardware.memory_free + sum(_taken(RunPaths(runs / run)) for run in going)
    return replace(hardware, memory_free=min(free, hardware.memory_limit or hardware.memory_total))


def queue_limits(hardware: Hardware, environment: Mapping[str, str] = os.environ) -> Limits:
    """What runs may take together: all cores and the memory free of others, unless settings say otherwise.

    ``hardware`` is as ``in_turn`` has it. Raises ConfigError for settings that cannot be used.
    """
    wanted = queue_settings(environment)
    if not wanted.on:
        return Limits()
    memory = round(wanted.memory * 1e9) or hardware.memory_free
    return Limits(wanted.cores or hardware.usable_cores, max(1, memory), wanted.runs or None)


def queue_settings(environment: Mapping[str, str] = os.environ) -> QueueSettings:
    """What RACETUI_QUEUE and ``[queue]`` in config.toml say. Raises ConfigError that names what is wrong in them."""
    from racetui.preferences import config_path, load

    loaded = load(config_path(environment), environment=environment)
    for problem in loaded.wrong:
        if problem.section == "queue":
            raise ConfigError(problem.text)
    return loaded.preferences.queue


def _taken(paths: RunPaths) -> int:
    """Bytes that a run takes now, as it last said."""
    try:
        with RunReader(paths) as reader:
            last = reader.hardware(last=1)
    except StoreError:
        return 0
    return last[0].memory if last else 0
