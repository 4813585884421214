"""The car in a real kitty on a virtual display, seen through screenshots; skipped where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.tui import stores
from tests.tui.terminals import ROOT

TOOLS = ("kitty", "Xvfb", "xdotool", "import")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not all(map(shutil.which, TOOLS)), reason=f"needs {', '.join(TOOLS)}"),
]

SKY = (12, 180, 240)
"""A colour that is not in the palette of half blocks: where it can be seen, pixels are."""
PANEL = f"""
import sys, time
from pathlib import Path
import numpy as np
from racetui.tui.launch import open_panel
from tests.shots import film
film(Path(sys.argv[1]), lambda number: np.full((96, 96, 3), {SKY}, np.uint8), every=0.1)
print("left with", open_panel(), flush=True)
time.sleep(60)
"""
OPTIONS = (
    "remember_window_size=no",
    "initial_window_width=1000",
    "initial_window_height=640",
    "update_check_interval=0",
)


@dataclass(frozen=True, slots=True)
class Window:
    """kitty, as a person has it in front of them."""

    environment: Mapping[str, str]

    def press(self, *keys: str) -> None:
        """By the names that X has for them."""
        subprocess.run(["xdotool", "key", "--delay", "150", *keys], env=self.environment, check=True)

    def resize(self, width: int, height: int) -> None:
        """Drag a corner."""
        find = ["xdotool", "search", "--sync", "--onlyvisible", "--class", "kitty"]
        subprocess.run([*find, "windowsize", str(width), str(height)], env=self.environment, check=True)

    def sky(self) -> int:
        """How many pixels of the screen have the picture's colour."""
        shot = subprocess.run(
            ["import", "-window", "root", "-depth", "8", "rgb:-"],
            env=self.environment,
            capture_output=True,
            check=True,
        )
        return int((np.frombuffer(shot.stdout, np.uint8).reshape(-1, 3) == SKY).all(axis=1).sum())

    def until(self, least: int, most: int, what: str) -> int:
        """Wait for that many pixels of the picture, twice the same; returns how many there are."""
        deadline, before = time.monotonic() + 30, -1
        while not least <= (seen := self.sky()) <= most or seen != before:
            assert time.monotonic() < deadline, f"{what}: {seen} pixels"
            before = seen
            time.sleep(0.1)
        return seen


@contextmanager
def kitty(home: Path, run: Path) -> Iterator[Window]:
    """The panel in kitty on a display of its own."""
    reading, writing = os.pipe()
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1200x800x24"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    processes = [screen]
    try:
        with os.fdopen(reading) as number:
            display = f":{number.readline().strip()}"
        environment = {
            **os.environ,
            "DISPLAY": display,
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "RACETUI_HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "RACETUI_CONFIG": str(home / "config.toml"),
        }
        options = [word for option in OPTIONS for word in ("-o", option)]
        program = [sys.executable, "-c", PANEL, str(run)]
        processes.append(
            subprocess.Popen(
                ["kitty", "--config", "NONE", *options, *program], env=environment, stderr=subprocess.DEVNULL
            )
        )
        yield Window(environment)
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(10)


def test_the_picture_is_there_when_nothing_lies_before_it_and_gone_when_the_panel_is(home: Path) -> None:
    paths, writer = stores.running(home)
    with kitty(home, paths.root) as window:
        subprocess.run(
            ["xdotool", "search", "--sync", "--onlyvisible", "--class", "kitty", "windowfocus"],
            env=window.environment,
            check=True,
        )
        deadline = time.monotonic() + 30
        while not (large := window.sky()):
            assert time.monotonic() < deadline, "no car on its screen"
            window.press("5")
            time.sleep(0.5)
        large = window.until(60_000, 500_000, "the picture")
        window.press("question")
        window.until(0, 0, "the help lies before it")
        window.press("Escape")
        window.until(large, large, "it is back")
        window.resize(560, 360)
        small = window.until(10_000, large * 3 // 4, "in its new place alone")
        window.press("R")
        window.until(0, 0, "a message stands before it")
        window.until(small, small, "the message is gone")
        window.press("f", "question", "Escape")
        window.until(small, small, "frozen, it comes back too")
        window.press("q")
        window.until(0, 0, "the shell has its screen again")
    writer.close()
