"""What a run is planned to take of the machine, and what all runs together may."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from profiles import Hardware, detect
from racetui.config import ConfigError
from racetui.memory import memory_parts, total
from racetui.pipeline.stages import stages_of
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


def queue_limits(hardware: Hardware | None = None, environment: Mapping[str, str] = os.environ) -> Limits:
    """What runs may take together: all cores and all memory, unless the environment says otherwise.

    Raises ConfigError for a variable that cannot be used.
    """
    text = environment.get(VARIABLE, "").strip()
    if text == "off":
        return Limits()
    hardware = hardware or detect()
    limits = Limits(hardware.usable_cores, hardware.memory_limit or hardware.memory_total)
    try:
        return replace(limits, **dict(_limit(part) for part in text.split(",") if part.strip()))
    except ValueError as error:
        raise ConfigError(f"{VARIABLE}={text}: {error}; use off, or such as cores=8,memory=16,runs=2") from None


def _limit(text: str) -> tuple[str, int]:
    key, _, value = (part.strip() for part in text.partition("="))
    if key not in ("cores", "memory", "runs"):
        raise ValueError(f"there is no limit {key!r}")
    return key, int(float(value) * 1e9) if key == "memory" else int(value)
