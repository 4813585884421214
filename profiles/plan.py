"""From a profile and the hardware to numbers: a pure function, with its reasons in words."""

from __future__ import annotations

from dataclasses import dataclass

from profiles.hardware import Hardware
from profiles.profile import Choice, Profile

DEFAULT_LANES = 8
"""What rl-baselines3-zoo's tuned PPO uses for CarRacing (``n_envs`` in its hyperparams/ppo.yml)."""
BATCHED_LANES = 16
"""The same for a simulator that steps cars together: it fills its SIMD lanes, and the actor a better batch."""
DEFAULT_CARS = 8
"""On the one track of multicar."""
HYBRID_CARS = 4
"""On each track of hybrid: with the default lanes, several tracks remain."""

USUAL_COLLECTOR = {True: "async", False: "async"}
"""What to collect with where nobody says, by whether the simulator steps many cars together."""


class PlanError(ValueError):
    """What was asked for cannot be done; says which number and what is allowed."""


@dataclass(frozen=True, slots=True)
class Given:
    """Numbers that the user gave: never changed, the others follow them. None leaves a number to the plan."""

    lanes: int | None = None
    cars: int | None = None
    """On each track."""
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run spreads over the machine."""

    lanes: int
    cars: int
    """On each track."""
    workers: int
    threads: int
    """Of the learner."""
    simulator_threads: int
    """Within each process that simulates."""
    reasons: tuple[str, ...]
    """Why each number is what it is, one sentence each, for people."""


def plan(
    profile: Profile, hardware: Hardware, collector: str, given: Given | None = None, batched: bool = False
) -> Plan:
    """Choose lanes, cars, workers and threads for a collector; numbers given win over the profile's.

    ``batched``: the simulator steps many cars together, on several threads if asked. Raises PlanError where the
    numbers given contradict each other or the collector.
    """
    given = given or Given()
    for name in ("lanes", "cars", "workers"):
        value = getattr(given, name)
        if value is not None and value < 1:
            raise PlanError(f"{name} must be 1 or more, not {value}")
    if collector not in _PLANNERS:
        raise PlanError(f"no plan for collector {collector!r}: choose from {', '.join(_PLANNERS)}")
    lanes = BATCHED_LANES if batched else DEFAULT_LANES
    chosen = _PLANNERS[collector](_Wishes(profile, hardware, collector, given, lanes))
    threads, reason = _threads(profile, hardware)
    reasons, simulating = [*chosen.reasons, reason], 1
    if batched and collector in ("sync", "multicar"):
        simulating = min(hardware.usable_cores, chosen.lanes)
        reasons.append(f"{_count(simulating, 'simulator thread')}: all cores step cars while the learner waits.")
    return Plan(chosen.lanes, chosen.cars, chosen.workers, threads, simulating, tuple(reasons))


@dataclass(frozen=True, slots=True)
class _Chosen:
    lanes: int
    cars: int
    workers: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Wishes:
    """All that decides the numbers."""

    profile: Profile
    hardware: Hardware
    collector: str
    given: Given
    usual_lanes: int

    def lanes(self) -> tuple[int, str]:
        """How many lanes, and why."""
        return _wanted("lane", self.given.lanes, self.profile.lanes, self.usual_lanes, "the default")

    def workers(self) -> tuple[int, str]:
        """How many workers, and why."""
        cores = self.hardware.usable_cores
        return _wanted(
            "worker", self.given.workers, self.profile.workers, cores, "one for each core that can be used"
        )

    def only(self, name: str, why: str) -> None:
        """Refuse any other number than 1."""
        value = getattr(self.given, name)
        if value not in (None, 1):
            raise PlanError(f"{name} must be 1 with collector {self.collector}, not {value}: {why}")


def _sequential(wishes: _Wishes) -> _Chosen:
    for name in ("lanes", "cars", "workers"):
        wishes.only(name, "it steps one car in one process")
    return _Chosen(1, 1, 1, ("1 lane in 1 process: that is what sequential means.",))


def _multicar(wishes: _Wishes) -> _Chosen:
    wishes.only("workers", "all its cars are on one track, which one process steps")
    given = wishes.given
    if given.lanes is not None and given.cars not in (None, given.lanes):
        raise PlanError(
            f"lanes ({given.lanes}) and cars ({given.cars}) must be equal with collector multicar: it drives on one "
            "track, hybrid on more"
        )
    asked = given.lanes if given.cars is None else given.cars
    number, why = _wanted("car", asked, wishes.profile.cars, DEFAULT_CARS, "the default")
    return _Chosen(number, number, 1, (why, "1 process: multicar steps all cars itself."))


def _sync(wishes: _Wishes) -> _Chosen:
    wishes.only("workers", "it steps all cars in one process")
    wishes.only("cars", "multicar and hybrid take more on a track")
    number, reason = wishes.lanes()
    return _Chosen(number, 1, 1, (reason, "1 process: sync steps all cars itself."))


def _async(wishes: _Wishes) -> _Chosen:
    wishes.only("cars", "multicar and hybrid take more on a track")
    return _over_workers(wishes, 1, ())


def _hybrid(wishes: _Wishes) -> _Chosen:
    given = wishes.given
    cars, why = _wanted("car", given.cars, wishes.profile.cars, HYBRID_CARS, "the default")
    if given.lanes is not None and given.lanes % cars:
        if given.cars is not None:
            raise PlanError(f"cars (on each track) must divide lanes ({given.lanes}), not {cars}")
        cars = max(divisor for divisor in range(1, cars + 1) if given.lanes % divisor == 0)
        why = f"{_count(cars, 'car')}: the most up to {HYBRID_CARS} that divide {given.lanes} lanes."
    return _over_workers(wishes, cars, (f"{why.removesuffix('.')} on each track.",))


def _over_workers(wishes: _Wishes, cars: int, reasons: tuple[str, ...]) -> _Chosen:
    """Tracks of ``cars`` cars over worker processes."""
    given = wishes.given
    tracks = None if given.lanes is None else given.lanes // cars
    if tracks is not None and given.workers is not None and given.workers > tracks:
        most = f"lanes ({given.lanes})" if cars == 1 else f"tracks ({given.lanes} lanes / {cars} cars)"
        what = "car" if cars == 1 else "track"
        raise PlanError(f"workers must be 1 to {most}, not {given.workers}: each steps at least one {what}")
    count, why = wishes.workers()
    if tracks is not None and count > tracks:
        count, why = tracks, f"{_count(tracks, 'worker')}: each steps at least one {'car' if cars == 1 else 'track'}."
    number, reason = wishes.lanes()
    if given.lanes is None and number % (cars * count):
        number += -number % (cars * count)
        reason = f"{number} lanes: the next multiple of {cars * count}, so that no worker waits for a fuller one."
    if count > wishes.hardware.usable_cores:
        why += f" Only {_count(wishes.hardware.usable_cores, 'core')} can be used, so they will take turns."
    return _Chosen(number, cars, count, (*reasons, reason, why))


def _executor(wishes: _Wishes) -> _Chosen:
    """Every worker drives equally many episodes at once."""
    chosen, given = _async(wishes), wishes.given
    if chosen.lanes % chosen.workers == 0:
        return chosen
    if given.workers is not None:
        raise PlanError(
            f"lanes ({chosen.lanes}) must be a multiple of workers ({chosen.workers}) with collector "
            f"{wishes.collector}: each drives lanes / workers episodes at once"
        )
    workers = max(count for count in range(1, chosen.workers + 1) if chosen.lanes % count == 0)
    why = f"{_count(workers, 'worker')}: the most that share {_count(chosen.lanes, 'lane')} evenly."
    return _Chosen(chosen.lanes, 1, workers, (chosen.reasons[0], why))


_PLANNERS = {
    "sequential": _sequential,
    "multicar": _multicar,
    "sync": _sync,
    "async": _async,
    "hybrid": _hybrid,
    "executor": _executor,
    "ray": _executor,
}


def _wanted(noun: str, given: int | None, profile: Choice, usual: int, why_usual: str) -> tuple[int, str]:
    if given is not None:
        return given, f"{_count(given, noun)}: as given."
    if profile != "auto":
        return profile, f"{_count(profile, noun)}: as the profile says."
    return usual, f"{_count(usual, noun)}: {why_usual}."


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
