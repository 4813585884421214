"""Whether the plan is a good one: whole training as planned, beside the plans around it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from profiles import PlanError
from racetui.bench.cases import Case
from racetui.bench.collecting import measure
from racetui.config import ConfigError
from racetui.launching import StartRequest, build_spec
from racetui.spec import RunSpec

COLLECTORS = ("sync", "async", "executor")
"""Those that many cars on many tracks can be collected with here."""
PROMISED = 0.9
"""Share of the best speed that the plan is to reach."""


@dataclass(frozen=True, slots=True)
class SweepRow:
    """One way to spread a run over the machine; rates are per second, learning included."""

    collector: str
    lanes: int
    workers: int
    simulator_threads: int
    threads: int
    """Of the learner."""
    planned: bool
    frames_per_second: float
    """Median."""
    lowest: float
    highest: float
    memory: int
    """Bytes of the process tree at the end."""
    ratio: float
    """Of the best row's speed."""


def sweep_cases(request: StartRequest) -> list[Case]:
    """The plan, first, and what lies around it: other collectors, half and twice the lanes, other threads.

    Raises what ``build_spec`` raises for the plan itself.
    """
    planned = build_spec(replace(request, name="bench"))
    found = {_spread(planned): planned}
    for collector in dict.fromkeys((planned.collector, *COLLECTORS)):
        for changed in _around(replace(request, name="bench", collector=collector)):
            found.setdefault(_spread(changed), changed)
    return [Case(" ".join(map(str, spread)), "ours", spec) for spread, spec in found.items()]


def measure_sweep(cases: Sequence[Case], seconds: float, repeats: int, say: Callable[[str], None]) -> list[SweepRow]:
    """Train with every case, by turns, so that a slow spell strikes all alike. Raises MeasurementError.

    The first case is the plan.
    """
    speeds: dict[str, list[float]] = {case.name: [] for case in cases}
    memory: dict[str, int] = {}
    for turn in range(repeats):
        for case in cases:
            say(f"turn {turn + 1} of {repeats}: {case.name}")
            done = measure(case, seconds, learn=True)
            speeds[case.name].append(done.frames / done.seconds)
            memory[case.name] = max(memory.get(case.name, 0), done.memory_end)
    medians = {name: statistics.median(several) for name, several in speeds.items()}
    best = max(medians.values())
    rows = [
        SweepRow(
            *_spread(case.spec),
            planned=case is cases[0],
            frames_per_second=medians[case.name],
            lowest=min(speeds[case.name]),
            highest=max(speeds[case.name]),
            memory=memory[case.name],
            ratio=medians[case.name] / best,
        )
        for case in cases
    ]
    return sorted(rows, key=lambda row: -row.frames_per_second)


def _around(request: StartRequest) -> Iterator[RunSpec]:
    """The plan of a collector, and with one number of it changed; what cannot be had is left out."""
    try:
        plan = build_spec(request)
    except (ConfigError, PlanError, ValueError):
        return
    yield plan
    config, threads = plan.collector_config, plan.threads
    changes = [
        *(f"collector.lanes={lanes}" for lanes in (config.lanes // 2, config.lanes * 2)),
        *(f"threads={count}" for count in (max(1, threads // 2), threads * 2) if count != threads),
    ]
    if config.workers > 1:
        changes += [f"collector.workers={count}" for count in (max(1, config.workers // 2), config.workers + 1)]
    if config.threads > 1:
        changes.append(f"collector.threads={config.threads // 2}")
    for change in changes:
        try:
            yield build_spec(replace(request, overrides=(*request.overrides, change)))
        except (ConfigError, PlanError, ValueError):
            continue


def _spread(spec: RunSpec) -> tuple[str, int, int, int, int]:
    config = spec.collector_config
    return spec.collector, config.lanes, config.workers, config.threads, spec.threads
