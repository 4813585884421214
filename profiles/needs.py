"""What the processes of a run need of a machine, and how many of them it can hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from profiles.hardware import Hardware

PROGRAM_BYTES = 360 << 20
"""Of the process that learns before it has learned anything: interpreter, PyTorch, the compiled simulator."""
LEARNER_BYTES = 800 << 20
"""What learning from pixels takes, whatever the collector, with an evaluation beside it."""
HELPER_BYTES = {"async": 52 << 20, "hybrid": 52 << 20, "executor": 122 << 20, "ray": 400 << 20}
"""Of the processes that start workers and clean up after them, by collector; ray's are Ray's own, as it starts."""
WORKER_BYTES = {"async": 64 << 20, "hybrid": 64 << 20, "executor": 192 << 20, "ray": 320 << 20}
"""What a worker takes, by collector: proportional memory of one that drives four cars on pixels, rounded up. Those of
executor and ray hold a policy, and PyTorch with it, which the ones of executor share."""
OWN_FILES = 64
"""File descriptors of the process that learns and collects, without those for its workers; generous."""
WORKER_FILES = 4
"""What a worker adds to them, as counted: 3 with async (link, end of the process, shared memory), 4 with executor."""
LEAST_KEPT = 1000
"""Steps below which a replay is worth nothing."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Steps that an agent keeps in memory to learn from them again."""

    usual: int
    """How many, where nobody says."""
    step_bytes: float
    given: int | None = None
    """How many somebody asked for."""

    @property
    def bytes(self) -> int:
        """Of all that is wanted."""
        return round((self.given or self.usual) * self.step_bytes)


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured on this machine, where something was."""

    worker_bytes: Mapping[str, int] = field(default_factory=dict)
    """Of one worker, by collector."""
    learner_threads: int | None = None
    """The fewest that learn about as fast as any number does."""


@dataclass(frozen=True, slots=True)
class Bound:
    """As many workers as one thing allows."""

    most: int
    reason: str
    """Why there are so many, where this is what decides."""
    refusal: Callable[[int], str]
    """What is wrong with more, and what to do."""


_UNMEASURED = Measures()


def worker_bounds(
    hardware: Hardware, collector: str, kept: Kept | None, measures: Measures = _UNMEASURED
) -> Iterator[Bound]:
    """What bounds the workers of a collector on this machine."""
    yield _by_memory(hardware.memory_free, worker_bytes(collector, measures), kept)
    if hardware.file_limit is not None:
        yield _by_files(hardware.file_limit, hardware.file_limit_hard)


def worker_bytes(collector: str, measures: Measures = _UNMEASURED) -> int:
    """Memory of one worker process, as measured here or as usual; 0 of a collector without them."""
    return measures.worker_bytes.get(collector) or WORKER_BYTES.get(collector, 0)


def replay_room(hardware: Hardware, collector: str, workers: int, measures: Measures = _UNMEASURED) -> int:
    """Bytes left for a replay beside the learner and so many workers."""
    return max(0, hardware.memory_free - LEARNER_BYTES - workers * worker_bytes(collector, measures))


def files_needed(workers: int) -> int:
    """File descriptors that a run of so many workers has open at once in one process."""
    return OWN_FILES + workers * WORKER_FILES


def file_advice(needed: int, hard: int | None) -> str:
    """What to do about a limit that is too low."""
    if hard is None or needed <= hard:
        return f"`ulimit -n {needed}` beforehand"
    return f"have your administrator raise the limit, which is at most {hard} here"


def memory_of(size: int) -> str:
    """Bytes in words."""
    return f"{size / 1e9:.1f} GB"


def _by_memory(free: int, worker: int, kept: Kept | None) -> Bound:
    """Workers leave a replay what it wants, up to half of what the learner leaves."""
    others = LEARNER_BYTES
    others += min(kept.bytes, max(0, free - others) // 2) if kept else 0
    most = max(0, free - others) // worker
    advice = f"use at most {most}" if most else "free some memory, or use collector sync"
    return Bound(
        most,
        f"as many as {memory_of(free)} of free memory hold",
        lambda count: (
            f"and the learner need about {memory_of(others + count * worker)}, "
            f"and {memory_of(free)} are free: {advice}"
        ),
    )


def _by_files(limit: int, hard: int | None) -> Bound:
    most = max(0, limit - OWN_FILES) // WORKER_FILES
    return Bound(
        most,
        f"as many as a limit of {limit} file descriptors allows, which `ulimit -n` shows",
        lambda count: (
            f"need about {files_needed(count)} file descriptors, and the limit is {limit}: "
            f"{f'use at most {most}, or ' if most else ''}{file_advice(files_needed(count), hard)}"
        ),
    )
