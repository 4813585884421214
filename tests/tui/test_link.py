"""The link meter: asked rarely, answered or hidden, silent when frozen, and no key is mistaken for an answer."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from racetui.tui.glyphs import UNICODE
from racetui.tui.link import ASK_EVERY, FIRST_ASK, TRIES, Link
from racetui.tui.look import colourless
from racetui.tui.pace import PATIENCE, Pace
from racetui.tui.widgets.header import header, link_pieces
from tests.tui import scenes, stores
from tests.tui.terminals import Terminal

ASK = b"\x1b[6n"


class Clock:
    """Time that passes when told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def make(clock: Clock, **environment: str) -> tuple[Link, Pace]:
    pace = Pace(environment, clock)
    return Link(pace, environment, clock), pace


def test_a_question_now_and_then(clock: Clock) -> None:
    link, _ = make(clock)
    assert not link.due(), "the first screen is not out yet"
    clock.now += FIRST_ASK
    assert link.due()
    link.asked()
    assert not link.due()
    clock.now += 0.038
    link.answered()
    assert link.answers
    assert link.seconds == pytest.approx(0.038)
    clock.now += ASK_EVERY
    assert link.due()
    link.asked()
    clock.now += PATIENCE + 0.1
    assert link.seconds is None, "overdue"
    link.answered()
    assert link.seconds == pytest.approx(PATIENCE + 0.1), "late is an answer, too"


def test_a_terminal_that_never_answers_is_left_in_peace(clock: Clock) -> None:
    link, _ = make(clock)
    for _ in range(TRIES):
        clock.now += ASK_EVERY
        assert link.due()
        link.asked()
    clock.now += 10 * ASK_EVERY
    assert not link.due()
    assert not link.answers
    link.answered()
    assert link.answers


def test_a_car_asks_often_enough_and_gets_its_own_answers(clock: Clock) -> None:
    link, pace = make(clock)
    clock.now += ASK_EVERY
    link.asked()
    pace.sent()
    clock.now += 0.05
    link.answered()
    assert not pace.waiting
    assert link.seconds == pytest.approx(0.05)
    clock.now += ASK_EVERY
    pace.sent()
    assert not link.due()


def test_what_answers_for_the_terminal_is_not_its_link(clock: Clock) -> None:
    link, _ = make(clock, TMUX="/tmp/tmux")
    clock.now += ASK_EVERY
    link.asked()
    link.answered()
    assert link.answers
    assert link.seconds is None


def test_bytes_a_second(clock: Clock) -> None:
    link, _ = make(clock)
    for _ in range(20):
        clock.now += 1.0
        link.wrote(21_000)
        rate = link.rate()
    assert rate == pytest.approx(21_000)
    look = colourless(UNICODE)
    assert "".join(text for text, _ in link_pieces(link, look)) == "link 21kB/s"
    for _ in range(10):
        clock.now += 1.0
        rate = link.rate()
    assert rate == 0


def test_the_header_gives_it_up_before_what_matters_more() -> None:
    look, link = colourless(UNICODE), [("link 38ms 21kB/s", colourless(UNICODE).text)]
    wide, narrow = (header(scenes.PICTURE, 1.0, False, width, look, (), link).text for width in (120, 70))
    assert wide.rstrip().endswith("link 38ms 21kB/s  1 Hz")
    assert "link" not in narrow
    assert "CPU" in narrow and "RAM" in narrow


def test_a_real_terminal_is_asked_and_its_answer_is_no_key(home: Path) -> None:
    _, writer = stores.running(home)
    with Terminal(home) as terminal:
        terminal.shows("● 1 ppo-async", "q detach")
        deadline = time.monotonic() + 20
        while ASK not in terminal.raw:
            assert time.monotonic() < deadline, "nobody asks"
            terminal.pump(0.05)
        assert "link" not in terminal.text
        os.write(terminal.descriptor, b"\x1b[1;2")
        time.sleep(0.03)  # a link may cut anything in two
        os.write(terminal.descriptor, b"R")
        terminal.shows("link ", "ms ", "kB/s")
        assert not writer.pending_commands()
        assert "needs" not in terminal.text, "R was no key"
        shown = re.search(r"link (\d+ms|\d\.\ds) \d+(\.\d)?kB/s  1 Hz", terminal.text)
        assert shown, terminal.text
        terminal.press("f")
        terminal.shows("FROZEN")
        terminal.pump(0.5)
        assert terminal.pump(2.5) == 0, "frozen is silent"
        terminal.press("q")
        assert terminal.ends(10) == 0
    writer.close()
