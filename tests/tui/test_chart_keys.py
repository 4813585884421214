"""What the keys of the charts do on the dashboard."""

from __future__ import annotations

from dataclasses import replace

import pytest

from racetui.chart.view import ChartView
from racetui.runs.positions import Axis
from racetui.tui.pane import Cells
from racetui.tui.widgets.chart import Chart
from tests.tui import scenes
from tests.tui.panels import lines, opened, press, shows, text, until
from tests.tui.snapshots import check


async def test_the_axis_of_all_charts_changes() -> None:
    async with opened(scenes.Still) as (panel, pilot):
        await press(pilot, "down", "down", "X")
        await shows(panel, "return, mean of 100 · steps", "frames/s · steps", "820k")
        await press(pilot, "X", "X")
        await shows(panel, "· training time", "11m")
        await press(pilot, "X")
        await shows(panel, "· episodes")
        await press(pilot, "X")
        await until(lambda: "· episodes" not in text(panel), "frames again")


async def test_a_run_without_counts_says_so() -> None:
    bare = {name: series for name, series in scenes.DETAIL.series.items() if not name.startswith("count/")}
    picture = replace(scenes.PICTURE, detail=replace(scenes.DETAIL, series=bare))
    async with opened(lambda: scenes.Still(picture)) as (panel, pilot):
        await press(pilot, "down", "down", "X")
        await shows(panel, "no run here kept count of its steps")
        await press(pilot, "left", "i", "y")  # no chart to read from


async def test_zoom_pan_and_cursor_go_through_all_charts() -> None:
    async with opened(scenes.Still) as (panel, pilot):
        await press(pilot, "down", "down", "i", "i")
        await until(lambda: all(chart.whole > 0 for chart in panel.screen.query(Chart)), "drawn")
        assert [row.split()[-1] for row in lines(panel) if "3.3M│" in row], "the newest stays in view"
        assert panel.charts.width == pytest.approx(3.3e6 / 4, rel=0.01)
        following = panel.charts
        await press(pilot, "left_square_bracket")
        assert panel.charts.width == following.width and panel.charts != following
        await press(pilot, "right_square_bracket")
        assert panel.charts == following
        await press(pilot, "o", "tab", "tab", "left")
        await shows(panel, "at 3.18M", "21.6k")
        before = panel.charts.cursor
        assert before is not None
        await press(pilot, "left", "left")
        assert panel.charts.cursor is not None and panel.charts.cursor < before
        await press(pilot, "home")
        await shows(panel, "at 8.00k")
        await press(pilot, "end")
        await shows(panel, "at 3.21M")
        await press(pilot, "0")
        await until(lambda: "at 3.21M" not in text(panel), "no cursor")
        assert panel.charts == ChartView()


async def test_a_click_reads_off_values() -> None:
    async with opened(scenes.Still) as (panel, pilot):
        await press(pilot, "down", "down")
        await pilot.click("#return", offset=(40, 5))
        await until(lambda: panel.charts.cursor is not None, "the cursor is set")
        assert panel.focused is not None and panel.focused.id == "return"
        await shows(panel, "at 1.75M  NaN")


async def test_log_is_the_focused_charts_own_and_smoothing_everyones() -> None:
    async with opened(scenes.Still) as (panel, pilot):
        await press(pilot, "down", "down", "tab", "tab", "tab", "y")
        await shows(panel, "frames/s · log")
        assert panel.charts.log == {"frames_per_second"}
        await press(pilot, "m")
        await shows(panel, "return, mean of 100 · mean of 11")
        await press(pilot, "m", "m", "m", "y")
        await until(lambda: "mean of 11" not in text(panel) and "· log" not in text(panel), "as before")


async def test_marked_runs_have_letters_and_curves() -> None:
    async with opened(scenes.Still) as (panel, pilot):
        await press(pilot, "space", "down", "down", "space", "down")
        await shows(panel, "a ⏸ 5 ppo-multi", "b ● 3 ppo-async", "b 893  a 500")
        chart = panel.screen.query_one("#return", Chart)
        assert [trace.tag for trace in chart.traces()] == ["a", "b"], "the selected one has no curve here"
        check("dashboard-marked-120x40", text(panel))
        await press(pilot, "up", "space")
        await until(lambda: "b ●" not in text(panel), "unmarked")


@pytest.mark.parametrize("mode", ["NO_COLOR", "LC_ALL"])
async def test_marks_and_cursor_without_colours_and_in_ascii(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setenv(mode, "C")
    async with opened(scenes.Still) as (panel, pilot):
        await press(pilot, "space", "down", "down", "space", "m", "tab", "tab", "left", "i")
        await shows(panel, "a ", "b ", "at 3.")
        assert mode == "NO_COLOR" or text(panel).isascii()


async def test_where_there_is_no_chart_its_keys_say_so() -> None:
    async with opened(scenes.Still, (60, 18)) as (panel, pilot):
        await press(pilot, "X")
        await shows(panel, "no chart is in sight")
        assert panel.charts.axis is Axis.FRAMES


async def test_a_chart_is_drawn_again_only_for_news(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(scenes.Still) as (panel, pilot):
        await press(pilot, "space", "down", "down")
        await shows(panel, "a ⏸")
        drawn: list[str] = []
        monkeypatch.setattr(Chart, "_draw", lambda self, *_: drawn.append(self.id))
        monkeypatch.setattr(Cells, "refresh", lambda self, *_regions, **_options: drawn.append(repr(self)))
        panel.repaint()
        assert drawn == []
