"""A run before it starts, in words: how it spreads, what it takes, what it waits for, and the command for it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from carracing.environments.task import EnvTask
from collectors.registry import COLLECTORS
from profiles import Hardware, detect, recommend
from racetui.expectation import Expectation, expect, gigabytes
from racetui.launching import StartRequest, build_spec, command_line
from racetui.measured import read_knowledge
from racetui.pipeline.stages import stages_of
from racetui.queueing import demand_of, in_turn, queue_limits
from racetui.runs.liveness import identity
from racetui.runs.paths import RunPaths
from racetui.runs.queue import Queue
from racetui.runs.store import RunStore
from racetui.runs.turns import Ticket
from racetui.spec import RunSpec


@dataclass(frozen=True, slots=True)
class Preview:
    """What is told of a run before it starts."""

    command: str
    """That does the same."""
    plan: str = ""
    """Cars, processes and threads."""
    expected: str = ""
    """Memory, processes and speed."""
    warnings: tuple[str, ...] = ()
    """The gravest first."""
    advice: str = ""
    error: str = ""
    """Why it cannot be started; nothing else is known then."""


def preview(request: StartRequest, store: RunStore | None = None) -> Preview:
    """Plan a run without starting it. Raises nothing: what is wrong is said."""
    command = f"{command_line(request)} --detach"
    try:
        spec, hardware = build_spec(request), detect()
        expected = expect(spec, hardware, read_knowledge(hardware))
        waits = waits_for(spec, hardware, store or RunStore())
    except Exception as error:  # whatever it is, whoever fills in the form must read it
        return Preview(command, error=" ".join(str(error).split()) or type(error).__name__)
    suited = recommend(hardware)
    advice = "" if spec.collector == suited.collector else f"{suited.collector} suits this machine: {suited.reason}"
    warnings = (*_queued(waits, request.now), *_memory(expected, waits), *_oversubscribed(spec, hardware))
    return Preview(command, plan_words(spec), expected_words(expected), warnings, advice)


def waits_for(spec: RunSpec, hardware: Hardware, store: RunStore) -> str:
    """What a run would wait for if it were started now; empty if it would start at once."""
    queue, run = Queue(RunPaths(store.runs / "0")), "new"
    ticket = Ticket(run, identity(), 0, demand_of(spec))
    return queue.look().joined(ticket, queue_limits(in_turn(hardware, store.runs))).reason(run)


def plan_words(spec: RunSpec) -> str:
    """How a run spreads over the machine."""
    config = spec.collector_config
    driven = "environment" if isinstance(spec.task, EnvTask) else "car"
    cars = _counted(config.lanes, driven) + (f", {config.cars} on each track" if config.cars > 1 else "")
    processes = "1 process"
    if COLLECTORS[spec.collector].workers:
        processes = _counted(config.workers, "worker process", "worker processes")
    words = f"{cars} in {processes}, {_counted(spec.threads, 'learner thread')}"
    stages = stages_of(spec)
    return f"{words}; stages {', '.join(stage.name for stage in stages)}" if stages else words


def expected_words(expected: Expectation) -> str:
    """What a run is expected to take, and how fast it will be."""
    speed = "speed unknown"
    if expected.frames_per_second is not None:
        speed = f"~{_rounded(expected.frames_per_second):,} frames/s"
    memory = f"{expected.memory_bytes / 1e9:.2f} of {expected.memory_free / 1e9:.1f} GB free"
    return f"{memory}, {_counted(expected.processes, 'process', 'processes')}, {speed}"


def _queued(waits: str, now: bool) -> tuple[str, ...]:
    if not waits:
        return ()
    return (f"starts beside others, which are in its way ({waits})" if now else f"will be queued, {waits}",)


def _memory(expected: Expectation, waits: str) -> tuple[str, ...]:
    if expected.fits or waits:  # who waits has the memory of those that go when its turn comes
        return ()
    largest = max(expected.parts, key=lambda part: part.bytes)
    takes = f"{gigabytes(expected.memory_bytes)}, of which {largest.name} {gigabytes(largest.bytes)}"
    return (f"more memory than is free: {takes}",)


def _oversubscribed(spec: RunSpec, hardware: Hardware) -> tuple[str, ...]:
    cores, config = hardware.usable_cores, spec.collector_config
    found = []
    if COLLECTORS[spec.collector].workers and config.workers > cores and not config.ray_address:
        found.append(f"{config.workers} workers on {_counted(cores, 'core')} take turns: fewer are as fast")
    if max(spec.threads, config.threads) > cores:
        found.append(
            f"{max(spec.threads, config.threads)} threads on {_counted(cores, 'core')} are slower than fewer"
        )
    return tuple(found)


def _rounded(value: float) -> int:
    """Two significant digits: nobody knows more."""
    digits = max(0, int(math.log10(value)) - 1) if value >= 1 else 0
    return int(round(value / 10**digits) * 10**digits)


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
