"""Orders from the panel to runs: sent and awaited in threads, reported when answered. The store says the state."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from racetui.runs.errors import ControlError, OrderTimeout, StoreError
from racetui.runs.model import RunSummary
from racetui.runs.paths import RunPaths
from racetui.tui.services import PATIENCE, Services

POLL_SECONDS = 0.25


_DONE = {
    "pause": "paused",
    "resume": "goes on",
    "stop": "stopped, its checkpoint is safe",
    "checkpoint": "checkpoint saved",
    "evaluate": "evaluation ordered",
}
"""What an order that was obeyed has brought about."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an order."""

    run_id: str
    level: str
    """info, warning or error."""
    text: str


class Orders:
    """Gives orders in the background; every answer arrives as one call of ``report``."""

    def __init__(
        self,
        in_background: Callable[[Callable[[], Answer], Callable[[Answer], None]], None],
        report: Callable[[Answer], None],
        wake: Callable[[], None],
        services: Callable[[], Services],
    ) -> None:
        self._services = services
        self._in_background = in_background
        self._report = report
        self._wake = wake
        self.given: Callable[[str, str], None] = lambda run_id, order: None
        """Hears of every order: the run's id, and what it is."""

    def give(self, run: RunSummary, name: str, args: Mapping[str, Any] | None = None) -> None:
        """Order the run to do something."""
        self.given(run.id, name)
        self._in_background(
            partial(obey, RunPaths(run.path), run.name, name, dict(args or {}), self._wake, self._services().order),
            self._report,
        )

    def do(self, run: RunSummary, what: str, work: Callable[[], object], order: str = "") -> None:
        """Do something to the run that is no order to its trainer.

        ``what`` names it in the report; ``order`` is its kind, where that is another.
        """
        self.given(run.id, order or what)
        self._in_background(partial(_attempt, run, what, work), self._report)


def obey(
    paths: RunPaths,
    title: str,
    name: str,
    args: Mapping[str, Any],
    sent: Callable[[], None],
    send: Callable[[RunPaths, str, Mapping[str, Any]], int],
) -> Answer:
    """Send an order by ``send`` and wait for its answer; ``sent`` is called once it is in the store."""
    title = f"{paths.id} {title}"
    try:
        order = send(paths, name, args)
        sent()
        outcome = _await(paths, order).outcome
    except OrderTimeout as error:
        return Answer(paths.id, "warning", f"{title}: {error}; the order stands")
    except (ControlError, StoreError, OSError) as error:
        return Answer(paths.id, "error", f"{title}: {error}")
    if outcome == "ok":
        return Answer(paths.id, "info", f"{title}: {_DONE.get(name, name)}")
    return Answer(paths.id, "error", f"{title}: {name}: {outcome}")


def _await(paths: RunPaths, order: int) -> Any:
    """As ``control.wait_for``, but looking seldom enough not to be noticed."""
    from racetui.runs import control

    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return control.wait_for(paths, order, timeout=0.0)
        except OrderTimeout:
            if time.monotonic() >= deadline:
                raise OrderTimeout(f"no answer within {PATIENCE:.0f} s") from None
        time.sleep(POLL_SECONDS)


def _attempt(run: RunSummary, what: str, work: Callable[[], object]) -> Answer:
    title = f"{run.id} {run.name}"
    try:
        work()
    except Exception as error:  # whatever it is, whoever asked for it must hear
        return Answer(run.id, "error", f"{title}: {what}: {' '.join(str(error).split()) or type(error).__name__}")
    return Answer(run.id, "info", f"{title}: {what} done")
