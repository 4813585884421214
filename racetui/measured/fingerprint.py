"""What must be the same for a measurement to still count."""

from __future__ import annotations

import platform
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path

from profiles import Hardware
from profiles.hardware import CPU_INFO, processor_name
from racetui import __version__


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A machine and the programs on it."""

    cores: int
    """That this process may keep busy."""
    processor: str
    python: str
    racetui: str
    torch: str
    numba: str

    def difference(self, other: Fingerprint) -> str:
        """What is not the same any more, in words; empty where all is."""
        changed = [
            f"{field.name} {getattr(self, field.name)} then, {getattr(other, field.name)} now"
            for field in fields(self)
            if getattr(self, field.name) != getattr(other, field.name)
        ]
        return "; ".join(changed)


def fingerprint(hardware: Hardware, cpu_info: Path = CPU_INFO) -> Fingerprint:
    """Of this machine, as it is now."""
    return Fingerprint(
        hardware.usable_cores,
        processor_name(cpu_info),
        platform.python_version(),
        __version__,
        version("torch"),
        version("numba"),
    )
