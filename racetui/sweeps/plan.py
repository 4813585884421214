"""A sweep's file, and the runs that it asks for: pure functions of what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import product
from pathlib import Path
from typing import Any

from profiles.strict import convert, unknown_key
from racetui.config import ConfigError, read_config_file

Value = str | int | float | bool | None
MOST = 100
"""Runs of a sweep that says no other limit: a grid grows faster than people think."""


class SweepError(ConfigError):
    """A sweep's file asks for what cannot be."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a file says."""

    name: str
    """What the names of its runs begin with."""
    preset: str = ""
    """Settings by name, beneath all others."""
    base: Mapping[str, Any] = field(default_factory=dict)
    """Settings of every run, as a run's configuration has them, in sections or by dotted key."""
    grid: Mapping[str, Any] = field(default_factory=dict)
    """Values to try for each setting, by dotted key: every combination is a run."""
    runs: tuple[Any, ...] = ({},)
    """Settings one by one; each of them in every combination of the grid."""
    most: int = MOST
    """Runs that it may have."""

    def __post_init__(self) -> None:
        """Reject what is no sweep, naming the key."""
        for key, values in self.grid.items():
            if not isinstance(values, list) or not values:
                raise ValueError(f"grid.{key} must be a list of values to try, not {values!r}")
            twice = next((value for index, value in enumerate(values) if value in values[:index]), None)
            if twice is not None:
                raise ValueError(f"grid.{key} has {twice!r} twice: its runs would be the same")
        for number, settings in enumerate(self.runs, 1):
            if not isinstance(settings, Mapping):
                raise ValueError(f"runs: entry {number} must be settings with values, not {settings!r}")
        if not self.runs:
            raise ValueError("runs must have an entry, or be left out")


@dataclass(frozen=True, slots=True)
class Member:
    """One run of a sweep."""

    name: str
    varied: Mapping[str, Value]
    """What is its own, by dotted key."""
    settings: Mapping[str, Value]
    """All that the file says of it."""

    @property
    def overrides(self) -> tuple[str, ...]:
        """Its settings as ``--set`` takes them."""
        return tuple(f"{key}={json.dumps(value)}" for key, value in self.settings.items())


def read_sweep(path: Path) -> Sweep:
    """Read a sweep's file. Raises SweepError, which names file and key."""
    try:
        return _sweep(read_config_file(path), path)
    except ValueError as error:  # of the file, of a key, or of how they go together
        raise SweepError(str(error) if str(path) in str(error) else f"{path}: {error}") from None


def _sweep(document: dict[str, Any], path: Path) -> Sweep:
    names = {one.name: Any for one in fields(Sweep)}
    for key in document:
        if key not in names:
            raise ValueError(unknown_key(key, names, ""))
    document.setdefault("name", path.stem)
    lists = {key: document.pop(key) for key in ("base", "grid", "runs") if document.get(key) is not None}
    for key, kind, wanted in (
        ("base", dict, "keys with values"),
        ("grid", dict, "keys with values"),
        ("runs", list, "a list"),
    ):
        if not isinstance(lists.get(key, kind()), kind):
            raise ValueError(f"{key} must be {wanted}, not {lists[key]!r}")
    if "runs" in lists:
        lists["runs"] = tuple(lists["runs"])
    head = convert(document, _Head, str(path))
    return Sweep(head.name, head.preset, most=head.most, **lists)


def members(sweep: Sweep) -> list[Member]:
    """Its runs, in the order in which they are queued: the last setting of the grid changes fastest.

    Raises SweepError for more than it may have, and for a setting that is named twice.
    """
    base = dict(_flat(sweep.base))
    count = len(sweep.runs)
    for values in sweep.grid.values():
        count *= len(values)
    if count > sweep.most:
        raise SweepError(
            f"sweep {sweep.name} would be {count:,} runs, more than {sweep.most}: raise most, or try less"
        )
    digits, found = len(str(count)), list[Member]()
    for own in sweep.runs:
        alone = dict(_flat(own))
        twice = sorted(alone.keys() & sweep.grid.keys())
        if twice:
            raise SweepError(f"sweep {sweep.name}: {', '.join(twice)} is in the grid and in runs: leave one out")
        for combination in product(*sweep.grid.values()):
            varied = alone | dict(zip(sweep.grid, combination, strict=True))
            name = f"{sweep.name}-{len(found) + 1:0{digits}d}"
            found.append(Member(name, varied, base | varied))
    return found


@dataclass(frozen=True, slots=True)
class _Head:
    """The keys of a file whose values are plain."""

    name: str
    preset: str = ""
    most: int = MOST


def _flat(section: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Value]]:
    for key, value in section.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def written(varied: Mapping[str, Value]) -> str:
    """What is a run's own, for people."""
    return ", ".join(f"{key}={_word(value)}" for key, value in varied.items()) or "-"


def _word(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def alike(found: Sequence[Member], chance: Sequence[str]) -> list[tuple[str, list[Member]]]:
    """Runs that differ in ``chance`` alone together, with what is their own."""
    groups: dict[str, list[Member]] = {}
    for member in found:
        own = {key: value for key, value in member.varied.items() if key not in chance}
        groups.setdefault(written(own), []).append(member)
    return list(groups.items())
