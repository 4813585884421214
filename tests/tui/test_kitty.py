"""Kitty's graphics protocol, byte by byte, as its specification has it."""

from __future__ import annotations

import base64
import re
import zlib

import numpy as np
from textual.geometry import Region

from racetui.tui import kitty
from racetui.tui.halfblocks import Pixels

COMMAND = re.compile(r"\x1b_G([^;\x1b]*)(?:;([^\x1b]*))?\x1b\\")


def commands(sequence: str) -> list[tuple[dict[str, str], str]]:
    """Settings and data of each graphics command of a sequence."""
    return [
        (dict(pair.split("=") for pair in settings.split(",")), data) for settings, data in COMMAND.findall(sequence)
    ]


def noise(side: int = 96) -> Pixels:
    """A picture that cannot be compressed: it needs many parts."""
    return np.random.default_rng(1).integers(0, 256, (side, side, 3)).astype(np.uint8)


def test_long_pictures_come_in_parts_that_the_protocol_allows() -> None:
    parts = commands(kitty.shown(noise(), Region(3, 2, 48, 24)))
    assert len(parts) > 5
    for settings, data in parts[:-1]:
        assert settings["m"] == "1" and len(data) <= 4096 and len(data) % 4 == 0, "whole groups of base64"
    assert parts[-1][0]["m"] == "0" and 0 < len(parts[-1][1]) <= 4096
    assert all(settings.keys() <= {"m", "q"} for settings, _ in parts[1:]), (
        "later parts have no settings of their own"
    )
    pixels = zlib.decompress(base64.b64decode("".join(data for _, data in parts), validate=True))
    assert pixels == noise().tobytes()


def test_a_picture_says_all_that_it_must_and_asks_for_no_answer() -> None:
    (settings, _), *_rest = commands(kitty.shown(noise(8), Region(3, 2, 48, 24)))
    assert (settings["a"], settings["f"], settings["o"], settings["s"], settings["v"]) == ("T", "24", "z", "8", "8")
    assert (settings["c"], settings["r"], settings["C"]) == ("48", "24", "1"), "so many cells; the cursor stays"
    assert settings["q"] == "2", "neither OK nor errors: they would arrive as keys"
    assert 0 < int(settings["i"]) < 2**32 and settings["p"] == "1", (
        "the same place again and again: no heap of pictures"
    )


def test_nothing_else_lies_between_the_parts() -> None:
    sequence = kitty.shown(noise(), Region(3, 2, 48, 24))
    left = COMMAND.sub("", sequence)
    assert left == "\x1b7\x1b[3;4H\x1b8", "save the cursor, go there, restore it"
    assert sequence.index("\x1b[3;4H") < sequence.index("\x1b_G") and sequence.endswith("\x1b\\\x1b8")


def test_the_picture_taken_away_is_the_one_that_was_shown() -> None:
    [(settings, data)] = commands(kitty.ERASE)
    shown, _ = commands(kitty.shown(noise(8), Region(0, 0, 2, 1)))[0]
    assert settings == {"a": "d", "d": "I", "i": shown["i"], "q": "2"}, "capital: its data, too"
    assert data == ""


def test_the_question_shows_nothing_and_has_a_second_answer_behind_it() -> None:
    [(settings, data)] = commands(kitty._ASK)
    assert settings["a"] == "q" and settings["t"] == "d" and "i" in settings and "q" not in settings
    assert len(base64.b64decode(data)) == int(settings["s"]) * int(settings["v"]) * 3
    assert COMMAND.sub("", kitty._ASK) == "\x1b[c"
