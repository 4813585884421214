"""Runs by name: configuration files beside this one, for ``racetui train --preset``. Loads nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from racetui.config import ConfigError, read_config_file

_HERE = Path(__file__).parent


def preset_names() -> tuple[str, ...]:
    """All there are."""
    return tuple(sorted(path.stem for path in _HERE.glob("*.yaml")))


def with_preset(name: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with what the preset says wherever it says nothing itself. Raises ConfigError."""
    if name not in preset_names():
        raise ConfigError(f"unknown preset {name!r}: choose from {', '.join(preset_names())}")
    result = read_config_file(_HERE / f"{name}.yaml")
    for key, value in document.items():
        below = result.get(key)
        result[key] = {**below, **value} if isinstance(below, dict) and isinstance(value, Mapping) else value
    return result
