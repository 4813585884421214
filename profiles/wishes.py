"""What decides a plan's numbers: those given, the profile's, the hardware's, in that order."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from profiles.hardware import Hardware
from profiles.profile import Choice, Profile

LEARNER_BYTES = 512 << 20
"""What learning from pixels takes, whatever the collector."""
WORKER_BYTES = {"async": 64 << 20, "hybrid": 64 << 20, "executor": 192 << 20, "ray": 320 << 20}
"""What a worker takes, by collector: proportional memory of one that drives four cars on pixels, rounded up. Those of
executor and ray hold a policy, and PyTorch with it, which the ones of executor share."""


class PlanError(ValueError):
    """What was asked for cannot be done; says which number and what is allowed."""


@dataclass(frozen=True, slots=True)
class Given:
    """Numbers that the user gave: never changed, the others follow them. None leaves a number to the plan."""

    lanes: int | None = None
    cars: int | None = None
    """On each track."""
    workers: int | None = None
    cluster: bool = False
    """Workers are on other machines as well: neither cores nor memory of this one limit them."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The numbers of a collector, and why."""

    lanes: int
    cars: int
    workers: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wishes:
    """All that decides the numbers."""

    profile: Profile
    hardware: Hardware
    collector: str
    given: Given
    usual_lanes: int
    batched: bool

    def lanes(self) -> tuple[int, str]:
        """How many lanes, and why."""
        return wanted("lane", self.given.lanes, self.profile.lanes, self.usual_lanes, "the default")

    def workers(self) -> tuple[int, str]:
        """How many workers, and why. Raises PlanError if there is no memory for as many as were asked for."""
        cores, most = self.hardware.usable_cores, self.most_workers
        usual, why = cores, "one for each core that can be used"
        if most < cores:
            usual, why = max(1, most), f"as many as {memory_of(self.hardware.memory_free)} of free memory hold"
        count, reason = wanted("worker", self.given.workers, self.profile.workers, usual, why)
        if count > most:
            need = LEARNER_BYTES + count * WORKER_BYTES[self.collector]
            advice = f"use at most {most}" if most else "free some memory, or use collector sync"
            raise PlanError(
                f"{count_of(count, 'worker')} of collector {self.collector} and the learner need about "
                f"{memory_of(need)}, and {memory_of(self.hardware.memory_free)} are free: {advice}"
            )
        if count > cores and not self.given.cluster:
            reason += f" Only {count_of(cores, 'core')} can be used, so they will take turns."
        return count, reason

    @property
    def most_workers(self) -> int:
        """As many as there is memory for."""
        if self.given.cluster:
            return sys.maxsize
        return max(0, self.hardware.memory_free - LEARNER_BYTES) // WORKER_BYTES[self.collector]

    def only(self, name: str, why: str) -> None:
        """Refuse any other number than 1."""
        value = getattr(self.given, name)
        if value not in (None, 1):
            raise PlanError(f"{name} must be 1 with collector {self.collector}, not {value}: {why}")


def wanted(noun: str, given: int | None, profile: Choice, usual: int, why_usual: str) -> tuple[int, str]:
    """A number, and why: the one given, the profile's, or the usual one."""
    if given is not None:
        return given, f"{count_of(given, noun)}: as given."
    if profile != "auto":
        return profile, f"{count_of(profile, noun)}: as the profile says."
    return usual, f"{count_of(usual, noun)}: {why_usual}."


def memory_of(size: int) -> str:
    """Bytes in words."""
    return f"{size / 2**30:.1f} GiB"


def count_of(number: int, noun: str) -> str:
    """A number of things in words."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
