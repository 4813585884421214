"""Makes the panel what its preferences say, when it opens and whenever one of them changes."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from racetui.chart.view import everything
from racetui.preferences.schema import AUTO, Preferences
from racetui.runs.positions import Axis
from racetui.tui.glyphs import ASCII, UNICODE, Glyphs, choose_glyphs

if TYPE_CHECKING:
    from racetui.tui.core import Core


def chosen_theme(wanted: str, environment: Mapping[str, str], colour_system: str | None) -> str:
    """The theme to show; without colours that of the terminal, which has none of its own."""
    if "NO_COLOR" in environment:
        return "terminal"
    if wanted != AUTO:
        return wanted
    if colour_system == "standard":
        return "terminal"
    return "light" if _light(environment.get("COLORFGBG", "")) else "dark"


def _light(colours: str) -> bool:
    """Whether the background that rxvt, Konsole and others name ("15;0": foreground, background) is a light one."""
    return colours.rpartition(";")[2] in {"7", "15"}


def chosen_glyphs(wanted: str, environment: Mapping[str, str]) -> Glyphs:
    """The symbols to draw with."""
    return {"always": ASCII, "never": UNICODE}.get(wanted) or choose_glyphs(environment)


def apply(app: Core, key: str = "") -> None:
    """Do what one setting says, or all that the panel does not ask for when it needs them."""
    for name, do in _APPLIED.items():
        if key in ("", name):
            do(app, app.loaded.preferences)


def _theme(app: Core, wanted: Preferences) -> None:
    app.theme = chosen_theme(wanted.panel.theme, os.environ, app.console.color_system)


def _glyphs(app: Core, wanted: Preferences) -> None:
    app.show_glyphs(chosen_glyphs(wanted.panel.ascii, os.environ))


def _rate(app: Core, wanted: Preferences) -> None:
    app.clockwork.set_rate(wanted.panel.refresh)


def _smoothing(app: Core, wanted: Preferences) -> None:
    app.show_charts(replace(app.charts, smoothing=wanted.charts.smoothing))


def _axis(app: Core, wanted: Preferences) -> None:
    app.show_charts(everything(replace(app.charts, axis=Axis(wanted.charts.axis))))


def _car(app: Core, wanted: Preferences) -> None:
    app.watching.pace.cap(wanted.car.frames, 1000 * wanted.car.kilobytes or math.inf)
    app.watching.allow_pixels(wanted.car.pixels)


def _loudness(app: Core, wanted: Preferences) -> None:
    app.announcer.settings = wanted.notifications


_APPLIED: Mapping[str, Callable[[Core, Preferences], None]] = {
    "panel.theme": _theme,
    "panel.ascii": _glyphs,
    "panel.refresh": _rate,
    "charts.smoothing": _smoothing,
    "charts.axis": _axis,
    "car.frames": _car,
    "car.kilobytes": _car,
    "car.pixels": _car,
    **{f"notifications.{name}": _loudness for name in ("shown", "loud", "bell", "desktop")},
}
