"""Observations against their formula, computed another way: in fractions, pixel by pixel."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from carracing.observation import grey, grey_without_indicators, luminance, observer, rgb
from carracing.task import Array, TaskConfig, task_spec


@pytest.fixture(params=["random", "road", "black", "white"])
def picture(request: pytest.FixtureRequest) -> Array:
    shape = (96, 96, 3)
    if request.param == "random":
        return np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    if request.param == "road":
        wanted = np.array([[102, 102, 102], [102, 204, 102], [102, 230, 102], [255, 0, 0]], np.uint8)
        return wanted[np.random.default_rng(2).integers(0, 4, shape[:2])]
    return np.full(shape, 0 if request.param == "black" else 255, np.uint8)


def test_luminance_is_the_rounded_weighted_mean(picture: Array) -> None:
    exact = picture.astype(object) @ np.array([299, 587, 114], dtype=object)
    assert (luminance(picture) == (exact * 2 + 1000) // 2000).all()


def test_grey_is_the_mean_over_each_pixels_area(picture: Array) -> None:
    bright = luminance(picture).astype(int).tolist()
    shrunk = grey(picture)
    assert shrunk.shape == (84, 84)
    assert shrunk.dtype == np.uint8
    covers = [covered(index) for index in range(84)]
    rows = [[sum(share * bright[i][column] for i, share in cover) for column in range(96)] for cover in covers]
    for y in range(0, 84, 5):
        for x in range(84):
            mean = sum(share * rows[y][j] for j, share in covers[x])
            assert shrunk[y, x] == int(mean + Fraction(1, 2)), (y, x)


def test_every_row_and_column_has_its_place() -> None:
    for axis, index in ((0, 0), (0, 7), (0, 8), (0, 95), (1, 0), (1, 41), (1, 95)):
        picture = np.zeros((96, 96, 3), np.uint8)
        picture[(index, slice(None)) if axis == 0 else (slice(None), index)] = 255
        lit = grey(picture).max(axis=1 - axis)
        shares = [dict(covered(place)).get(index, Fraction(0)) for place in range(84)]
        assert lit.tolist() == [int(share * 255 + Fraction(1, 2)) for share in shares]


def test_without_indicators_keeps_pixels_as_they_are(picture: Array) -> None:
    cropped = grey_without_indicators(picture)
    assert cropped.shape == (84, 84)
    assert cropped.dtype == np.uint8
    assert (cropped == luminance(picture)[:84, 6:90]).all()


def test_rgb_puts_channels_first(picture: Array) -> None:
    first = rgb(picture)
    assert first.flags.c_contiguous
    assert all((first[channel] == picture[:, :, channel]).all() for channel in range(3))


@pytest.mark.parametrize(
    ("config", "function"),
    [
        (TaskConfig(), grey),
        (TaskConfig(crop_indicators=True), grey_without_indicators),
        (TaskConfig(observation="rgb"), rgb),
    ],
)
def test_observer_follows_the_task(config: TaskConfig, function: object) -> None:
    assert observer(config) is function
    assert observer(config)(np.zeros((96, 96, 3), np.uint8)).shape == task_spec(config).observation_shape


def covered(index: int) -> list[tuple[int, Fraction]]:
    """The source pixels under one of 84 pixels, and which share of it each fills."""
    start, end = Fraction(8 * index, 7), Fraction(8 * (index + 1), 7)
    pixels = range(int(start), min(int(end), 95) + 1)
    parts = []
    for pixel in pixels:
        left, right = max(start, Fraction(pixel)), min(end, Fraction(pixel + 1))
        if right > left:
            parts.append((pixel, (right - left) / (end - start)))
    return parts
