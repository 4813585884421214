"""What the panel costs: first picture, processor time, bytes, memory and key latency, in a real terminal.

Every case is a program in a pseudo-terminal of its own; other monitors are measured by the same code.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from racetui.bench.terminal import Terminal

SIZES = ((120, 40), (180, 50))
PANEL = (sys.executable, "-m", "racetui")
WARM_SECONDS = 4.0
"""Before anything is counted: imports in the background, and the first percentages."""
KEYS = 7
"""Presses, of which the median counts."""
LINK = 50_000.0
"""Bytes a second of the slow link."""
FORGOTTEN = frozenset(
    {"NO_COLOR", "TMUX", "STY", "LINES", "COLUMNS", "KITTY_WINDOW_ID", "KONSOLE_VERSION", "TERM_PROGRAM"}
)
"""Variables of whoever measures that would change what the terminal of a case can do."""
TARGETS = {
    "first_picture_seconds": 0.6,
    "cpu_percent": 3.0,
    "bytes_per_second": 40_000.0,
    "frozen_bytes_per_second": 0.0,
    "rss_bytes": 120e6,
    "key_seconds": 0.05,
    "key_seconds_on_slow_link": 0.7,
}
"""What the panel may cost at 120x40 beside a run that trains."""


@dataclass(frozen=True, slots=True)
class Case:
    """Something to measure."""

    name: str
    size: tuple[int, int]
    command: tuple[str, ...] = PANEL
    environment: Mapping[str, str] = field(default_factory=dict)
    keys: str = ""
    """Pressed before it is measured."""
    words: str = ""
    """In sight after them."""
    latency: bool = False
    """Measure how long a key takes."""
    rate: float | None = None
    """Bytes a second of the link."""
    busy: bool = False
    """Beside as many busy processes as there are cores."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a case took."""

    name: str
    columns: int
    rows: int
    first_picture_seconds: float
    cpu_percent: float
    """100 is one core."""
    bytes_per_second: float
    rss_bytes: int
    pictures_per_second: float
    """Of the car."""
    key_seconds: float | None
    """From a key to what it shows, the median."""
    worst_key_seconds: float | None


def cases() -> list[Case]:
    """Those of the panel."""
    tmux = {"TMUX": "as in tmux"}  # behind it the car has 5 frames a second at the most
    return [
        *(Case("panel", size, latency=True) for size in SIZES),
        Case("panel, frozen", SIZES[0], keys="f", words="FROZEN"),
        *(Case("panel, car at 5/s", size, environment=tmux, keys="w", words="lap") for size in SIZES),
        Case("panel, whole screen's car at 5/s", SIZES[0], environment=tmux, keys="5", words="score"),
        Case("panel, car at 10/s", SIZES[0], keys="w", words="lap", latency=True),
        Case("panel, car, frozen", SIZES[0], keys="wf", words="FROZEN"),
        Case("panel, all cores busy", SIZES[0], latency=True, busy=True),
        Case("panel, 50 kB/s link", SIZES[0], latency=True, rate=LINK),
        Case("panel, car, 50 kB/s link", SIZES[0], keys="w", words="lap", latency=True, rate=LINK),
    ]


def beside(command: tuple[str, ...]) -> list[Case]:
    """Another monitor at the same sizes."""
    return [Case(" ".join(command), size, command) for size in SIZES]


def measure(case: Case, home: Path, seconds: float, repeats: int) -> Cost:
    """Open it ``repeats`` times for the time to its first picture, the last time for everything else.

    Raises TimeoutError and ChildProcessError where the program does not show what it should, or ends.
    """
    environment = {name: value for name, value in os.environ.items() if name not in FORGOTTEN}
    environment |= {
        "RACETUI_HOME": str(home),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LC_ALL": "C.UTF-8",
    }
    environment |= case.environment
    firsts = []
    for turn in range(repeats):
        with Terminal(case.command, case.size, environment, case.rate) as terminal:
            firsts.append(terminal.first_picture())
            if turn == repeats - 1:
                with _busy() if case.busy else contextlib.nullcontext():
                    return _cost(case, terminal, seconds, statistics.median(firsts))
    raise ValueError("repeats must be at least 1")


def _cost(case: Case, terminal: Terminal, seconds: float, first: float) -> Cost:
    terminal.pump(WARM_SECONDS)
    if case.keys:
        terminal.press(case.keys)
        terminal.wait_for(case.words)
        terminal.pump(WARM_SECONDS / 2)
    cpu, asked = terminal.cpu_seconds(), terminal.asked
    sent = terminal.pump(seconds)
    cpu, asked = terminal.cpu_seconds() - cpu, terminal.asked - asked
    memory = terminal.process.memory_info().rss
    waits = sorted(_key(terminal) for _ in range(KEYS)) if case.latency else []
    return Cost(
        case.name,
        *case.size,
        first_picture_seconds=first,
        cpu_percent=100 * cpu / seconds,
        bytes_per_second=sent / seconds,
        rss_bytes=memory,
        pictures_per_second=asked / seconds,
        key_seconds=statistics.median(waits) if waits else None,
        worst_key_seconds=waits[-1] if waits else None,
    )


def _key(terminal: Terminal) -> float:
    """Seconds from asking for the help to reading it."""
    terminal.press("?")
    waited = terminal.wait_for("States")
    terminal.press("\x1b")
    terminal.pump(1.3)  # another moment of the panel's second each time
    return waited


@contextmanager
def stand_in() -> Iterator[Path]:
    """A store with a run that gains a round a second."""
    with tempfile.TemporaryDirectory(prefix="racetui-bench-") as folder:
        command = [sys.executable, "-m", "racetui.bench.standin", folder]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            if process.stdout is None or not process.stdout.readline():
                raise RuntimeError("the stand-in for a trainer did not start: see above")
            yield Path(folder)
        finally:
            process.kill()
            process.wait()


@contextmanager
def _busy() -> Iterator[None]:
    """Every core has something to do."""
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


def run(chosen: list[Case], home: Path, seconds: float, repeats: int, tell: Callable[[str], None]) -> list[Cost]:
    """Measure one after the other; what cannot be measured is told and left out."""
    costs = []
    for case in chosen:
        tell(f"{case.name} at {case.size[0]}x{case.size[1]}")
        try:
            costs.append(measure(case, home, seconds, repeats))
        except Exception as error:  # whatever it is, the others can be measured
            tell(f"left out: {case.name}: {str(error) or type(error).__name__}")
    return costs
