"""Every screen and form as stored, at four sizes, dark, light, without colours and in ASCII.

One session for each size and locale walks through all of SIGHTS. Light must have the text of dark; what its colours
are is stored at one size. ``--update-snapshots`` stores what is shown now, and forgets what is no longer shown.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip

from racetui.colours import COLOURS
from racetui.tui import forms, palette, screens
from racetui.tui.app import Panel
from racetui.tui.forms.form import Form
from racetui.tui.forms.planned import PlannedForm
from racetui.tui.forms.question import Question
from racetui.tui.view import View
from tests.tui.panels import front, lines, opened, press, shows, text, until
from tests.tui.sights import SIGHTS, Sight, services, source, steady
from tests.tui.snapshots import STORED, compared, style_map, updating

SIZES = [(60, 18), (80, 24), (120, 40), (200, 60)]
STYLED = (120, 40)
"""Styles are stored at this size only."""
MODES = {"colour": {}, "no-colour": {"NO_COLOR": "1"}, "ascii": {"LC_ALL": "C"}}
"""Variables of the environment by mode."""


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_screens_look_as_stored(
    size: tuple[int, int], mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in MODES[mode].items():
        monkeypatch.setenv(name, value)
    differences: list[str] = []
    with source(tmp_path, monkeypatch) as still:
        async with opened(lambda: still, size, services()) as (panel, pilot):
            steady(panel)
            await press(pilot, "down", "down")
            for sight in SIGHTS:
                await press(pilot, *sight.keys)
                await until(lambda sight=sight: front(panel) == sight.screen, f"{sight.name}: {sight.screen}")  # type: ignore[misc]
                await shows(panel, *sight.words)
                await settled(panel, pilot)
                differences += [*different(panel, sight, size, mode)]
                await press(pilot, *sight.leave)
                await until(lambda: front(panel) == "Dashboard", f"{sight.name} is left")
    assert not any(differences), "\n".join(filter(None, differences))


async def settled(panel: Panel, pilot: Pilot[None]) -> None:
    """Wait until two looks at the screen see the same, colours included: the focus moves after the text is there.

    What is behind a form is kept as it was when the form opened, unless the form is drawn again.
    """
    before: list[Strip] = []
    panel.screen.refresh()
    await pilot.pause()
    while before != (now := panel.screen._compositor.render_strips()):
        before = now
        await pilot.pause(0.05)


def different(panel: Panel, sight: Sight, size: tuple[int, int], mode: str) -> list[str]:
    """In what the screen differs from what is stored of it."""
    place = f"{size[0]}x{size[1]}"
    assert [len(row) for row in lines(panel)] == [size[0]] * size[1], f"{sight.name}: rows of another width"
    plain = mode == "ascii" or (mode == "no-colour" and sight.drawn)
    assert mode != "ascii" or text(panel).isascii(), sight.name
    found = [compared(f"{sight.name}/{f'{mode}-' if plain else ''}{place}", text(panel))]
    for theme in ("light", "dark") if mode == "colour" else (mode,):
        if mode == "colour":
            panel.theme = theme
            panel.screen._compositor_refresh()
            found.append(compared(f"{sight.name}/{place}", text(panel)))
        if size == STYLED and mode != "ascii":
            styles = style_map(panel.screen._compositor.render_strips(), COLOURS.get(theme, {}))
            found.append(compared(f"{sight.name}/styles-{theme}", styles))
    return found


def stored_names() -> set[str]:
    """What the test above compares with."""
    names = set()
    for sight in SIGHTS:
        names |= {f"{sight.name}/styles-{theme}" for theme in ("light", "dark", "no-colour")}
        for width, height in SIZES:
            modes = ["", "ascii-", *(["no-colour-"] if sight.drawn else [])]
            names |= {f"{sight.name}/{mode}{width}x{height}" for mode in modes}
    return names


def test_nothing_is_stored_that_is_not_shown() -> None:
    stale = [path for path in STORED.glob("*/*.txt") if str(path.relative_to(STORED))[:-4] not in stored_names()]
    for path in stale if updating() else ():
        path.unlink()
    assert updating() or not stale, f"run --update-snapshots, which forgets {stale}"


def all_screens() -> set[str]:
    """Names of the classes of all screens and forms, found in their packages."""
    modules = [
        importlib.import_module(f"{package.__name__}.{found.name}")
        for package in (screens, forms)
        for found in pkgutil.iter_modules(package.__path__)
    ]
    is_screen: Callable[[object], bool] = lambda one: isinstance(one, type) and issubclass(one, Screen)  # noqa: E731
    return {
        name
        for module in (*modules, palette)
        for name, one in vars(module).items()
        if is_screen(one) and one.__module__ == module.__name__ and one not in (Form, PlannedForm, Question, View)
    }


def test_every_screen_and_form_is_stored() -> None:
    missing = all_screens() - {sight.screen for sight in SIGHTS}
    assert not missing, f"{missing} in no row of tests/tui/sights.py: add one with the keys that lead there"
