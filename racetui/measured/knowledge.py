"""All that is known of this machine, for who plans and expects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from profiles import Hardware
from racetui.measured.calibration import Calibration, CalibrationError, read_calibration
from racetui.measured.fingerprint import Fingerprint, fingerprint
from racetui.measured.runs import Remembered, key_of, remembered
from racetui.spec import RunSpec


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A calibration, and runs that ended here; implements ``racetui.expectation.Measured``."""

    machine: Fingerprint
    calibration: Calibration | None = None
    problem: str = ""
    """Why a calibration that is there is not used."""
    runs: Mapping[str, Remembered] = field(default_factory=dict)

    def frames_per_second(self, spec: RunSpec) -> tuple[float, str] | None:
        """As the same configuration ran here before, else as the calibration says."""
        before = self.runs.get(key_of(spec, self.machine))
        if before is not None:
            times = "once" if before.runs == 1 else f"{before.runs} times"
            return before.frames_per_second, f"as the same configuration did here before ({times})"
        return self.calibration.frames_per_second(spec) if self.calibration else None

    def peak_memory(self, spec: RunSpec) -> int | None:
        """Bytes that the same configuration took here before."""
        before = self.runs.get(key_of(spec, self.machine))
        return before.peak_memory if before else None


def read_knowledge(hardware: Hardware) -> Knowledge:
    """What is known of this machine; takes some milliseconds."""
    machine = fingerprint(hardware)
    try:
        calibration, problem = read_calibration(machine), ""
    except CalibrationError as error:
        calibration, problem = None, str(error)
    return Knowledge(machine, calibration, problem, remembered())
