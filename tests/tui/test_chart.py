"""Charts: no extreme lost, gaps seen, axes that can be read."""

from __future__ import annotations

import math

import numpy as np
import pytest

from racetui.chart import Curve, PlotOptions, plot
from racetui.chart.axes import nice_end, nice_range, nice_step, ticks
from racetui.chart.canvas import ASCII_DOTS, BRAILLE_DOTS, pack, stroke
from racetui.chart.decimate import decimate
from racetui.chart.plot import AXIS, NAN

HOLE = PlotOptions().nan
USUAL = PlotOptions()
ASCII = PlotOptions(ascii=True, corner="+", horizontal="-", tick="|", vertical="|", point="o", nan="x")


def rows(curves: list[Curve], width: int, height: int, options: PlotOptions = USUAL) -> list[str]:
    return ["".join(text for text, _ in row) for row in plot(curves, width, height, options)]


def curve(y: list[float], x: list[float] | None = None) -> Curve:
    return Curve(np.arange(len(y), dtype=float) if x is None else np.array(x), np.array(y), "curve")


def test_decimation_keeps_every_extreme() -> None:
    noise = np.random.default_rng(0).normal(size=10_000)
    noise[1234], noise[7777] = 50.0, -60.0
    columns = decimate(np.arange(10_000.0), noise, 0.0, 9_999.0, 80)
    assert columns.high.max() == 50.0
    assert columns.low.min() == -60.0
    for column in range(80):
        part = noise[(np.minimum(np.arange(10_000) * 80 / 9_999, 79.5)).astype(int) == column]
        assert columns.low[column] == part.min()
        assert columns.high[column] == part.max()


def test_decimation_joins_distant_points_but_not_over_a_hole() -> None:
    columns = decimate(np.array([0.0, 10.0, 20.0, 30.0]), np.array([0.0, 10.0, np.nan, 30.0]), 0.0, 30.0, 30)
    assert np.allclose(columns.low[1:10], np.arange(1, 10) + 0.5)
    assert np.isnan(columns.low[11:29]).all()
    assert columns.low[29] == 30.0
    assert columns.missing.nonzero()[0].tolist() == [20]


def test_decimation_of_nothing_and_of_one_point() -> None:
    nothing = decimate(np.empty(0), np.empty(0), 0.0, 1.0, 5)
    assert np.isnan(nothing.low).all()
    one = decimate(np.array([1.0]), np.array([7.0]), 0.0, 2.0, 4)
    assert one.low[2] == one.high[2] == 7.0


def test_strokes_have_no_holes_where_the_curve_is_steep() -> None:
    grid = stroke(np.array([0.0, 9.0, 2.0]), np.array([0.0, 9.0, 2.0]), 10)
    assert grid[9, 0]
    assert grid[:9, 1].all(), "rises from the dot before to its own value"
    assert grid[1:8, 2].all(), "falls likewise"


def test_dots_become_characters() -> None:
    dots = np.zeros((4, 4), dtype=bool)
    dots[0, 0] = dots[3, 1] = True
    assert pack(dots, BRAILLE_DOTS) == ["\u2881 "]
    assert pack(np.array([[True, False, True, False], [False, True, True, False]]), ASCII_DOTS) == ["'.: "]


@pytest.mark.parametrize(("width", "height"), [(12, 3), (40, 8), (70, 14), (200, 50), (5, 2), (30, 1), (0, 0)])
@pytest.mark.parametrize("options", [PlotOptions(), ASCII], ids=["braille", "ascii"])
def test_every_row_has_the_width_asked_for(width: int, height: int, options: PlotOptions) -> None:
    for values in ([], [math.nan], [5.0], [0.0] * 9, [1e-9, 1e9], [math.inf, 3.0], list(np.sin(np.arange(500) / 9))):
        drawn = rows([curve(values)], width, height, options)
        assert [len(row) for row in drawn] == [width] * height
        assert not options.ascii or "".join(drawn).isascii()


