"""Sparing bytes changes nothing on the screen."""

from __future__ import annotations

import random

import pyte
import pytest
from textual.drivers.linux_driver import LinuxDriver
from textual.drivers.web_driver import WebDriver

from racetui.tui.thrift import Thrift, sparing

STYLES = (
    *("0", "", "1", "2", "7", "1;31", "39", "49", "94", "44;1", "104"),
    *("38;2;15;20;26", "48;2;22;29;38", "1;38;2;1;2;3;48;2;4;5;6", "38;5;77", "48;5;3;4", "38;5;39;49"),
    *("22", "27", "38;9;1"),  # not understood: passed on
)


def written(rng: random.Random) -> str:
    """Styles, text and moves in any order."""
    parts = []
    for _ in range(40):
        if rng.random() < 0.6:
            parts.append(f"\x1b[{rng.choice(STYLES)}m")
        if rng.random() < 0.2:
            parts.append(f"\x1b[{rng.randint(1, 9)};{rng.randint(1, 30)}H")
        if rng.random() < 0.7:
            parts.append(rng.choice(("x", "two words", "\x1b[K", "\x1b[2J", "\r\n")))
    return "".join(parts)


@pytest.mark.parametrize("seed", range(40))
def test_the_screen_is_the_same(seed: int) -> None:
    rng, thrift = random.Random(seed), Thrift()
    screens = [pyte.Screen(40, 10), pyte.Screen(40, 10)]
    streams = [pyte.Stream(screen) for screen in screens]
    for _ in range(6):
        data = written(rng)
        streams[0].feed(data)
        streams[1].feed(thrift.spare(data))
        assert screens[0].display == screens[1].display
        assert [[screens[0].buffer[y][x] for x in range(40)] for y in range(10)] == [
            [screens[1].buffer[y][x] for x in range(40)] for y in range(10)
        ]
        assert screens[0].cursor.attrs == screens[1].cursor.attrs, "what follows by others looks the same, too"


def test_words_on_one_ground_take_half() -> None:
    ground = "48;2;15;20;26"
    data = "".join(f"\x1b[38;2;{number};0;0;{ground}mword\x1b[0m" for number in range(100))
    assert len(Thrift().spare(data)) < 0.6 * len(data)


def test_a_browser_keeps_its_own_driver() -> None:
    assert sparing(WebDriver) is WebDriver
    assert issubclass(sparing(LinuxDriver), LinuxDriver)


def test_what_was_painted_just_now_is_not_painted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr(LinuxDriver, "write", lambda _, data: sent.append(data))
    driver = object.__new__(sparing(LinuxDriver))
    whole, part, question = "\x1b[1;1Hwhole", "\x1b[3;4Hpart", "\x1b[6n"
    for data in (whole, "\x1b[?2026l", "\x1b[?2026h", whole, part, whole, question, question, whole):
        driver.write(data)
    assert [data for data in sent if "2026" not in data] == [whole, part, whole, question, question, whole]
