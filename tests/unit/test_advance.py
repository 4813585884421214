"""What counts as behind on a circular track, and which tiles were missed."""

from __future__ import annotations

import pytest

from carracing.advance import Advance

TILES = 100


def drive(*touched: int | tuple[int, ...], visited_at_start: tuple[int, ...] = (0, 1)) -> tuple[Advance, set[int]]:
    """Touch tiles one moment after another, visiting each."""
    advance, visited = Advance(TILES), set(visited_at_start)
    for tiles in touched:
        group = (tiles,) if isinstance(tiles, int) else tiles
        visited.update(group)
        advance.touch(group)
    return advance, visited


@pytest.mark.parametrize(
    ("touched", "missed"),
    [
        pytest.param((), 0, id="at the start"),
        pytest.param((1, 2, 3, 4), 0, id="every tile"),
        pytest.param((1, 2, 5, 6), 2, id="a gap"),
        pytest.param((1, 2, 5, 4, 3, 6), 0, id="a gap closed later"),
        pytest.param(((0, 1), (1, 2), (2, 3), (6, 7)), 2, id="several wheels"),
        pytest.param((0, 99, 98, 97), 0, id="reversed over the start line"),
        pytest.param((0, 99, 98, 99, 0, 1, 2, 4), 1, id="reversed, then forwards"),
        pytest.param(tuple(range(99, 20, -1)), 0, id="most of the track backwards"),
        pytest.param((1, 2, 50), 47, id="a short cut of less than half a lap"),
        pytest.param(tuple(range(1, 100)), 0, id="a whole lap"),
        pytest.param((*range(1, 40), *range(42, 98)), 2, id="the end of the lap not yet reached"),
        pytest.param((*range(1, 40), *range(42, 98), 0), 4, id="past the start: what is left was missed"),
        pytest.param((*range(1, 98), 0, *range(1, 98), 98), 1, id="a second lap collects a missed tile"),
        pytest.param((*range(1, 97, 2), 99, 2, 4), 48, id="the second lap goes on counting unvisited tiles"),
    ],
)
def test_missed_tiles(touched: tuple[int | tuple[int, ...], ...], missed: int) -> None:
    advance, visited = drive(*touched)
    assert advance.missed(visited.__contains__) == missed


def test_position_and_front_are_unwrapped() -> None:
    advance, _ = drive(0, 99, 98)
    assert (advance.position, advance.front) == (-2, 0)
    advance, _ = drive(*range(100), 0, 1)
    assert (advance.position, advance.front) == (101, 101)


def test_off_the_road_the_position_stays() -> None:
    advance, _ = drive(1, 2, 3, (), ())
    assert (advance.position, advance.front) == (3, 3)