def test_plot_shows_range_curve_and_holes() -> None:
    y = np.linspace(-80.0, 900.0, 400)
    y[200:220] = np.nan
    drawn = rows([Curve(np.linspace(0, 3.2e6, 400), y, "curve")], 60, 12)
    labels = [row[:5].strip("│┤ ") for row in drawn if "┤" in row]
    assert labels == ["800", "600", "400", "200", "0"]
    assert drawn[-1].split() == ["0", "2M", "3.2M"]
    axis = drawn[-2]
    assert HOLE in axis
    hole = axis.index(HOLE) + 1
    assert all(row[hole] == " " for row in drawn[:-2])
    assert drawn[0].rstrip()[-1] > "\u2800", "the greatest value is at the top right"
    assert drawn[-3][5] > "\u2800", "the least at the bottom left"


def test_a_lone_nan_is_marked_even_among_thousands_of_points() -> None:
    y = np.zeros(5000)
    y[2500] = np.nan
    axis = plot([Curve(np.arange(5000.0), y, "curve")], 60, 10)[-2]
    assert [text for text, role in axis if role == NAN] == [HOLE]
    assert any(role == AXIS for _, role in axis)


def test_speeds_begin_at_zero() -> None:
    high = [2000.0, 2100.0, 2050.0]
    assert " 0┤" in "".join(rows([curve(high)], 40, 10, PlotOptions(from_zero=True)))
    assert " 0┤" not in "".join(rows([curve(high)], 40, 10))


def test_the_later_curve_owns_a_shared_cell() -> None:
    first, second = Curve(np.arange(9.0), np.zeros(9), "first"), Curve(np.arange(9.0), np.zeros(9), "second")
    roles = {
        role
        for row in plot([first, second], 40, 8)[:-2]
        for text, role in row
        if text.strip() and role not in {AXIS, "label"}
    }
    assert roles == {"second"}


def test_axes_use_round_numbers() -> None:
    assert nice_step(930, 4) == 250
    assert nice_step(1.0, 3) == 0.5
    low, high, step = nice_range(-77.0, 896.0, 4)
    assert low <= -77.0
    assert high >= 896.0
    assert high - low < 1.1 * (896 + 77)
    assert ticks(low, high, step) == [0.0, 250.0, 500.0, 750.0]
    for value in (0.0, 5.0, -3.0):
        low, high, _ = nice_range(value, value, 4)
        assert low <= value <= high
        assert low < high
    assert nice_range(math.nan, 1.0, 3) == (0.0, 1.0, 1.0)


def test_the_x_axis_changes_seldom_while_a_run_grows() -> None:
    ends = [nice_end(4096.0 * number) for number in range(1, 1000)]
    assert all(end >= 4096.0 * number for number, end in enumerate(ends, 1))
    assert all(end <= 1.1 * 4096.0 * number + 1 for number, end in enumerate(ends, 1) if number > 2)
    assert len(set(ends)) < 150


def test_marks_stand_at_their_points() -> None:
    rise = Curve(np.linspace(0, 1000, 50), np.linspace(0, 100, 50), "curve")
    marks = Curve(np.array([500.0, 900.0, 5000.0]), np.array([100.0, 0.0, math.nan]), "evaluation", mark="@")
    drawn = plot([rise, marks], 60, 10)
    found = [(y, role) for y, row in enumerate(drawn) for text, role in row if "@" in text]
    assert found == [(0, "evaluation"), (7, "evaluation")]
    above = Curve(np.array([500.0]), np.array([300.0]), "evaluation", mark="@")
    assert "300" in "".join(rows([rise, above], 60, 10)), "the axis makes room for it"
    assert "@" not in "".join(rows([above], 60, 10)), "marks alone are no chart"


def test_a_single_point_can_be_seen() -> None:
    drawn = rows([curve([7.0, math.nan], [8192.0, 9000.0])], 40, 10)
    assert "".join(drawn).count(USUAL.point) == 1
    assert drawn[-1].split()[0] == "0", "the x-axis begins at 0"
