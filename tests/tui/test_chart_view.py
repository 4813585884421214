"""Zoom, pan, cursor, smoothing and scales of the charts, without a screen."""

from __future__ import annotations

import math

import numpy as np
import pytest

from racetui.chart import Curve, PlotOptions, draw
from racetui.chart import view as views
from racetui.chart.axes import digits, time_step
from racetui.chart.frame import CURSOR
from racetui.chart.scale import logarithmic
from racetui.chart.smooth import smoothed
from racetui.chart.view import ChartView
from racetui.runs.model import Series
from racetui.runs.positions import Axis, positions
from racetui.tui.marks import TAGS, Marks

WHOLE = 1000.0


@pytest.mark.parametrize(
    ("view", "limits"),
    [
        (ChartView(), (0.0, 1000.0)),
        (ChartView(width=100.0), (900.0, 1000.0)),
        (ChartView(width=100.0, end=300.0), (200.0, 300.0)),
        (ChartView(width=100.0, end=5000.0), (900.0, 1000.0)),  # the run was rewound since
        (ChartView(width=100.0, end=50.0), (0.0, 100.0)),
    ],
)
def test_what_is_in_view(view: ChartView, limits: tuple[float, float]) -> None:
    assert views.limits(view, WHOLE) == limits


def test_zooming_follows_the_newest_point_or_stays_around_the_cursor() -> None:
    closer = views.zoomed(ChartView(), WHOLE, 0.5)
    assert views.limits(closer, WHOLE) == (500.0, 1000.0)
    assert views.limits(closer, 2 * WHOLE) == (1500.0, 2000.0), "it goes on following"
    around = views.zoomed(ChartView(cursor=200.0), WHOLE, 0.5)
    assert views.limits(around, WHOLE) == (100.0, 600.0), "the cursor stays at its place on the screen"
    assert views.zoomed(around, WHOLE, 2.0) == ChartView(cursor=200.0)
    for _ in range(50):
        closer = views.zoomed(closer, WHOLE, 0.5)
    left, right = views.limits(closer, WHOLE)
    assert 0 < right - left <= WHOLE / 1000, "there is an end to it"


def test_panning_stays_within_the_run_and_follows_again_at_its_end() -> None:
    view = ChartView(width=400.0)
    assert views.panned(ChartView(), WHOLE, -1) == ChartView(), "everything is in view"
    back = views.panned(view, WHOLE, -1)
    assert views.limits(back, WHOLE) == (500.0, 900.0)
    assert views.limits(back, 2 * WHOLE) == (500.0, 900.0), "it does not follow"
    assert views.panned(back, WHOLE, 1).end is None
    for _ in range(9):
        back = views.panned(back, WHOLE, -1)
    assert views.limits(back, WHOLE) == (0.0, 400.0)


def test_the_view_goes_along_with_the_cursor() -> None:
    view = ChartView(width=100.0, end=500.0)
    assert views.limits(views.pointed(view, WHOLE, 450.0), WHOLE) == (400.0, 500.0)
    assert views.limits(views.pointed(view, WHOLE, 600.0), WHOLE) == (500.0, 600.0)
    assert views.limits(views.pointed(view, WHOLE, 300.0), WHOLE) == (300.0, 400.0)
    assert views.pointed(view, WHOLE, -5.0).cursor == 0.0
    assert views.everything(views.pointed(view, WHOLE, 5.0)) == ChartView()


def test_another_axis_shows_everything() -> None:
    view = ChartView(width=10.0, end=20.0, cursor=15.0, smoothing=11, log=frozenset({"loss"}))
    seen = []
    for _ in Axis:
        view = views.next_axis(view)
        seen.append(view.axis)
        assert (view.width, view.end, view.cursor) == (None, None, None)
    assert seen == [Axis.STEPS, Axis.WALL, Axis.TRAINING, Axis.EPISODES, Axis.FRAMES]
    assert (view.smoothing, view.log) == (11, frozenset({"loss"}))
    assert views.log_switched(views.log_switched(view, "a"), "loss").log == {"a"}


def test_the_nearest_point_is_read() -> None:
    x, y = np.array([0.0, 10.0, 20.0]), np.array([1.0, math.nan, 3.0])
    assert [views.nearest(x, y, at) for at in (-5.0, 4.0, 16.0, 99.0)] == [(0, 1), (0, 1), (20, 3), (20, 3)]
    found = views.nearest(x, y, 9.0)
    assert found is not None and math.isnan(found[1])
    assert views.nearest(np.empty(0), np.empty(0), 1.0) is None


def test_smoothing_is_the_mean_of_the_neighbours_that_are_numbers() -> None:
    assert smoothed(np.array([0.0, 3.0, 6.0, 0.0]), 3).tolist() == [0.0, 3.0, 3.0, 0.0]
    holed = smoothed(np.array([1.0, 2.0, math.nan, 6.0, 7.0]), 3)
    assert holed[[0, 1, 3, 4]].tolist() == [1.0, 1.5, 6.5, 7.0]
    assert math.isnan(holed[2])
    noise = np.random.default_rng(1).normal(size=500)
    assert smoothed(noise, 51)[250] == pytest.approx(noise[225:276].mean())
    assert smoothed(noise, 0) is noise


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(1.0, 1000.0, [1.0, 10.0, 100.0, 1000.0]), (20.0, 90.0, [20.0, 50.0, 100.0]), (5.0, 5.0, [2.0, 5.0, 10.0])],
)
def test_log_axes_have_round_ticks(low: float, high: float, expected: list[float]) -> None:
    scale = logarithmic(low, high, 5)
    assert list(scale.ticks) == pytest.approx(expected)
    assert 10**scale.low <= low <= high <= 10**scale.high * (1 + 1e-9)


