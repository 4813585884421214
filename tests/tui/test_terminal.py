"""The panel in real terminals: its first screen, and every way in which it can end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import psutil
import pytest

from racetui.runs.model import RunState
from racetui.runs.reader import RunReader
from racetui.tui.launch import why_not
from tests.tui import stores
from tests.tui.terminals import PANEL, ROOT, Terminal

LEFT = b"\x1b[?1049l"
"""Back from the alternate screen."""


OFF = (b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?2004l")
"""No reports of the mouse or of pasting any more."""


def usable(terminal: Terminal) -> bool:
    """A shell could go on in it: keys are echoed, lines are edited, nothing is reported, the cursor is there."""
    flags = termios.tcgetattr(terminal.descriptor)[3]
    typed = flags & (termios.ECHO | termios.ICANON | termios.ISIG) == termios.ECHO | termios.ICANON | termios.ISIG
    quiet = all(terminal.raw.rfind(off) > terminal.raw.rfind(off[:-1] + b"h") for off in OFF)
    return bool(typed) and (quiet or b"\x1bc" in terminal.raw) and terminal.cursor_shown()


def test_first_screen_detach_and_last_words(home: Path) -> None:
    paths, writer = stores.running(home)
    stores.finished(home)
    with Terminal(home) as terminal:
        terminal.shows("● 1 ppo-async", "running", "✓ 2 ppo-base", "q detach", "return, mean of 100", "CPU")
        assert not terminal.cursor_shown()
        terminal.press("q")
        assert terminal.ends(10) == 0
        assert LEFT in terminal.raw
        assert usable(terminal)
        assert "1 run goes on; `racetui` opens the panel again:" in terminal.text
        assert "1 ppo-async: running, 49% done" in terminal.text
    assert RunReader(paths).summary().state is RunState.RUNNING
    writer.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_signals_leave_in_good_order(home: Path, number: signal.Signals) -> None:
    with Terminal(home) as terminal:
        terminal.shows("q detach")
        terminal.signal(number)
        assert terminal.ends(10) == 128 + number
        assert LEFT in terminal.raw
        assert usable(terminal)


def test_a_terminal_that_takes_nothing_more_cannot_keep_it(home: Path) -> None:
    _, writer = stores.running(home)
    with Terminal(home) as terminal:
        terminal.shows("● 1 ppo-async")
        terminal.press("++tttttttttttt")  # some hundred kilobytes that nobody reads
        time.sleep(1.0)
        terminal.signal(signal.SIGTERM)
        deadline = time.monotonic() + 15
        while not (pid := os.waitpid(terminal.pid, os.WNOHANG))[0]:
            assert time.monotonic() < deadline, "it waits for the terminal"
            time.sleep(0.02)
        terminal.code = os.waitstatus_to_exitcode(pid[1])
        assert terminal.code == 128 + signal.SIGTERM
    writer.close()


@pytest.mark.parametrize("ignored", [False, True], ids=["default", "nohup"])
def test_a_terminal_that_goes_away_ends_the_panel(home: Path, ignored: bool) -> None:
    paths, writer = stores.running(home)

    def before() -> None:
        if ignored:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with Terminal(home, before=before) as terminal:
        terminal.shows("q detach")
        process = psutil.Process(terminal.pid)
        used = sum(process.cpu_times()[:2])
        terminal.close()
        started = time.monotonic()
        usage = [used]
        while terminal.code is None and time.monotonic() - started < 10:
            try:
                usage.append(sum(process.cpu_times()[:2]))
            except psutil.Error:
                break
            pid, status = os.waitpid(terminal.pid, os.WNOHANG)
            if pid:
                terminal.code = os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        assert terminal.ends(10) == 128 + signal.SIGHUP
        assert usage[-1] - used < 1.0, "it does not spin on a dead terminal"
    assert RunReader(paths).summary().state is RunState.RUNNING
    writer.close()


def test_kill_leaves_the_runs_untouched(home: Path) -> None:
    paths, writer = stores.running(home)
    with Terminal(home) as terminal:
        terminal.shows("● 1 ppo-async")
        before = RunReader(paths).summary()
        terminal.signal(signal.SIGKILL)
        assert terminal.ends(10) == -signal.SIGKILL
    stores.train(writer, 1, first=130)  # the store takes what comes next
    after = RunReader(paths).summary()
    assert (before.state, after.state) == (RunState.RUNNING, RunState.RUNNING)
    assert after.frames > before.frames
    assert RunReader(paths).commands() == []
    writer.close()


SHELL = f"""
import os, subprocess, sys
panel = subprocess.run([sys.executable, "-c", {PANEL!r}])
os.read(0, 1)
sys.exit(subprocess.run(["reset"]).returncode)
"""
"""As a person at a shell: the panel, and after its end, at a key, what the README says."""


@pytest.mark.skipif(shutil.which("reset") is None, reason="ncurses is not installed")
def test_after_kill_reset_gives_the_terminal_back(home: Path) -> None:
    with Terminal(home, SHELL) as terminal:
        terminal.shows("q detach", seconds=20)
        assert not usable(terminal)
        [panel] = psutil.Process(terminal.pid).children()
        panel.kill()
        terminal.pump(0.5)
        assert not usable(terminal), "nobody was left to do it"
        terminal.press("x")
        assert terminal.ends(10) == 0
        assert usable(terminal)


CRASH = f"""
from racetui.tui.widgets.hardware import Hardware
looks = [0]
paint = Hardware.paint
def broken(self, width, height, look):
    looks[0] += 1
    if looks[0] > 3:
        raise ZeroDivisionError("injected")
    return paint(self, width, height, look)
