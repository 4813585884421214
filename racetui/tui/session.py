"""One session of the panel: from the first picture to the last words on the shell's screen."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from racetui.exits import Exit
from racetui.preferences import Loaded, config_path, load
from racetui.runs.errors import StoreError
from racetui.runs.model import RunSummary
from racetui.runs.store import RunStore
from racetui.tui import kitty
from racetui.tui.app import Panel
from racetui.tui.endings import Endings
from racetui.tui.feed import Feed
from racetui.tui.services import Services
from racetui.words import percent


def run_panel(given: Mapping[str, Any] | None = None, demo: bool = False) -> int:
    """Run the panel on this terminal until it is left; returns the exit code.

    ``given`` are settings by options of the command line, by section.name. Raises StoreError where a ``demo`` cannot
    be played.
    """
    loaded = load(config_path(), given, os.environ)
    if not demo:
        return _run(RunStore(), loaded, Services())
    from racetui.demo.playing import playing
    from racetui.demo.session import CORES
    from racetui.tui.demo import demo_services

    with playing() as store:
        return _run(store, loaded, demo_services(), CORES)


def _run(store: RunStore, loaded: Loaded, services: Services, cores: int | None = None) -> int:
    graphics = kitty.available(os.environ, sys.stdin.fileno(), sys.stdout.fileno())
    app = Panel(lambda: Feed(store, cores=cores), services, graphics, loaded)
    endings = Endings(app.leave)
    endings.watch()
    try:
        app.run()
    finally:
        if endings.code is not None and endings.hung_up:
            os._exit(endings.code)  # nothing can be said or flushed any more
    if app.error is not None:
        sys.stderr.write("".join(traceback.format_exception(app.error)))
        sys.stderr.write("racetui: the panel stopped at an error of its own (above); every run goes on\n")
        return Exit.FAILURE
    sys.stdout.write("" if services.demo else goodbye(_runs(store, app.picture.runs)))
    return endings.code if endings.code is not None else Exit.OK


def goodbye(runs: Sequence[RunSummary]) -> str:
    """Which runs go on, for the shell's screen; empty if none does."""
    alive = [run for run in runs if not run.state.ended]
    if not alive:
        return ""
    lines = [f"  {run.id} {run.name}: {run.state}, {percent(run.progress)} done" for run in alive]
    what = "1 run goes on" if len(alive) == 1 else f"{len(alive)} runs go on"
    return "\n".join([f"{what}; `racetui` opens the panel again:", *lines, ""])


def _runs(store: RunStore, last_seen: Sequence[RunSummary]) -> Sequence[RunSummary]:
    try:
        return store.list()
    except (StoreError, OSError):
        return last_seen
