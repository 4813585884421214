"""Entry of the process that plays the demo: makes its store, prints where, and removes it when its input ends.

``python -m racetui.demo.player``. Its input is a pipe from the panel, which ends however the panel does.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from racetui.demo.replay import Replay
from racetui.demo.session import SESSION, read_session
from racetui.runs.paths import RunPaths
from racetui.runs.store import RunStore

TICK_SECONDS = 0.25
AGE_SECONDS = 900.0
"""Between the ends of two runs of which all is past when the demo begins."""


def main() -> int:
    """Play until nobody looks any more."""
    left = threading.Event()
    threading.Thread(target=_wait, args=(left,), daemon=True).start()
    home = Path(tempfile.mkdtemp(prefix="racetui-demo-"))
    try:
        replays = begin(home)
        sys.stdout.write(f"{home}\n")
        sys.stdout.flush()
        while not left.wait(TICK_SECONDS):
            for replay in replays:
                replay.tick()
    finally:
        for _ in range(3):  # the process that drives the car may be writing a last file
            with contextlib.suppress(OSError):
                shutil.rmtree(home)
                break
            left.wait(0.1)
    return 0


def begin(home: Path, session: Path = SESSION, watch: Callable[[], float] = time.monotonic) -> list[Replay]:
    """Fill a store with the session as it is when the demo begins. Raises OSError, ValueError."""
    recorded = home / "recorded"
    parts = read_session(session, recorded)
    runs = RunStore(home).runs
    return [
        Replay(
            RunPaths(recorded / "runs" / part.run),
            RunPaths(runs / part.run),
            part.begins,
            AGE_SECONDS * (len(parts) - number),
            watch,
        )
        for number, part in enumerate(parts, 1)
    ]


def _wait(left: threading.Event) -> None:
    while sys.stdin.buffer.read(1024):
        pass
    left.set()


if __name__ == "__main__":
    sys.exit(main())
