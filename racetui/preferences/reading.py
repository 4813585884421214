"""Reading ``config.toml``. What is wrong in it is told line by line, and everything else in it counts."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import platformdirs

from profiles.strict import DocumentError, unknown_key
from racetui import capacity
from racetui.keymap import changed as rekeyed
from racetui.keymap import remapped
from racetui.keys import KEYS, Key
from racetui.notifications import VARIABLE, from_environment
from racetui.preferences.schema import Preferences, Setting, settings, with_value

MAX_BYTES = 64 * 1024
"""Largest file read."""
KEYS_SECTION = "keys"
_ENVIRONMENT = {"RACETUI_READONLY": "panel.readonly"}
"""Variables that set something; anything but empty, 0 and false means true."""


class Origin(StrEnum):
    """Where a value came from, the later winning."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    OPTION = "option"
    PANEL = "not kept"
    """Changed in a panel that keeps nothing."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, and left out of what counts."""

    text: str
    """One line that names file or variable, key, and what is allowed."""
    section: str = ""
    """Which it is in; empty for the whole file."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What counts, where it came from, and what was wrong."""

    preferences: Preferences = field(default_factory=Preferences)
    keys: tuple[Key, ...] = KEYS
    """The key table with the person's own keys."""
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """By the key of a setting; those not named are defaults."""
    wrong: tuple[Problem, ...] = ()
    path: Path | None = None
    """Where changes are saved; None saves none."""
    own_keys: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Action -> keys, of those that the file changes."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, a line each."""
        return tuple(problem.text for problem in self.wrong)

    def origin(self, key: str) -> Origin:
        """Where a setting's value came from."""
        return self.origins.get(key, Origin.DEFAULT)

    def changed(self, key: str, value: Any, kept: bool) -> Loaded:
        """The same with one setting changed in the panel; ``kept`` is what is about to be in the file."""
        preferences = with_value(self.preferences, key, value)
        origin = Origin.FILE if kept else Origin.PANEL
        return replace(self, preferences=preferences, origins={**self.origins, key: origin})

    def rekeyed(self, action: str, names: Sequence[str]) -> Loaded:
        """The same with other keys for an action, or the usual ones where there are none. Raises ValueError."""
        keys, own = rekeyed(self.own_keys, action, names)
        return replace(self, keys=keys, own_keys=own)


def config_path(environment: Mapping[str, str] = os.environ) -> Path:
    """The file: ``$RACETUI_CONFIG``, else in the user's configuration directory; perhaps not there."""
    chosen = environment.get("RACETUI_CONFIG", "")
    return Path(chosen).expanduser() if chosen else platformdirs.user_config_path("racetui") / "config.toml"


def load(path: Path, given: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None) -> Loaded:
    """What counts: defaults, the file, the environment, and ``given`` by options, the later winning.

    Never raises: a file that is not there is an empty one, what is wrong in it is among the problems.
    """
    document, problems = _document(path)
    known = {setting.key: setting for setting in settings()}
    found = _found(document, known, str(path), problems)
    variables = {key: environment[name] for name, key in _ENVIRONMENT.items() if environment and name in environment}
    sources = (
        (Origin.FILE, found),
        (
            Origin.ENVIRONMENT,
            {key: text.lower() not in {"", "0", "false"} for key, text in variables.items()}
            | _loudness(environment or {}, problems)
            | _capacity(environment or {}, problems),
        ),
        (Origin.OPTION, given or {}),
    )
    preferences, origins = Preferences(), {}
    for origin, values in sources:
        for key, value in values.items():
            try:
                preferences, origins[key] = with_value(preferences, key, value), origin
            except DocumentError as error:
                problems.append(Problem(f"{path}: {error}", known[key].section))
    keys, own, wrong = remapped(document.get(KEYS_SECTION, {}), f"{path}: {KEYS_SECTION}")
    problems += [Problem(text, KEYS_SECTION) for text in wrong]
    return Loaded(preferences, keys, origins, tuple(problems), path, own)


def _loudness(environment: Mapping[str, str], problems: list[Problem]) -> dict[str, bool]:
    """What RACETUI_NOTIFY says of bell and desktop."""
    if VARIABLE not in environment:
        return {}
    try:
        wanted = from_environment(environment)
    except ValueError as error:
        problems.append(Problem(str(error), "notifications"))
        return {}
    return {"notifications.bell": wanted.bell, "notifications.desktop": wanted.desktop}


def _capacity(environment: Mapping[str, str], problems: list[Problem]) -> dict[str, Any]:
    """What RACETUI_QUEUE says of the queue."""
    try:
        return {f"queue.{key}": value for key, value in capacity.from_environment(environment).items()}
    except ValueError as error:
        problems.append(Problem(str(error), "queue"))
        return {}


def _document(path: Path) -> tuple[dict[str, Any], list[Problem]]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            return {}, [Problem(f"{path}: is larger than {MAX_BYTES // 1024} kB")]
        return tomllib.loads(content.decode()), []
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        return {}, [Problem(f"{path}: {error.strerror}")]
    except UnicodeDecodeError:
        return {}, [Problem(f"{path}: is not UTF-8 text")]
    except tomllib.TOMLDecodeError as error:
        return {}, [Problem(f"{path}: is not TOML: {error}")]


def _found(
    document: Mapping[str, Any], known: Mapping[str, Setting], path: str, problems: list[Problem]
) -> dict[str, Any]:
    """What the file sets, by key; ``problems`` gains each thing that is wrong."""
    names: dict[str, dict[str, Any]] = {}
    for setting in known.values():
        names.setdefault(setting.section, {})[setting.name] = setting.kind
    values: dict[str, Any] = {}
    for section, content in document.items():
        if section == KEYS_SECTION:
            continue
        if section not in names:
            text = unknown_key(section, {**names, KEYS_SECTION: None}, "")
            problems.append(Problem(f"{path}: {text}", section))
        elif not isinstance(content, Mapping):
            text = f"{section} must be a section, [{section}], with keys of its own"
            problems.append(Problem(f"{path}: {text}", section))
        else:
            for name, value in content.items():
                try:
                    if name not in names[section]:
                        raise DocumentError(f"{path}: {unknown_key(name, names[section], section)}")
                    values[f"{section}.{name}"] = known[f"{section}.{name}"].checked(value, path)
                except DocumentError as error:
                    problems.append(Problem(str(error), section))
    return values
