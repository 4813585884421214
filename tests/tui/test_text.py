"""Numbers, lines, meters and frames: what a row of the panel is made of."""

from __future__ import annotations

import math

import pytest
from rich.cells import cell_len

from racetui import words
from racetui.colours import COLOURS
from racetui.runs.model import RunState
from racetui.tui.frame import Box, framed
from racetui.tui.glyphs import ASCII, UNICODE, choose_glyphs
from racetui.tui.lines import clean, fit, line, wrapped
from racetui.tui.look import coloured, colourless
from racetui.tui.meters import bar, levels, sparkline, stacked

LOOK = colourless(UNICODE)
PLAIN = colourless(ASCII)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *(
            (None, words.UNKNOWN),
            (math.nan, words.UNKNOWN),
            (math.inf, "inf"),
            (-math.inf, "-inf"),
            (0, "0.00"),
            (7, "7.00"),
        ),
        *((812.4, "812"), (999.4, "999"), (999.6, "1.00k"), (22_100, "22.1k"), (999_999, "1.00M"), (-80, "-80.0")),
        *((3.21e6, "3.21M"), (1e9, "1.00G"), (5e12, "5.00e+12"), (0.0003, "3.0e-04")),
    ],
)
def test_short_numbers(value: float | None, text: str) -> None:
    assert words.short(value) == text


def test_counts_are_whole() -> None:
    assert [words.count(value) for value in (0, 7, 999, 4096, 3_210_000, None)] == [
        *("0", "7", "999", "4.10k", "3.21M", words.UNKNOWN)
    ]


