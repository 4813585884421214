"""How the panel looks: stored screens, and what must be readable at every size, theme and locale."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot

from racetui.colours import COLOURS
from racetui.tui.app import Panel
from racetui.tui.glyphs import UNICODE
from racetui.tui.look import Look, coloured
from racetui.tui.pane import Cells
from tests.tui import scenes
from tests.tui.panels import lines, opened, press, shows, text
from tests.tui.snapshots import check

SIZES = [(60, 18), (80, 24), (120, 40), (200, 60)]


async def select_running(panel: Panel, pilot: Pilot[None]) -> None:
    await press(pilot, "down", "down")
    await shows(panel, "3 ppo-async ─", "871.2")


@pytest.mark.parametrize("theme", COLOURS)
async def test_themes_change_colours_not_text(theme: str) -> None:
    async with opened(scenes.Still) as (panel, pilot):
        await select_running(panel, pilot)
        while panel.theme != theme:
            await press(pilot, "t")
            await pilot.pause()
        check("dashboard/120x40", text(panel))
        assert panel.no_color is False


def test_the_selected_row_is_readable_on_any_ground_that_the_terminal_has() -> None:
    selected = coloured(COLOURS["terminal"], UNICODE).selected
    assert selected.color is not None and not selected.color.is_default, "black or white text would be the terminal's"
    assert selected.bgcolor is not None and not selected.bgcolor.is_default


async def test_no_color_sends_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(scenes.Still) as (panel, pilot):
        await select_running(panel, pilot)
        check("dashboard/120x40", text(panel))
        for strip in panel.screen._compositor.render_strips():
            for segment in strip:
                style = segment.style
                assert style is None or all(
                    color is None or color.is_default for color in (style.color, style.bgcolor)
                )


async def test_ascii_where_the_locale_has_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    picture = replace(scenes.PICTURE, runs=(replace(scenes.RUN, name="façade-日本"), scenes.FINISHED))
    async with opened(lambda: scenes.Still(picture)) as (panel, pilot):
        await shows(panel, "3 fa?ade-??", "* running", "+ 1 ppo-base")
        for keys in ("", "s", "escape", "question_mark", "escape", "l", "escape", "x", "escape", "e", "escape"):
            if keys:
                await press(pilot, keys)
            await pilot.pause()
            assert text(panel).isascii(), text(panel)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_what_matters_is_there_at_every_size(size: tuple[int, int]) -> None:
    async with opened(scenes.Still, size) as (panel, pilot):
        await select_running(panel, pilot)
        shown = text(panel)
        # every run with glyph, word and return; progress, time left and speed of the selected one; how to leave
        for words in ("● 3 ppo-async", "⏸ 5 ppo-multi", "✗ 4 big", "✓ 1 ppo-base", "running", "paused", "failed"):
            assert words in shown
        for words in ("812.4", "32%", "ETA 49m", "22.1k", "3.21M/10M", "CPU 61%", "? help", "q detach"):
            assert words in shown
        assert [len(row) for row in lines(panel)] == [size[0]] * size[1]


async def test_live_resizing_never_fails() -> None:
    async with opened(scenes.Still) as (panel, pilot):
        await select_running(panel, pilot)
        for size in [(200, 60), (60, 18), (20, 5), (5, 2), (1, 1), (300, 10), (30, 80), (80, 24), (120, 40)]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert [len(row) for row in lines(panel)] == [size[0]] * size[1]
        check("dashboard/120x40", text(panel))


async def test_what_is_behind_a_form_fits_a_new_size() -> None:
    async with opened(scenes.Still) as (panel, pilot):
        await select_running(panel, pilot)
        await press(pilot, "x")
        await shows(panel, "after this round")
        await pilot.resize_terminal(80, 24)
        await shows(panel, "after this round", "CPU 61%", "● 3 ppo-async")
        assert [len(row) for row in lines(panel)] == [80] * 24


async def test_many_runs_scroll_with_the_selection() -> None:
    runs = tuple(replace(scenes.RUN, id=str(number), name=f"run-{number}") for number in range(60, 0, -1))
    async with opened(lambda: scenes.Still(replace(scenes.PICTURE, runs=runs))) as (panel, pilot):
        assert "60 run-60" in text(panel)
        assert " 1 run-1 " not in text(panel)
        await press(pilot, "G")
        await shows(panel, " 1 run-1 ")
        assert "60 run-60" not in text(panel)
        await press(pilot, "g")
        await shows(panel, "60 run-60")


async def test_names_cannot_steer_the_terminal_nor_the_markup() -> None:
    nasty = replace(
        scenes.RUN,
        name="[bold]x[/] \x1b[2Jboo\x07",
        detail="\x1b]0;title\x07[red]why[/red]",
        state=scenes.FAILED.state,
    )
    async with opened(lambda: scenes.Still(replace(scenes.PICTURE, runs=(nasty,)))) as (panel, pilot):
        await shows(panel, "[bold]x[/] boo", "[red]why[/red]")
        panel.tell("[bold]toast[/]\x1b[2J")
        await shows(panel, "[bold]toast[/]")
        assert "\x1b" not in text(panel)
        await press(pilot, "enter")
        await shows(panel, "Run 3 [bold]x[/] boo")


async def test_nothing_is_repainted_when_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(scenes.Still) as (panel, pilot):
        await select_running(panel, pilot)
        refreshed: list[str] = []
        monkeypatch.setattr(Cells, "refresh", lambda self, *regions, **_: refreshed.append(repr(self)))
        panel.repaint()
        assert refreshed == []
        panel.look = replace(panel.look, strong=panel.look.bad)
        panel.repaint()
        assert refreshed, "a changed look is a change"
        assert isinstance(panel.look, Look)
