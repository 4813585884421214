"""What runs were asked to be, and in what they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from racetui.spec import RunSpec

ABSENT = "-"
"""What a run has for a key that its specification lacks."""
_SHORT = {"agent_config": "agent", "collector_config": "collector"}
"""Sections as ``--set`` names them."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that is not the same for all runs."""

    key: str
    """Dotted, as ``--set`` takes it."""
    values: tuple[str, ...]
    """One for each run, in their order."""


def settings_of(spec: RunSpec) -> dict[str, str]:
    """Every setting but the name, by dotted key."""
    document = msgspec.to_builtins(spec)
    del document["name"]
    return dict(_flat(document, ""))


def differences(settings: Sequence[Mapping[str, str]]) -> tuple[Difference, ...]:
    """The keys that differ, in the order of the specifications."""
    keys = dict.fromkeys(key for one in settings for key in one)
    found = (Difference(key, tuple(one.get(key, ABSENT) for one in settings)) for key in keys)
    return tuple(difference for difference in found if len(set(difference.values)) > 1)


def _flat(section: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in section.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{_SHORT.get(name, name)}.")
        else:
            yield f"{prefix}{name}", _written(value)


def _written(value: object) -> str:
    """As YAML has it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return f"{value}"
