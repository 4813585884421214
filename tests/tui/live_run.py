"""A stand-in for a trainer: appends a round a second to a run of a store. ``python -m tests.tui.live_run HOME``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from racetui.runs.model import RunState
from tests.tui import stores


def main() -> None:
    """Answer orders, too, until killed."""
    home = Path(sys.argv[1])
    paths, writer = stores.running(home, "live", rounds=int(sys.argv[2]) if len(sys.argv) > 2 else 800)
    print(paths.id, flush=True)
    noise = np.random.default_rng(7)
    number = 801
    state = RunState.RUNNING
    while True:
        time.sleep(1.0)
        for order in writer.pending_commands():
            writer.take(order.id)
            time.sleep(0.5)
            if order.name in {"pause", "resume"}:
                state = RunState.PAUSED if order.name == "pause" else RunState.RUNNING
                writer.set_state(state)
            if order.name == "stop":
                writer.set_state(RunState.STOPPED, "by panel")
            writer.done(order.id, "ok")
            if order.name == "stop":
                return
        if state is RunState.RUNNING:
            with writer.transaction():
                stores.round_of(writer, number, noise)
            writer.event("info", "round", f"round {number}")
            number += 1


if __name__ == "__main__":
    main()
