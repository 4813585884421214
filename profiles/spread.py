"""How many cars and workers each collector takes: given, wished for, or usual, and never against each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from profiles.wishes import Chosen, PlanError, Wishes, count_of, wanted

DEFAULT_LANES = 8
"""What rl-baselines3-zoo's tuned PPO uses for CarRacing (``n_envs`` in its hyperparams/ppo.yml)."""
BATCHED_LANES = 64
"""The same for a simulator that steps cars together: it fills its SIMD lanes, the actor a better batch, and a round
of 4096 steps with 64 different tracks."""
DEFAULT_CARS = 8
"""On the one track of multicar."""
HYBRID_CARS = 4
"""On each track of hybrid: with the default lanes, several tracks remain."""
EPISODES_AT_ONCE = {True: 4, False: 2}
"""In a worker that drives whole episodes, by whether the simulator steps cars together: with more, weights are older
when their episodes are learned from."""


def _sequential(wishes: Wishes) -> Chosen:
    for name in ("lanes", "cars", "workers"):
        wishes.only(name, "it steps one car in one process")
    return Chosen(1, 1, 1, ("1 lane in 1 process: that is what sequential means.",))


def _multicar(wishes: Wishes) -> Chosen:
    wishes.only("workers", "all its cars are on one track, which one process steps")
    given = wishes.given
    if given.lanes is not None and given.cars not in (None, given.lanes):
        raise PlanError(
            f"lanes ({given.lanes}) and cars ({given.cars}) must be equal with collector multicar: it drives on one "
            "track, hybrid on more"
        )
    asked = given.lanes if given.cars is None else given.cars
    number, why = wanted("car", asked, wishes.profile.cars, DEFAULT_CARS, "the default")
    return Chosen(number, number, 1, (why, "1 process: multicar steps all cars itself."))


def _sync(wishes: Wishes) -> Chosen:
    wishes.only("workers", "it steps all cars in one process")
    wishes.only("cars", "multicar and hybrid take more on a track")
    number, reason = wishes.lanes()
    return Chosen(number, 1, 1, (reason, "1 process: sync steps all cars itself."))


def _async(wishes: Wishes) -> Chosen:
    wishes.only("cars", "multicar and hybrid take more on a track")
    return _over_workers(wishes, 1, ())


def _hybrid(wishes: Wishes) -> Chosen:
    given = wishes.given
    cars, why = wanted("car", given.cars, wishes.profile.cars, HYBRID_CARS, "the default")
    if given.lanes is not None and given.lanes % cars:
        if given.cars is not None:
            raise PlanError(f"cars (on each track) must divide lanes ({given.lanes}), not {cars}")
        most, cars = cars, max(divisor for divisor in range(1, cars + 1) if given.lanes % divisor == 0)
        why = f"{count_of(cars, 'car')}: the most up to {most} that divide {given.lanes} lanes."
    return _over_workers(wishes, cars, (f"{why.removesuffix('.')} on each track.",))


def _over_workers(wishes: Wishes, cars: int, reasons: tuple[str, ...]) -> Chosen:
    """Tracks of ``cars`` cars over worker processes."""
    given = wishes.given
    tracks = None if given.lanes is None else given.lanes // cars
    if tracks is not None and given.workers is not None and given.workers > tracks:
        most = f"lanes ({given.lanes})" if cars == 1 else f"tracks ({given.lanes} lanes / {cars} cars)"
        what = "car" if cars == 1 else "track"
        raise PlanError(f"workers must be 1 to {most}, not {given.workers}: each steps at least one {what}")
    count, why = wishes.workers()
    if tracks is not None and count > tracks:
        count, why = (
            tracks,
            f"{count_of(tracks, 'worker')}: each steps at least one {'car' if cars == 1 else 'track'}.",
        )
    number, reason = wishes.lanes()
    if given.lanes is None and number % (cars * count):
        number += -number % (cars * count)
        reason = f"{number} lanes: the next multiple of {cars * count}, so that no worker waits for a fuller one."
    return Chosen(number, cars, count, (*reasons, reason, why))


def _executor(wishes: Wishes) -> Chosen:
    """Whole episodes over workers, equally many at once in each."""
    wishes.only("cars", "multicar and hybrid take more on a track")
    lanes = wishes.given.lanes
    count, why = wishes.workers()
    if lanes is not None and lanes % count:
        if wishes.given.workers is not None:
            less = lanes // count * count
            able = f"{less} or {less + count}" if less else str(count)
            raise PlanError(
                f"lanes ({lanes}) must be a multiple of workers ({count}) with collector {wishes.collector}, whose "
                f"workers drive lanes / workers episodes at once: use {able}"
            )
        count = max(divisor for divisor in range(1, min(count, lanes) + 1) if lanes % divisor == 0)
        why = f"{count_of(count, 'worker')}: the most that share {count_of(lanes, 'lane')} evenly."
    at_once = EPISODES_AT_ONCE[wishes.batched]
    usual = f"{count_of(at_once, 'episode')} at once in each worker"
    number, reason = wanted("lane", lanes, wishes.profile.lanes, at_once * count, usual)
    if number % count:
        number += -number % count
        reason = f"{number} lanes: the next multiple of {count_of(count, 'worker')}, who share them evenly."
    return Chosen(number, 1, count, (reason, why))


SPREADS: Mapping[str, Callable[[Wishes], Chosen]] = {
    "sequential": _sequential,
    "multicar": _multicar,
    "sync": _sync,
    "async": _async,
    "hybrid": _hybrid,
    "executor": _executor,
    "ray": _executor,
}
"""By collector."""
