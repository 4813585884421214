"""What decides a plan's numbers: those given, the profile's, the hardware's, in that order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from profiles.hardware import Hardware
from profiles.needs import Bound, Kept, Measures, worker_bounds
from profiles.profile import Choice, Profile

ALL_CORES = 3
"""Up to so many cores, workers take all of them: one left out would be a third of the machine or more."""


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
    """As far as the profile uses it."""
    collector: str
    given: Given
    usual_lanes: int
    batched: bool
    kept: Kept | None
    measures: Measures = field(default_factory=Measures)

    def lanes(self) -> tuple[int, str]:
        """How many lanes, and why."""
        return wanted("lane", self.given.lanes, self.profile.lanes, self.usual_lanes, "the default")

    def workers(self) -> tuple[int, str]:
        """How many workers, and why. Raises PlanError if the machine cannot hold as many as were asked for."""
        cores, bound = self.hardware.usable_cores, self._tightest_bound()
        usual, why = cores, "one for each core that can be used"
        if cores > ALL_CORES:
            usual, why = cores - 1, "one core is left to the learner's process and to evaluations"
        if bound is not None and bound.most < usual:
            usual, why = max(1, bound.most), bound.reason
        count, reason = wanted("worker", self.given.workers, self.profile.workers, usual, why)
        if bound is not None and count > bound.most:
            raise PlanError(f"{count_of(count, 'worker')} of collector {self.collector} {bound.refusal(count)}")
        if count > cores and not self.given.cluster:
            reason += f" Only {count_of(cores, 'core')} can be used, so they will take turns."
        return count, reason

    def _tightest_bound(self) -> Bound | None:
        if self.given.cluster:
            return None
        return min(
            worker_bounds(self.hardware, self.collector, self.kept, self.measures), key=lambda bound: bound.most
        )

    def only(self, name: str, why: str) -> None:
        """Refuse any other number than 1."""
        value = getattr(self.given, name)
        if value not in (None, 1):
            raise PlanError(f"{name} must be 1 with collector {self.collector}, not {value}: {why}")


def within(profile: Profile, hardware: Hardware) -> Hardware:
    """The hardware as far as a profile uses it."""
    cores, memory = hardware.usable_cores, hardware.memory_free
    return replace(
        hardware,
        usable_cores=cores if profile.cores == "auto" else min(cores, profile.cores),
        memory_free=memory if profile.memory == "auto" else min(memory, round(profile.memory * 1e9)),
    )


def wanted(noun: str, given: int | None, profile: Choice, usual: int, why_usual: str) -> tuple[int, str]:
    """A number, and why: the one given, the profile's, or the usual one."""
    if given is not None:
        return given, f"{count_of(given, noun)}: as given."
    if profile != "auto":
        return profile, f"{count_of(profile, noun)}: as the profile says."
    return usual, f"{count_of(usual, noun)}: {why_usual}."


def count_of(number: int, noun: str) -> str:
    """A number of things in words."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
