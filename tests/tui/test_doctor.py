"""``racetui doctor`` about terminals: what it asks, what it makes of the answers, and that it waits for none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from racetui.preferences import Preferences
from racetui.terminal.abilities import Terminal as Known
from racetui.terminal.abilities import abilities
from racetui.terminal.asking import PATIENCE, SYMBOLS, WHERE, WHO, Answers, understood
from tests.tui.terminals import ROOT, Terminal

DOCTOR = "import sys; from racetui.cli import main; sys.exit(main(['doctor', *sys.argv[1:]]))"
REPLY = (
    b"\x1bP>|kitty(0.42.0)\x1b\\\x1b[?2026;2$y\x1b]11;rgb:ffff/ffff/f0f0\x1b\\\x1bP1$r48:2::1:2:3m\x1b\\"
    b"\x1b_Gi=7;OK\x1b\\\x1b[12;11R\x1b[?62;52c"
)
KNOWN = Known({"TERM": "xterm-256color", "LANG": "C.UTF-8"}, 120, 40, "256", Answers(), Preferences())


def test_replies_are_understood() -> None:
    expected = Answers(0.02, "kitty(0.42.0)", True, True, True, True, len(SYMBOLS), (62, 52))
    assert understood(REPLY, 0.02) == expected
    old = understood(b"\x1b[?2026;0$y\x1bP0$r\x1b\\\x1b[3;12R\x1b[?1;2c", 0.02)
    assert old == Answers(0.02, "", False, None, None, None, 11, (1, 2))
    assert understood(b"", 0.02) == Answers(0.02)


def lines(known: Known) -> dict[str, str]:
    """Each ability in one line."""
    return {found.name: f"{found.found}: {found.follows} -> {found.advice}" for found in abilities(known)}


def test_what_follows_and_what_to_change() -> None:
    answers = understood(REPLY, 0.3)
    shown = lines(replace(KNOWN, answers=answers))
    assert "export COLORTERM=truecolor" in shown["colours"]
    assert "the car in pixels" in shown["pictures"]
    assert "300 ms there and back: up to 3 pictures" in shown["link"]
    assert "refresh = 0.5" in shown["link"]
    assert shown["synchronized"].startswith("yes")
    assert shown["clipboard"].startswith("yes (OSC 52, kitty(0.42.0))")
    assert shown["notifications"].startswith("yes")
    light = lines(replace(KNOWN, colours="truecolor", answers=replace(answers, true_colour=None)))
    assert 'theme = "light"' in light["colours"]
    wide = lines(replace(KNOWN, answers=replace(answers, cells=12)))
    assert 'ascii = "always"' in wide["symbols"]


def test_less_able_terminals() -> None:
    tmux = lines(replace(KNOWN, environment={"TERM": "tmux-256color", "TMUX": "x"}, answers=Answers(0.001)))
    assert "tmux or screen is between" in tmux["pictures"]
    assert "up to 5 pictures" in tmux["link"]
    assert "set-clipboard" in tmux["clipboard"]
    poor = {"TERM": "xterm", "LC_ALL": "C", "NO_COLOR": "1"}
    shown = lines(replace(KNOWN, environment=poor, columns=40, rows=10, colours="standard", answers=None))
    assert "NO_COLOR is set" in shown["colours"]
    assert "ASCII alone" in shown["symbols"]
    assert "60x18 is the least" in shown["size"]
    assert "not asked" in shown["link"]


def test_a_terminal_that_answers(home: Path) -> None:
    with Terminal(home, DOCTOR, environment={"KITTY_WINDOW_ID": "1"}) as terminal:
        before = terminal.raw.count(WHERE)
        for question, answer in ((WHERE, b"\x1b[1;1R"), (WHO, REPLY)):
            deadline = time.monotonic() + 20
            while question not in terminal.raw:
                assert time.monotonic() < deadline, terminal.text
                terminal.pump(0.02)
            os.write(terminal.descriptor, answer)
        assert before == 0
        terminal.shows("terminal colours", "kitty(0.42.0)", "the car in pixels", "ms there and back", seconds=15)
        assert terminal.ends(10) == 0


def test_a_terminal_that_never_answers_is_not_waited_for(home: Path) -> None:
    with Terminal(home, DOCTOR) as terminal:
        terminal.shows("it does not answer (CSI 6n)", seconds=20)
        assert terminal.raw.count(WHERE) == 1, "it is asked nothing more"
        assert terminal.ends(10) == 0
        assert PATIENCE <= 2


@pytest.mark.parametrize("wrong", [False, True])
def test_without_a_terminal_and_with_a_wrong_file(home: Path, tmp_path: Path, wrong: bool) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[panel]\ntheme = "drak"\n' if wrong else "")
    done = subprocess.run(
        [sys.executable, "-c", DOCTOR, "--json"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "RACETUI_HOME": str(home), "PYTHONPATH": str(ROOT), "RACETUI_CONFIG": str(config)},
        timeout=60,
        check=False,
    )
    found = json.loads(done.stdout)
    assert found["terminal"] == [
        {
            "name": "",
            "found": "none: stdin is not a terminal",
            "follows": "no panel; commands need none",
            "advice": "open racetui in a terminal",
        }
    ]
    settings = next(check for check in found["checks"] if check["name"] == "settings")
    assert settings["ok"] is not wrong
    assert ("panel.theme must be one of" in settings["found"]) is wrong
    assert done.returncode == int(wrong)
