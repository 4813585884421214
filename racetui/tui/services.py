"""What the panel has done by others: starting, resuming and killing runs, evaluating those that have ended."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from racetui.runs.errors import ControlError
from racetui.runs.paths import RunPaths
from racetui.watch.lease import Lease, renew
from racetui.watch.recording import Recording
from racetui.watch.watcher import start_driving

if TYPE_CHECKING:
    from racetui.comparison import Comparison
    from racetui.comparison.export import Shown
    from racetui.launching import StartRequest


@dataclass(frozen=True, slots=True)
class EvaluationChoice:
    """What to evaluate a run by."""

    checkpoint: str = "latest"
    """latest or best."""
    episodes: int = 10
    seed: int = 2_000_000
    """Track seed of the first episode: other tracks than those of the evaluations during training."""
    deterministic: bool = True


def _order(paths: RunPaths, name: str, args: Mapping[str, Any]) -> int:
    from racetui.runs.control import send

    return send(paths, name, args, source="panel")


def _start(request: StartRequest) -> RunPaths:
    from racetui.launching import start_run

    return start_run(request)


def _resume(paths: RunPaths) -> None:
    from racetui.launching import resume_run

    resume_run(paths)


def _kill(paths: RunPaths) -> None:
    from racetui.runs.control import kill

    kill(paths, source="panel")


def _record(recording: Recording) -> str:
    return recording.run()


def _export(comparison: Comparison, shown: Shown, store: Path) -> Path:
    from racetui.comparison.export import export

    return export(comparison, shown, store)


def evaluate_ended(paths: RunPaths, choice: EvaluationChoice) -> int:
    """Evaluate an ended run by a process of its own, which outlives this one and prints into the run's log.

    Waits for it; returns its exit code.
    """
    options = ["--checkpoint", choice.checkpoint, "--episodes", str(choice.episodes), "--seed", str(choice.seed)]
    if not choice.deterministic:
        options.append("--stochastic")
    with paths.log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-u", "-m", "racetui", "eval", paths.id, *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return process.wait()


@dataclass(frozen=True, slots=True)
class Services:
    """All by which the panel changes anything outside itself; each may block and may raise, called from threads."""

    start: Callable[[StartRequest], RunPaths] = _start
    resume: Callable[[RunPaths], None] = _resume
    kill: Callable[[RunPaths], None] = _kill
    evaluate_ended: Callable[[RunPaths, EvaluationChoice], int] = evaluate_ended
    drive: Callable[[RunPaths], subprocess.Popen[bytes]] = start_driving
    """Starts the process that drives the watched car."""
    watch: Callable[[RunPaths, Lease], None] = renew
    """Says that somebody watches a run."""
    order: Callable[[RunPaths, str, Mapping[str, Any]], int] = _order
    """Sends an order to a run; returns its id."""
    record: Callable[[Recording], str] = _record
    """Records the watched car into the store; returns what went wrong."""
    export: Callable[[Comparison, Shown, Path], Path] = _export
    """Writes a comparison into the store; returns where."""

    demo: bool = False
    """They act on a recording."""


class ReadOnlyError(ControlError):
    """The panel must not do this."""


def refusing(services: Services, why: str) -> Services:
    """The same services, none of which does anything: each raises ReadOnlyError with ``why``.

    A car can still be seen while somebody else watches it: of watching, only what would write is left out.
    """

    def refuse(*_: object) -> Any:
        raise ReadOnlyError(why)

    none = dict.fromkeys((field.name for field in fields(services) if field.name != "demo"), refuse)
    return replace(services, **none | {"watch": lambda _paths, _lease: None})  # type: ignore[arg-type]