def test_log_axes_of_many_decades_and_of_a_sliver() -> None:
    assert len(logarithmic(1e-9, 1e9, 5).ticks) <= 5
    assert len(logarithmic(812.0, 813.0, 5).ticks) >= 1


def test_a_log_chart_shows_powers_of_ten_as_equal_steps() -> None:
    x = np.linspace(0.0, 3.0, 400)
    rows = draw([Curve(x, 10.0**x, "curve")], 60, 15, PlotOptions(log=True)).rows
    text = ["".join(part for part, _ in row) for row in rows]
    labels = {row[: row.index("┤")].strip(): number for number, row in enumerate(text) if "┤" in row}
    assert labels == {"1k": 0, "100": 4, "10": 8, "1": 12}
    assert "nothing above 0" in str(draw([Curve(x, -x - 1, "curve")], 60, 15, PlotOptions(log=True)).rows)
    mixed = draw([Curve(x, x - 1.5, "curve")], 60, 15, PlotOptions(log=True)).rows
    assert [len("".join(part for part, _ in row)) for row in mixed] == [60] * 15


def test_a_part_of_the_axis_fills_the_chart() -> None:
    x = np.arange(1000.0)
    y = np.where(x < 500, x, 500 - x)
    rows = draw([Curve(x, y, "curve")], 60, 12, PlotOptions(left=100.0, right=200.0)).rows
    text = ["".join(part for part, _ in row) for row in rows]
    labels = text[-1].split()
    assert labels[0] == "100" and labels[-1] == "200"
    ticks = [float(row.split("┤")[0]) for row in text if "┤" in row]
    assert min(ticks) >= 90 and max(ticks) <= 210, "y fits what is in view"
    assert "nothing here" in str(draw([Curve(x, y, "curve")], 60, 12, PlotOptions(left=2000.0, right=3000.0)).rows)


def test_between_two_points_there_is_a_line_in_view() -> None:
    rows = draw(
        [Curve(np.array([0.0, 1000.0]), np.array([0.0, 10.0]), "c")], 40, 8, PlotOptions(left=400, right=500)
    ).rows
    assert sum(len(text.strip()) for row in rows for text, role in row if role == "c") > 30


def test_cells_and_x_belong_together() -> None:
    drawing = draw([Curve(np.arange(101.0), np.arange(101.0), "c")], 60, 10, PlotOptions(cursor=50.0, right=100.0))
    column = next(start for start in range(60) if any(_role_at(row, start) == CURSOR for row in drawing.rows))
    at = drawing.at(column)
    assert at is not None and at == pytest.approx(50.0, abs=2.0)
    assert drawing.at(0) is None and drawing.at(60) is None


def _role_at(row: list[tuple[str, str]], cell: int) -> str:
    for text, role in row:
        if cell < len(text):
            return role if text[cell] == "│" else ""
        cell -= len(text)
    return ""


def test_tags_tell_curves_apart_without_colour() -> None:
    x = np.arange(200.0)
    curves = [Curve(x, x * (number + 1), f"mark-{number + 1}", tag=tag) for number, tag in enumerate(TAGS)]
    for plain in (False, True):
        drawn = draw(curves, 100, 20, PlotOptions(ascii=plain)).rows
        found = {
            character: role for row in drawn[:-2] for text, role in row for character in text if character in TAGS
        }
        assert found == {tag: f"mark-{number + 1}" for number, tag in enumerate(TAGS)}
    alone = draw([Curve(np.array([5.0]), np.array([1.0]), "mark-1", tag="a")], 40, 8).rows
    assert "a" in str(alone), "a single point is its letter"


@pytest.mark.parametrize(
    ("span", "count", "step"),
    [(50, 5, 10), (600, 5, 120), (7200, 4, 1800), (86_400, 4, 21_600), (864_000, 4, 3 * 86_400)],
)
def test_times_have_round_steps(span: float, count: int, step: float) -> None:
    assert time_step(span, count) == pytest.approx(step, rel=0.7)
    assert time_step(span, count) * count >= span * (1 - 1e-9)


def test_labels_far_from_zero_have_more_digits() -> None:
    assert [digits(0.0, 1e6), digits(-80.0, 900.0), digits(1_000_000.0, 1_000_100.0), digits(1.0, 1.0)] == [
        3,
        3,
        7,
        3,
    ]


def test_marks_keep_their_letter_and_are_six() -> None:
    marks = Marks()
    assert all(marks.toggle(str(number)) for number in range(6))
    assert not marks.toggle("7"), "six can be compared"
    assert [marks.slot(str(number)) for number in range(6)] == list(range(6))
    assert marks.toggle("2") and marks.toggle("4")
    assert marks.toggle("4") and marks.slot("4") == 4, "marked again, the same"
    assert marks.toggle("9") and marks.slot("9") == 2
    assert marks.ids == ("0", "1", "3", "5", "4", "9")


CURVE = Series(np.array([100, 200, 300]), np.array([1010.0, 1030.0, 1025.0]), np.array([1.0, 2.0, 3.0]))
STEPS = Series(np.array([100, 300]), np.array([1010.0, 1025.0]), np.array([25.0, 75.0]))


@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        (Axis.FRAMES, [100.0, 200.0, 300.0]),
        (Axis.STEPS, [25.0, 50.0, 75.0]),
        (Axis.WALL, [10.0, 30.0, 30.0]),  # the clock was set back
        (Axis.TRAINING, None),
    ],
)
def test_where_points_lie_on_each_axis(axis: Axis, expected: list[float] | None) -> None:
    found = positions(CURVE, axis, {"count/steps": STEPS}, 1000.0)
    assert (None if found is None else found.tolist()) == expected
