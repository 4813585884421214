"""From a profile and the hardware to numbers: a pure function, with its reasons in words."""

from __future__ import annotations

from dataclasses import dataclass

from profiles.hardware import Hardware
from profiles.needs import LEAST_KEPT, Kept, Measures, memory_of, replay_room
from profiles.profile import Device, Profile
from profiles.spread import BATCHED_LANES, DEFAULT_LANES, SPREADS
from profiles.wishes import Given, PlanError, Wishes, count_of, within

USUAL_COLLECTOR = "async"
"""What to collect with where neither people nor a profile say."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run spreads over the machine."""

    collector: str
    lanes: int
    cars: int
    """On each track."""
    workers: int
    threads: int
    """Of the learner."""
    simulator_threads: int
    """Within each process that simulates."""
    replay: int | None
    """Steps kept to learn from again; None of agents that keep none in memory."""
    device: Device
    reasons: tuple[str, ...]
    """Why each number is what it is, one sentence each, for people."""


def plan(
    profile: Profile,
    hardware: Hardware,
    collector: str,
    given: Given | None = None,
    batched: bool = False,
    kept: Kept | None = None,
    measures: Measures | None = None,
) -> Plan:
    """Choose lanes, cars, workers, threads, replay and device for a collector; numbers given win over the profile's.

    ``batched``: the simulator steps many cars together, on several threads if asked. ``kept``: what the agent keeps
    in memory. ``measures``: of this machine. Raises PlanError where the numbers given contradict each other, the
    collector or the machine.
    """
    given, missing = given or Given(), _missing_cores(profile, hardware)
    hardware = within(profile, hardware)
    for name in ("lanes", "cars", "workers"):
        value = getattr(given, name)
        if value is not None and value < 1:
            raise PlanError(f"{name} must be 1 or more, not {value}")
    if collector not in SPREADS:
        raise PlanError(f"no plan for collector {collector!r}: choose from {', '.join(SPREADS)}")
    lanes = BATCHED_LANES if batched else DEFAULT_LANES
    wishes = Wishes(profile, hardware, collector, given, lanes, batched, kept, measures or Measures())
    chosen = SPREADS[collector](wishes)
    threads, why_threads = _threads(wishes)
    simulating, why_simulating = _simulator_threads(wishes, chosen.lanes)
    replay, why_replay = _replay(wishes, chosen.workers)
    reasons = (missing, *chosen.reasons, why_threads, why_simulating, why_replay, _device(wishes))
    return Plan(
        collector=collector,
        lanes=chosen.lanes,
        cars=chosen.cars,
        workers=chosen.workers,
        threads=threads,
        simulator_threads=simulating,
        replay=replay,
        device=profile.device,
        reasons=tuple(reason for reason in reasons if reason),
    )


def _missing_cores(profile: Profile, hardware: Hardware) -> str:
    if profile.cores == "auto" or profile.cores <= hardware.usable_cores:
        return ""
    return f"Of the profile's {profile.cores} cores, {hardware.usable_cores} can be used here."


def _threads(wishes: Wishes) -> tuple[int, str]:
    cores, asked = wishes.hardware.usable_cores, wishes.profile.threads
    if asked == "auto":
        best = wishes.measures.learner_threads
        if best is not None and best < cores:
            return best, f"{count_of(best, 'learner thread')}: as measured here, more learn no faster."
        why = "since learner and workers take turns"
        if wishes.collector in ("executor", "ray"):
            why = "which it shares with the workers until they have driven as far ahead as they may"
        return cores, f"{count_of(cores, 'learner thread')}: all cores, {why}."
    if asked > cores:
        return (
            cores,
            f"{count_of(cores, 'learner thread')}: the profile's {asked} would be more than there are cores.",
        )
    return asked, f"{count_of(asked, 'learner thread')}: as the profile says."


def _simulator_threads(wishes: Wishes, lanes: int) -> tuple[int, str]:
    if not wishes.batched or wishes.collector not in ("sync", "multicar"):
        return 1, ""
    count = min(wishes.hardware.usable_cores, lanes)
    return count, f"{count_of(count, 'simulator thread')}: all cores step cars while the learner waits."


def _replay(wishes: Wishes, workers: int) -> tuple[int | None, str]:
    """Steps kept, as many as usual if they fit; those that somebody asked for are never changed."""
    kept = wishes.kept
    if kept is None:
        return None, ""
    size = f"{(kept.given or kept.usual) * kept.step_bytes / 1e9:.2f} GB"
    if kept.given is not None:
        return kept.given, f"{kept.given:,} steps in the replay ({size}): as given."
    room = replay_room(wishes.hardware, wishes.collector, 0 if wishes.given.cluster else workers, wishes.measures)
    fit = int(room / kept.step_bytes) // 1000 * 1000
    if fit >= kept.usual:
        return kept.usual, f"{kept.usual:,} steps in the replay ({size}): the default."
    if fit < LEAST_KEPT:
        raise PlanError(
            f"there is no memory for a replay: {memory_of(wishes.hardware.memory_free)} are free, and learner and "
            "workers need most of it: free some, use fewer workers, or keep it in a file with agent.replay_directory"
        )
    return fit, f"{fit:,} steps in the replay: {kept.usual:,}, the default, would need {size}, which are not free."


def _device(wishes: Wishes) -> str:
    """Where learning happens, in words. Raises PlanError if the profile needs a GPU that is not there."""
    gpus, device = wishes.hardware.gpus, wishes.profile.device
    if device == "cuda" and not gpus:
        raise PlanError(
            f"profile {wishes.profile.title!r} learns on a GPU, and none was found here: use profile auto, or, if "
            "there is one, `pip install 'racetui[gpu]'`, which finds more of them"
        )
    if device == "cpu" or not gpus:
        return "Learning on the processor: as the profile says." if device == "cpu" else ""
    why = "as the profile says" if device == "cuda" else "if PyTorch can use it"
    return f"Learning on the GPU ({gpus[0].name}): {why}; a replay stays in main memory."
