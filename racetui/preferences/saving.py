"""Changing ``config.toml``: what people wrote around the value stays as it is."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table


class SavingError(Exception):
    """The file could not be changed; one line saying why, and it is as it was."""


def save(path: Path, values: Mapping[str, Any]) -> None:
    """Set some settings, by section.name, in the file, which is made where it is not there; whole or not at all.

    None takes a setting out of it.
    A file that is no TOML is left alone. Raises SavingError.
    """
    target = path.resolve()  # a link into somebody's own collection of such files stays one
    try:
        text = target.read_text(encoding="utf-8") if target.exists() else ""
        document = tomlkit.parse(text)
        for key, value in values.items():
            section, name = key.split(".")
            table = document.setdefault(section, tomlkit.table())
            if not isinstance(table, Table):
                raise SavingError(f"not saved: {path}: {section} must be a section, [{section}]: mend it first")
            if value is None:
                table.pop(name, None)
            else:
                table[name] = list(value) if isinstance(value, tuple) else value
        _replace(target, tomlkit.dumps(document))
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise SavingError(f"not saved: {path} is not TOML: {error}: mend it first") from None
    except OSError as error:
        raise SavingError(f"not saved: {path}: {error.strerror or error}") from None


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
