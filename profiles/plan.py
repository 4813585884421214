"""From a profile and the hardware to numbers: a pure function, with its reasons in words."""

from __future__ import annotations

from dataclasses import dataclass

from profiles.hardware import Hardware
from profiles.profile import Profile

DEFAULT_LANES = 8
"""What rl-baselines3-zoo's tuned PPO uses for CarRacing (``n_envs`` in its hyperparams/ppo.yml)."""
BATCHED_LANES = 16
"""The same for a simulator that steps cars together: it fills its SIMD lanes, and the actor a better batch."""


class PlanError(ValueError):
    """What was asked for cannot be done; says which number and what is allowed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run spreads over the machine."""

    lanes: int
    workers: int
    threads: int
    """Of the learner."""
    simulator_threads: int
    """Within each process that simulates."""
    reasons: tuple[str, ...]
    """Why each number is what it is, one sentence each, for people."""


def plan(
    profile: Profile,
    hardware: Hardware,
    collector: str,
    lanes: int | None,
    workers: int | None,
    batched: bool = False,
) -> Plan:
    """Choose lanes, workers and threads for a collector; numbers given win over the profile's.

    ``batched``: the simulator steps many cars together, on several threads if asked.

    A number that the user gave is never changed: the others follow it. Raises PlanError where the numbers given
    contradict each other or the collector.
    """
    for name, value in (("lanes", lanes), ("workers", workers)):
        if value is not None and value < 1:
            raise PlanError(f"{name} must be 1 or more, not {value}")
    default = BATCHED_LANES if batched else DEFAULT_LANES
    if collector == "sequential":
        chosen = _sequential(lanes, workers)
    elif collector == "sync":
        chosen = _sync(profile, default, lanes, workers)
    elif collector == "async":
        chosen = _async(profile, hardware, default, lanes, workers)
    else:
        raise PlanError(f"no plan for collector {collector!r}: choose from sequential, sync, async")
    threads, reason = _threads(profile, hardware)
    reasons, simulating = [*chosen.reasons, reason], 1
    if batched and collector == "sync":
        simulating = min(hardware.usable_cores, chosen.lanes)
        reasons.append(f"{_count(simulating, 'simulator thread')}: all cores step cars while the learner waits.")
    return Plan(chosen.lanes, chosen.workers, threads, simulating, tuple(reasons))


@dataclass(frozen=True, slots=True)
class _Chosen:
    lanes: int
    workers: int
    reasons: tuple[str, ...]


def _sequential(lanes: int | None, workers: int | None) -> _Chosen:
    for name, value in (("lanes", lanes), ("workers", workers)):
        if value not in (None, 1):
            raise PlanError(
                f"{name} must be 1 with collector sequential, not {value}: it steps one car in one process"
            )
    return _Chosen(1, 1, ("1 lane in 1 process: that is what sequential means.",))


def _sync(profile: Profile, default: int, lanes: int | None, workers: int | None) -> _Chosen:
    if workers not in (None, 1):
        raise PlanError(f"workers must be 1 with collector sync, not {workers}: it steps all cars in one process")
    number, reason = _wanted_lanes(profile, default, lanes)
    return _Chosen(number, 1, (reason, "1 process: sync steps all cars itself."))


def _async(profile: Profile, hardware: Hardware, default: int, lanes: int | None, workers: int | None) -> _Chosen:
    if lanes is not None and workers is not None and workers > lanes:
        raise PlanError(f"workers must be 1 to lanes ({lanes}), not {workers}: each steps at least one car")
    cores = hardware.usable_cores
    count, why = _wanted_workers(profile, cores, workers)
    if lanes is not None and count > lanes:
        count, why = lanes, f"{_count(lanes, 'worker')}: each steps at least one car."
    number, reason = _wanted_lanes(profile, default, lanes)
    if lanes is None and number % count:
        number += -number % count
        reason = f"{number} lanes: the next multiple of {count}, so that no worker waits for a fuller one."
    if count > cores:
        why += f" Only {_count(cores, 'core')} can be used, so they will take turns."
    return _Chosen(number, count, (reason, why))


def _wanted_lanes(profile: Profile, default: int, given: int | None) -> tuple[int, str]:
    if given is not None:
        return given, f"{_count(given, 'lane')}: as given."
    if profile.lanes != "auto":
        return profile.lanes, f"{_count(profile.lanes, 'lane')}: as the profile says."
    return default, f"{default} lanes: the default."


def _wanted_workers(profile: Profile, cores: int, given: int | None) -> tuple[int, str]:
    if given is not None:
        return given, f"{_count(given, 'worker')}: as given."
    if profile.workers != "auto":
        return profile.workers, f"{_count(profile.workers, 'worker')}: as the profile says."
    return cores, f"{_count(cores, 'worker')}: one for each core that can be used."


def _threads(profile: Profile, hardware: Hardware) -> tuple[int, str]:
    cores = hardware.usable_cores
    if profile.threads == "auto":
        return cores, f"{_count(cores, 'learner thread')}: all cores, since learner and workers take turns."
    reason = f"{_count(profile.threads, 'learner thread')}: as the profile says."
    if profile.threads > cores:
        reason += f" Only {_count(cores, 'core')} can be used, and more threads than cores slow it down."
    return profile.threads, reason


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
