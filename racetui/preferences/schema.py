"""Everything that ``config.toml`` may say, but for ``[keys]``. A new setting, or section, is a line here.

File, settings screen and documentation follow: the text under a field is its help, ``choices`` are what it may be.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, is_dataclass, replace
from itertools import pairwise
from typing import Any, get_origin

from profiles import profile_names
from profiles.strict import DocumentError, convert_value, field_types
from racetui.capacity import QueueSettings
from racetui.chart.view import SMOOTHINGS
from racetui.colours import COLOURS
from racetui.notifications import NotificationSettings
from racetui.runs.positions import Axis

AUTO = "auto"
RATES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Pictures per second to choose from."""


def _user_profiles() -> tuple[str, ...]:
    from racetui.planning import user_profiles

    return profile_names(user_profiles())


def choices(values: Sequence[Any] | Callable[[], Sequence[Any]]) -> dict[str, Any]:
    """What a field may be, as its metadata; a function is asked when somebody wants to know."""
    return {"choices": values}


@dataclass(frozen=True, slots=True)
class PanelPreferences:
    """``[panel]``."""

    theme: str = field(default=AUTO, metadata=choices((AUTO, *COLOURS)))
    """Colours: auto is light where the terminal says so (COLORFGBG), its own 16 where it has no more, else dark. dusk
    is warm and dim, contrast the strongest, safe for any colour vision. NO_COLOR wins over all."""
    refresh: float = field(default=1.0, metadata=choices(RATES))
    """Pictures a second to begin with; + and - change it until the panel is left. Fewer are easier on a slow link."""
    ascii: str = field(default=AUTO, metadata=choices((AUTO, "always", "never")))
    """Characters of ASCII alone: auto where the locale is not UTF-8."""
    readonly: bool = False
    """The panel only shows: it starts, stops, orders, deletes and writes nothing."""


@dataclass(frozen=True, slots=True)
class ChartPreferences:
    """``[charts]``."""

    smoothing: int = field(default=0, metadata=choices(SMOOTHINGS))
    """Points that curves are averaged over to begin with, the raw line behind; 0 for none."""
    axis: str = field(default=Axis.FRAMES.value, metadata=choices(tuple(axis.value for axis in Axis)))
    """What curves are drawn over to begin with."""


@dataclass(frozen=True, slots=True)
class CarPreferences:
    """``[car]``."""

    frames: int = field(default=10, metadata=choices((1, 2, 3, 5, 10)))
    """Most pictures of the watched car a second. A slow link gets fewer by itself."""
    kilobytes: int = field(default=35, metadata=choices((10, 20, 35, 70, 0)))
    """Most that these pictures may send a second, in kB: larger ones come less often. 0 for any amount."""
    pixels: bool = True
    """Show it in pixels where the terminal can (kitty's protocol), rather than in half blocks."""


@dataclass(frozen=True, slots=True)
class StartPreferences:
    """``[start]``."""

    profile: str = field(default=AUTO, metadata=choices(_user_profiles))
    """Hardware profile that the start form begins with."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """The file: a section for each field."""

    panel: PanelPreferences = field(default_factory=PanelPreferences)
    charts: ChartPreferences = field(default_factory=ChartPreferences)
    car: CarPreferences = field(default_factory=CarPreferences)
    start: StartPreferences = field(default_factory=StartPreferences)
    queue: QueueSettings = field(default_factory=QueueSettings)
    notifications: NotificationSettings = field(default_factory=NotificationSettings)


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that can be set."""

    section: str
    name: str
    kind: Any
    """Its type."""
    default: Any
    owner: type[Any]
    """The dataclass of its section."""
    allowed: Sequence[Any] | Callable[[], Sequence[Any]]

    @property
    def key(self) -> str:
        """As people write it: panel.theme."""
        return f"{self.section}.{self.name}"

    @property
    def choices(self) -> tuple[Any, ...]:
        """What it may be; empty where anything of its type will do."""
        return tuple(self.allowed() if callable(self.allowed) else self.allowed)

    @property
    def help(self) -> str:
        """What it means: the text under its field."""
        return docstrings(self.owner).get(self.name, "")

    def checked(self, value: object, source: str) -> Any:
        """The value, converted; ``source`` opens the error. Raises DocumentError."""
        place = f"{source}: {self.key}"
        converted = convert_value(value, self.kind, place)
        choices = self.choices
        if choices and converted not in choices:
            allowed = ", ".join(map(written, choices))
            raise DocumentError(f"{place} must be one of {allowed}, not {written(converted)}")
        return converted


def settings() -> tuple[Setting, ...]:
    """All there are, in the order of the file."""
    return tuple(
        setting
        for section, kind in field_types(Preferences).items()
        if is_dataclass(kind) and isinstance(kind, type)
        for setting in _settings_of(section, kind)
    )


def value_of(preferences: Preferences, key: str) -> Any:
    """What a setting is."""
    section, name = key.split(".")
    return getattr(getattr(preferences, section), name)


def with_value(preferences: Preferences, key: str, value: Any) -> Preferences:
    """The preferences with one setting changed; its value was checked.

    Raises DocumentError where its section has rules of its own.
    """
    section, name = key.split(".")
    try:
        return replace(preferences, **{section: replace(getattr(preferences, section), **{name: value})})
    except ValueError as error:
        raise DocumentError(str(error)) from None


def written(value: object) -> str:
    """A value as people read it: true, 0.5, dark; several with commas between."""
    if isinstance(value, tuple):
        return ", ".join(map(written, value))
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _settings_of(section: str, kind: type[Any]) -> list[Setting]:
    types, usual = field_types(kind), kind()
    return [
        Setting(
            section,
            row.name,
            types[row.name],
            getattr(usual, row.name),
            kind,
            row.metadata.get("choices", (True, False) if types[row.name] is bool else ()),
        )
        for row in fields(kind)
    ]


def read(setting: Setting, text: str) -> Any:
    """The value that somebody typed, the other way round. Raises DocumentError."""
    if get_origin(setting.kind) is tuple:
        return setting.checked([part for part in (part.strip() for part in text.split(",")) if part], "here")
    if setting.kind in (int, float):
        with suppress(ValueError):
            return setting.checked(setting.kind(text), "here")
    return setting.checked(text, "here")


def docstrings(kind: type[Any]) -> Mapping[str, str]:
    """The text under each field of a dataclass, on one line."""
    body = ast.parse(inspect.getsource(kind)).body[0].body  # type: ignore[attr-defined]
    texts: dict[str, str] = {}
    for above, below in pairwise(body):
        if isinstance(above, ast.AnnAssign) and isinstance(above.target, ast.Name) and isinstance(below, ast.Expr):
            text = ast.literal_eval(below.value)
            texts[above.target.id] = " ".join(str(text).split())
    return texts
