"""What a run will take, and how fast it will be, before it starts. Loads nothing heavy; takes about a millisecond."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from profiles import Hardware
from racetui.memory import Part, memory_parts, processes, total
from racetui.spec import RunSpec


class Measured(Protocol):
    """What was measured on this machine."""

    def frames_per_second(self, spec: RunSpec) -> tuple[float, str] | None:
        """How fast such a run trains here, and how that is known; None where nothing was measured."""

    def peak_memory(self, spec: RunSpec) -> int | None:
        """Bytes that the same run took here before; None where it did not run to its peak yet."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """A run before it starts."""

    processes: int
    """At most at once, an evaluation beside training among them."""
    memory_bytes: int
    """Peak of the whole process tree, as proportional set size."""
    memory_free: int
    """Bytes that can be taken here now."""
    frames_per_second: float | None
    """Of whole training, learning included; None where nothing was measured on this machine yet."""
    parts: tuple[Part, ...]
    """What the memory is estimated to go to."""
    why: tuple[str, ...]
    """One sentence each, for people."""

    @property
    def fits(self) -> bool:
        """Whether so much memory is free."""
        return self.memory_bytes <= self.memory_free


def expect(spec: RunSpec, hardware: Hardware, calibration: Measured | None = None) -> Expectation:
    """Estimate a run on a machine as it is now, by its plan and by what was measured there."""
    parts = memory_parts(spec)
    known = calibration.peak_memory(spec) if calibration else None
    size, count = known or total(parts), processes(parts)
    measured = calibration.frames_per_second(spec) if calibration else None
    largest = sorted(parts, key=lambda part: -part.bytes)
    listed = ", ".join(f"{part.name} {gigabytes(part.bytes)}" for part in largest)
    memory = (
        f"{gigabytes(size)} of memory at most{', as it took here before' if known else ''}, of "
        f"{gigabytes(hardware.memory_free)} free, in {count} {'process' if count == 1 else 'processes'}: {listed}."
    )
    speed = (
        f"{measured[0]:,.0f} frames/s: {measured[1]}."
        if measured
        else "Speed unknown: `racetui calibrate` measures this machine."
    )
    return Expectation(
        processes=count,
        memory_bytes=size,
        memory_free=hardware.memory_free,
        frames_per_second=measured[0] if measured else None,
        parts=parts,
        why=(memory, speed),
    )


def gigabytes(size: int) -> str:
    """Bytes in words."""
    return f"{size / 1e9:.2f} GB"