def test_trimmed_numbers() -> None:
    assert [words.trimmed(value) for value in (0, 1000, 2.5e6, 10e6, 750, 1.25)] == [
        "0",
        "1k",
        "2.5M",
        "10M",
        "750",
        "1.25",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, words.UNKNOWN),
        (math.inf, words.UNKNOWN),
        (0, "0s"),
        (59.4, "59s"),
        (59.6, "1m00s"),
        (125, "2m05s"),
        (2940, "49m"),
        (7860, "2h11m"),
        (273_600, "3d04h"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert words.duration(seconds) == text


def test_percent_says_all_only_when_it_is_all() -> None:
    assert [words.percent(share) for share in (0.0, 0.321, 0.999, 1.0, None)] == [
        "0%",
        "32%",
        "99%",
        "100%",
        words.UNKNOWN,
    ]


def test_sizes() -> None:
    assert [words.size(count) for count in (None, 512, 1_000_000, 21e9, 1_500_000_000)] == [
        words.UNKNOWN,
        "512B",
        "1.00M",
        "21.0G",
        "1.50G",
    ]


def test_clean_text_cannot_steer_a_terminal() -> None:
    nasty = "a\x1b[2Jb\x1b]0;title\x07c\x9b31md\x00e\x85f\u202eg"
    assert all(character.isprintable() for character in clean(nasty, LOOK))
    assert "title" not in clean(nasty, LOOK)
    assert clean("façade 日本", PLAIN) == "fa?ade ??"


@pytest.mark.parametrize("text", ["short", "日本語の名前です", "a日b本c", "", "exactly ten"])
@pytest.mark.parametrize("width", [0, 1, 2, 5, 10, 11])
def test_fit_never_takes_more_cells_than_there_are(text: str, width: int) -> None:
    assert cell_len(fit(text, width, LOOK)) <= width
    assert fit(text, 50, LOOK) == text


@pytest.mark.parametrize("width", range(12))
def test_lines_are_exactly_as_wide_as_asked(width: int) -> None:
    for left in ([("日本語", LOOK.text), ("rest", LOOK.bad)], [("", LOOK.text)], []):
        for right in ([], [("5", LOOK.text)], [("日本", LOOK.text), ("x", LOOK.text)]):
            strip = line(left, width, LOOK, right)
            assert cell_len(strip.text) == width == strip.cell_length


def test_lines_mark_what_they_cut_and_keep_the_right_side() -> None:
    assert line([("a long name", LOOK.text)], 10, LOOK, [("42", LOOK.text)]).text == "a long… 42"
    assert line([("abc", LOOK.text), ("def", LOOK.text)], 3, LOOK).text == "ab…"


def test_wrapping_breaks_at_spaces_and_long_words() -> None:
    assert wrapped("the quick brown fox", 9, LOOK) == ["the quick", "brown fox"]
    assert wrapped("x" * 25, 10, LOOK) == ["x" * 10, "x" * 10, "x" * 5]
    assert wrapped("", 10, LOOK) == [""]
    assert all(cell_len(row) <= 7 for row in wrapped("日本語の名前です and more", 7, LOOK))


def test_wrapping_loses_nothing() -> None:
    text = "Traceback (most recent call last): File learn.py, line 7, in a_function_with_a_very_long_name"
    for width in range(5, 60):
        assert "".join(wrapped(text, width, LOOK)).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(("width", "height"), [(40, 5), (8, 3), (4, 2), (2, 2), (1, 1), (0, 0), (40, 1)])
def test_frames_fit_their_place(width: int, height: int) -> None:
    rows = framed(
        [line([("body", LOOK.text)], max(0, width - 2), LOOK)] * 9,
        width,
        height,
        Box("A title", [("fact", LOOK.bad)]),
        LOOK,
    )
    assert [cell_len(row.text) for row in rows] == [width] * height


def test_frame_has_title_and_fact_in_its_edge() -> None:
    top = framed([], 30, 3, Box("Runs", [("4", LOOK.muted)]), LOOK)[0].text
    assert top == "╭─ Runs " + "─" * 17 + " 4 ─╮"
    assert framed([], 30, 3, Box("Runs"), PLAIN)[0].text == "+- Runs " + "-" * 21 + "+"


def test_meters() -> None:
    assert "".join(text for text, _ in bar(0.5, 10, LOOK, LOOK.good)) == "█████░░░░░"
    assert "".join(text for text, _ in bar(7.0, 4, LOOK, LOOK.good)) == "████"
    assert "".join(text for text, _ in bar(math.nan, 4, LOOK, LOOK.good)) == "░░░░"
    assert "".join(text for text, _ in levels([0.0, 0.01, 0.5, 1.0], LOOK)) == "▁▁▅█"
    parts = stacked([(0.5, LOOK.good), (0.25, LOOK.bad)], 8, LOOK)
    assert [text for text, _ in parts] == ["████", "▓▓", "  "]
    assert sparkline([0.0, 1.0, math.nan, 7.0], 4, LOOK) == "▁▂ █"
    assert sparkline([], 3, LOOK) == "   "
    assert sparkline([5.0], 3, LOOK) == "▁▁▁"


@pytest.mark.parametrize(
    ("environment", "unicode"),
    [
        ({}, True),
        ({"LANG": "C.UTF-8"}, True),
        ({"LANG": "de_DE.utf8"}, True),
        ({"LANG": "C"}, False),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),  # what Python makes of LANG=C for its own sake
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "C"}, False),
        ({"LANG": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "C", "LC_ALL": "en_GB.UTF-8"}, True),
        ({"LANG": "en_GB", "LC_CTYPE": "en_GB.UTF-8"}, True),
    ],
)
def test_symbols_follow_the_locale(environment: dict[str, str], unicode: bool) -> None:
    assert choose_glyphs(environment) is (UNICODE if unicode else ASCII)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_every_state_has_a_symbol_of_one_cell(glyphs: object) -> None:
    for state in RunState:
        assert cell_len(glyphs.state(state)) == 1  # type: ignore[attr-defined]
    if glyphs is ASCII:
        assert all(ASCII.state(state).isascii() for state in RunState)


def test_every_theme_colours_everything() -> None:
    for colours in COLOURS.values():
        look = coloured(colours, UNICODE)
        assert {"return", "frames", "episodes", "missed", "axis", "label", "nan"} <= set(look.series)
        assert look.bad != look.good
