"""Runs by name: configuration files beside this one and of the user's own, for ``racetui train --preset``.

Loads nothing heavy.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs

from racetui.config import ConfigError, check_keys, read_config_file

_HERE = Path(__file__).parent


def user_presets() -> Path:
    """Where people keep presets of their own, as YAML files; perhaps not there."""
    return platformdirs.user_config_path("racetui") / "presets"


def preset_names() -> tuple[str, ...]:
    """All there are."""
    return tuple(sorted(_files()))


def with_preset(name: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with what the preset says wherever it says nothing itself. Raises ConfigError."""
    files = _files()
    if name not in files:
        raise ConfigError(f"unknown preset {name!r}: choose from {', '.join(sorted(files))}")
    result = read_config_file(files[name])
    check_keys(result, str(files[name]))
    for key, value in document.items():
        below = result.get(key)
        result[key] = {**below, **value} if isinstance(below, dict) and isinstance(value, Mapping) else value
    return result


def _files() -> dict[str, Path]:
    """By name; a file of the user's own wins over one of that name here."""
    return {path.stem: path for directory in (_HERE, user_presets()) for path in directory.glob("*.yaml")}
