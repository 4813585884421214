"""The person's own settings in the panel: keys, read-only, themes, and the screen that changes them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from racetui.preferences import load, settings
from racetui.runs.paths import RunPaths
from racetui.tui.forms.own_keys import ACTIONS
from racetui.tui.services import ReadOnlyError, Services, refusing
from racetui.watch.ring import RingWriter
from racetui.watch.watcher import View, Watcher
from tests.shots import make_shot
from tests.tui import scenes, stores
from tests.tui.panels import Calls, front, on_store, opened, press, shows, text, until


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., Path]:
    def write(content: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(content, encoding="utf-8")
        return path

    return write


async def test_own_keys_work_and_are_shown_everywhere(configured: Callable[[str], Path]) -> None:
    path = configured('[keys]\nlogs = "L"\npause = "P"\nback = "f9"\nnext_choice = "n"\n')
    async with opened(scenes.Still, loaded=load(path)) as (panel, pilot):
        await press(pilot, "down", "down")
        await shows(panel, "P pause", "L log")
        await press(pilot, "l")
        assert front(panel) == "Dashboard", "the key that it had before does nothing"
        await press(pilot, "L")
        assert front(panel) == "LogView"
        await shows(panel, "f9 back", "P pause")
        await press(pilot, "f9")
        assert front(panel) == "Dashboard"
        await press(pilot, "question_mark", "end")
        await shows(panel, "n               Next choice")
        await press(pilot, "f9", "colon", *"pause")
        await shows(panel, "pause  (P)")


def _to(action: str) -> list[str]:
    """Keys from the first action of the list to this one."""
    return ["j"] * ACTIONS.index(action)


async def test_keys_are_changed_in_the_list_of_them(configured: Callable[[str], Path]) -> None:
    written = "# mine\n[keys]\nlogs = 'L'  # far away\n"
    path = configured(written)
    async with opened(scenes.Still, loaded=load(path)) as (panel, pilot):
        await press(pilot, "comma", "K", *_to("pause"), "enter", "s")
        await shows(panel, "pause keeps its keys: s is taken by start")
        await press(pilot, "enter", "ctrl+h")
        await shows(panel, "pause keeps its keys: ctrl+h is backspace to a terminal")
        await press(pilot, "enter", "escape", "enter", "P", "a", "f9", "escape")
        await shows(panel, "your keys: logs = L, pause = P f9")
        await press(pilot, "escape", "down", "down")
        await shows(panel, "3 ppo-async", "P pause")
        assert load(path).own_keys == {"logs": ("L",), "pause": ("P", "f9")}
        assert written.strip() in path.read_text()
        await press(pilot, "comma", "f2", *_to("resume"), "enter", "P", "k", "delete", "escape", "escape")
        await shows(panel, "p pause")
        assert load(path).own_keys == {"logs": ("L",), "resume": ("P",)}
        await press(pilot, "comma", "f2", *_to("logs"), "d")
        await until(lambda: load(path).own_keys == {"resume": ("P",)}, "the file's own key is no more")
        await press(pilot, "enter", "ctrl+c")
        await until(lambda: not panel.is_running, "ctrl+c leaves from anywhere")


async def test_what_is_wrong_is_said_and_the_panel_opens(configured: Callable[[str], Path]) -> None:
    async with opened(scenes.Still, loaded=load(configured('[panel]\ntheme = "drak"\n'))) as (panel, pilot):
        await shows(panel, "panel.theme", "drak", "3 ppo-async")
        await press(pilot, "comma")
        await shows(panel, "wrong: ", "panel.theme")


def test_no_service_does_anything_in_a_read_only_panel() -> None:
    refused = refusing(Calls().services(), "because")
    for field in fields(Services):
        if field.name in ("demo", "watch"):
            continue
        with pytest.raises(ReadOnlyError, match="because"):
            getattr(refused, field.name)(None)


async def test_read_only_changes_nothing_and_says_why(home: Path) -> None:
    _, writer = stores.running(home)
    calls = Calls()
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    loaded = load(home / "none.toml", {"panel.readonly": True})
    async with opened(on_store(home), services=calls.services(), loaded=loaded) as (panel, pilot):
        await shows(panel, "READ-ONLY", "p pause", "ppo-async")
        for key in ("p", "s", "x", "e", "C"):
            await press(pilot, key)
            assert front(panel) == "Dashboard"
        await shows(panel, "p (pause): this panel is read-only, by --readonly")
        run = panel.selected_run
        assert run is not None
        panel.orders.give(run, "pause")  # whatever a key forgets
        await shows(panel, "ppo-async: this panel is read-only")
        await press(pilot, "t")
        assert panel.theme != "dark"
    assert calls.asked == []
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()} == before
    writer.close()


def test_a_read_only_panel_sees_a_car_that_others_watch(tmp_path: Path) -> None:
    services, paths = refusing(Services(), "because"), RunPaths(tmp_path)
    watcher = Watcher(services.drive, services.watch)

    def seen(condition: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + 20
        while not condition() and time.monotonic() < deadline:
            watcher.keep(View(paths, "best"))
            time.sleep(0.02)
        return condition()

    assert seen(lambda: watcher.note == "because")
    with RingWriter(paths.frames) as ring:
        ring.note("driven")
        ring.write(make_shot())
        assert seen(lambda: watcher.newest == 1 and watcher.note == "driven")
    watcher.stop()
    assert not paths.lease.exists()


async def test_the_theme_key_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "racetui" / "config.toml"
    async with opened(scenes.Still, loaded=load(path)) as (panel, pilot):
        await press(pilot, "t")
        assert panel.theme != "dark"
        await press(pilot, "colon", *"safe", "enter")
        await until(lambda: panel.theme == "safe", "the theme of the palette")
        chosen = panel.theme
    assert load(path).preferences.panel.theme == chosen
    async with opened(scenes.Still, loaded=load(path)) as (panel, _):
        assert panel.theme == chosen


async def test_settings_apply_at_once_and_are_kept(configured: Callable[[str], Path]) -> None:
    path = configured("# mine\n[charts]\nsmoothing = 11\n")
    async with opened(scenes.Still, (100, 40), loaded=load(path, {"panel.ascii": "never"})) as (panel, pilot):
        await press(pilot, "comma")
        await shows(panel, *(setting.key for setting in settings()), "Colours: auto is light")
        await shows(panel, "option, default auto", "file, default 0", "kept in /")
        await press(pilot, "right", "right")
        assert panel.theme == "light"
        await press(pilot, "down", "right")
        await shows(panel, "Pictures a second")
        assert panel.rate == 2.0
        await press(pilot, "down", "left")
        await shows(panel, "< always >")
        await press(pilot, "enter")
        assert front(panel) == "Dashboard"
        await until(lambda: text(panel).isascii(), "ASCII")
    loaded = load(path)
    assert path.read_text().startswith("# mine\n")
    panel_ = loaded.preferences.panel
    assert (panel_.theme, panel_.refresh, panel_.ascii) == ("light", 2.0, "always")


async def test_limits_of_the_queue_are_typed_unless_the_variable_decides(configured: Callable[[str], Path]) -> None:
    path = configured("")
    keys = ["comma", *["tab"] * [setting.key for setting in settings()].index("queue.cores")]
    async with opened(scenes.Still, loaded=load(path)) as (panel, pilot):
        await press(pilot, *keys, "minus", "1", "enter")
        await shows(panel, "0 (no limit) or more, not -1")
        await press(pilot, "up", "down", "3", "enter")
        await until(lambda: front(panel) == "Dashboard", "the form closes")
    assert load(path).preferences.queue.cores == 3
    async with opened(scenes.Still, loaded=load(path, environment={"RACETUI_QUEUE": "cores=5"})) as (panel, pilot):
        await press(pilot, *keys, "9", "enter")
        await shows(panel, "RACETUI_QUEUE wins")
    assert load(path).preferences.queue.cores == 3


async def test_a_person_may_lift_their_own_read_only_but_not_that_of_an_option(
    configured: Callable[[str], Path],
) -> None:
    keys = ["comma", "down", "down", "down", "right"]
    async with opened(scenes.Still, loaded=load(configured("[panel]\nreadonly = true\n"))) as (panel, pilot):
        await press(pilot, *keys)
        assert not panel.readonly
    async with opened(scenes.Still, loaded=load(configured(""), {"panel.readonly": True})) as (panel, pilot):
        await press(pilot, *keys)
        await shows(panel, "this panel is read-only, by --readonly")
        assert panel.readonly
