"""What a run is planned to take of the machine, and what all runs together may."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from profiles import Hardware
from racetui.config import ConfigError
from racetui.memory import memory_parts, total
from racetui.pipeline.stages import stages_of
from racetui.runs.errors import StoreError
from racetui.runs.paths import RunPaths
from racetui.runs.queue import Queue
from racetui.runs.reader import RunReader
from racetui.runs.turns import Demand, Limits
from racetui.spec import RunSpec

VARIABLE = "RACETUI_QUEUE"
"""Environment variable with limits: ``off``, or some of cores=N, memory=GB and runs=N with commas between them."""


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
    if os.environ.get(VARIABLE, "").strip() == "off":
        return hardware
    going = [ticket.run for ticket in Queue(RunPaths(runs / "0")).look().tickets if ticket.going]
    free = hardware.memory_free + sum(_taken(RunPaths(runs / run)) for run in going)
    return replace(hardware, memory_free=min(free, hardware.memory_limit or hardware.memory_total))


def queue_limits(hardware: Hardware, environment: Mapping[str, str] = os.environ) -> Limits:
    """What runs may take together: all cores and the memory free of others, unless the environment says otherwise.

    ``hardware`` is as ``in_turn`` has it. Raises ConfigError for a variable that cannot be used.
    """
    text = environment.get(VARIABLE, "").strip()
    if text == "off":
        return Limits()
    limits = Limits(hardware.usable_cores, max(1, hardware.memory_free))
    try:
        return replace(limits, **dict(_limit(part) for part in text.split(",") if part.strip()))
    except ValueError as error:
        raise ConfigError(f"{VARIABLE}={text}: {error}; use off, or such as cores=8,memory=16,runs=2") from None


def _taken(paths: RunPaths) -> int:
    """Bytes that a run takes now, as it last said."""
    try:
        with RunReader(paths) as reader:
            last = reader.hardware(last=1)
    except StoreError:
        return 0
    return (last[0].pss_bytes or last[0].rss_bytes) if last else 0


def _limit(text: str) -> tuple[str, int]:
    key, _, value = (part.strip() for part in text.partition("="))
    if key not in ("cores", "memory", "runs"):
        raise ValueError(f"there is no limit {key!r}")
    try:
        return key, int(float(value) * 1e9) if key == "memory" else int(value)
    except (ValueError, OverflowError):
        raise ValueError(f"{key} must be a {'' if key == 'memory' else 'whole '}number, not {value!r}") from None
