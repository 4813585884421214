"""Profiles by name: the presets packaged here, and files of the user's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from profiles.strict import DocumentError, convert
from profiles.strict_yaml import YamlError, read_yaml

PRESETS = Path(__file__).parent / "presets"

Choice: TypeAlias = int | Literal["auto"]
"""A number, or "auto": worked out from the hardware."""
Collector: TypeAlias = Literal["sequential", "multicar", "sync", "async", "hybrid", "executor", "ray"]
"""How experience is collected: what there are plans for."""
Device: TypeAlias = Literal["auto", "cpu", "cuda"]
"""Where learning happens; auto is a GPU where PyTorch finds one."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*", re.ASCII)


class ProfileError(ValueError):
    """No such profile, or its file is wrong; one line with the file, the key and what is allowed."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How a run is to spread over a machine."""

    title: str
    purpose: str
    """What it is good for, in a sentence."""
    collector: Literal["auto"] | Collector = "auto"
    """Where nobody asks for another; auto is the usual one."""
    cores: Choice = "auto"
    """Cores to plan for, as far as there are so many."""
    memory: float | Literal["auto"] = "auto"
    """GB (10^9 bytes) to plan for, as far as so many are free; a run is kept from taking more."""
    workers: Choice = "auto"
    """Processes that step cars."""
    lanes: Choice = "auto"
    """Cars stepped together."""
    cars: Choice = "auto"
    """Cars on each track, where a collector takes more than one."""
    threads: Choice = "auto"
    """Threads of the learner, as far as there are cores for them."""
    device: Device = "auto"

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        for key in ("cores", "workers", "lanes", "cars", "threads"):
            value = getattr(self, key)
            if value != "auto" and value < 1:
                raise ValueError(f"{key} must be 1 or more, or auto, not {value}")
        if self.memory != "auto" and self.memory <= 0:
            raise ValueError(f"memory must be more than 0 GB, or auto, not {self.memory}")


def profile_names(extra: Path | None = None) -> tuple[str, ...]:
    """Names of all profiles, auto first; ``extra`` is a directory of the user's own YAML files."""
    names = {path.stem for path in (*PRESETS.glob("*.yaml"), *(extra.glob("*.yaml") if extra else ()))}
    return tuple(sorted(names, key=lambda name: (name != "auto", name)))


def load_profile(name: str, extra: Path | None = None) -> Profile:
    """The named profile; a file in ``extra`` wins over a preset of that name. Raises ProfileError."""
    if _NAME.fullmatch(name):
        for directory in (extra, PRESETS):
            path = directory / f"{name}.yaml" if directory else None
            if path and path.is_file():
                return _load(path)
    raise ProfileError(f"unknown profile {name!r}: choose from {', '.join(profile_names(extra))}")


def _load(path: Path) -> Profile:
    try:
        return convert(read_yaml(path), Profile, str(path))
    except (DocumentError, YamlError) as error:
        raise ProfileError(str(error)) from None
