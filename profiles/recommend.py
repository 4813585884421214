"""Which collector to take, and why: by what somebody is after, and for a machine."""

from __future__ import annotations

from dataclasses import dataclass

from profiles.hardware import Hardware
from profiles.needs import worker_bounds

FEW_CORES = 8
"""Up to so many cores, one slow car keeps few of them waiting."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A collector for a use."""

    use: str
    collector: str
    reason: str


DEBUGGING = Advice(
    "debugging",
    "sequential",
    "one car in the learner's process, so breakpoints and prints work, and every step can be followed",
)
LITTLE_MEMORY = Advice(
    "little memory", "sync", "no worker processes; on backend fast, threads of the one process step the cars"
)
FEW = Advice(
    "few cores",
    "async",
    "workers and learner take turns on the same cores, and what is learned from was driven with the newest weights",
)
PRODUCTION = Advice(
    "production",
    "executor",
    "nobody waits for the slowest car, workers go on while the learner learns, and one that dies is replaced",
)
MANY_MACHINES = Advice("many machines", "ray", "the same over a Ray cluster; a machine that is lost costs no result")

BY_USE = (DEBUGGING, LITTLE_MEMORY, FEW, PRODUCTION, MANY_MACHINES)
"""For every use that people have."""


def recommend(hardware: Hardware) -> Advice:
    """What suits training on this machine."""
    if min(bound.most for bound in worker_bounds(hardware, "async", None)) < min(2, hardware.usable_cores):
        return LITTLE_MEMORY
    return FEW if hardware.usable_cores <= FEW_CORES else PRODUCTION