Hardware.paint = broken
{PANEL}
"""


def test_a_crash_restores_the_terminal_and_says_what_happened(home: Path) -> None:
    with Terminal(home, CRASH) as terminal:
        assert terminal.ends(10) == 1
        assert LEFT in terminal.raw
        assert usable(terminal)
        assert "ZeroDivisionError: injected" in terminal.text
        assert "every run goes on" in terminal.text


READER_CRASH = f"""
from racetui.tui.feed import Feed
def broken(self, *looked_at):
    raise ZeroDivisionError("in the reader")
Feed.poll = broken
{PANEL}
"""


def test_a_crash_of_the_reader_is_not_hidden(home: Path) -> None:
    with Terminal(home, READER_CRASH) as terminal:
        assert terminal.ends(10) == 1
        assert "ZeroDivisionError: in the reader" in terminal.text
        assert usable(terminal)


def test_without_a_terminal_there_is_a_table(home: Path) -> None:
    stores.finished(home)
    done = subprocess.run(
        [sys.executable, "-c", PANEL],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "RACETUI_HOME": str(home), "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert "ppo-base" in done.stdout
    assert "finished" in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stderr == "racetui: no panel: stdin is not a terminal\n"


def test_a_dumb_terminal_gets_a_table(home: Path) -> None:
    stores.finished(home)
    with Terminal(home, environment={"TERM": "dumb"}) as terminal:
        assert terminal.ends(10) == 3
        assert "ppo-base" in terminal.text
        assert "racetui: no panel: TERM=dumb cannot show one" in terminal.text
        assert b"\x1b" not in terminal.raw


def test_a_redirected_stream_is_named() -> None:
    class Stream:
        def __init__(self, terminal: bool) -> None:
            self.isatty = lambda: terminal

    for number, name in enumerate(("stdin", "stdout", "stderr")):
        streams = tuple(Stream(index != number) for index in range(3))
        assert why_not({"TERM": "xterm"}, streams) == f"{name} is not a terminal"  # type: ignore[arg-type]
    fine = (Stream(True), Stream(True), Stream(True))
    assert why_not({"TERM": "xterm"}, fine) == ""  # type: ignore[arg-type]
    assert why_not({}, fine) == "TERM= cannot show one"  # type: ignore[arg-type]


def test_frozen_sends_nothing_and_what_does_not_change_sends_nothing(home: Path) -> None:
    _, writer = stores.running(home)
    with Terminal(home) as terminal:
        terminal.shows("● 1 ppo-async", "q detach")
        assert terminal.pump(1.5) > 0, "time goes by: ages, load"
        terminal.press("f")
        terminal.shows("FROZEN")
        terminal.pump(0.3)
        stores.train(writer, 1, first=130)
        assert terminal.pump(2.0) == 0
        terminal.press("f")
        terminal.shows("532k/1M")
    writer.close()


def test_no_color_sends_no_colour_codes(home: Path) -> None:
    stores.finished(home)
    with Terminal(home, environment={"NO_COLOR": "1"}) as terminal:
        terminal.shows("✓ 1 ppo-base", "q detach")
        codes = {code for codes in re.findall(rb"\x1b\[([0-9;]*)m", terminal.raw) for code in codes.split(b";")}
        assert codes <= {b"", b"0", b"1", b"2", b"4", b"7", b"39", b"49"}, (
            "only attributes and the terminal's own colours"
        )


def test_an_ascii_locale_gets_ascii_only(home: Path) -> None:
    stores.finished(home)
    with Terminal(home, environment={"LC_ALL": "C"}) as terminal:
        terminal.shows("+ 1 ppo-base", "q detach")
        for keys in ("s", "\x1b", "?", "\x1b", ":", "\x1b"):
            terminal.press(keys)
            terminal.pump(0.25)
        assert terminal.raw.isascii()


def test_resizing_a_real_terminal(home: Path) -> None:
    import fcntl
    import struct

    stores.finished(home)
    with Terminal(home) as terminal:
        terminal.shows("✓ 1 ppo-base", "Hardware")
        fcntl.ioctl(terminal.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 18, 60, 0, 0))
        terminal._screen.resize(18, 60)
        terminal.shows("● 0 running  CPU")
        terminal.pump(0.5)
        assert "Hardware" not in terminal.text
        assert "Log of" not in terminal.text
        assert "? help" in terminal.text


def test_suspend_and_continue(home: Path) -> None:
    with Terminal(home) as terminal:
        terminal.shows("q detach")
        terminal.press("\x1a")
        deadline = time.monotonic() + 20
        process = psutil.Process(terminal.pid)
        while process.status() != psutil.STATUS_STOPPED:
            assert time.monotonic() < deadline, "it does not stop"
            terminal.pump(0.02)
        assert LEFT in terminal.raw
        terminal.signal(signal.SIGCONT)
        terminal.pump(0.5)
        terminal.press("?")
        terminal.shows("Help", "States")
