"""What the panel has done by others: starting, resuming and killing runs, evaluating those that have ended."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from racetui.runs.errors import ControlError
from racetui.runs.paths import RunPaths
from racetui.video.writers import usual_suffix
from racetui.watch.lease import Lease, renew
from racetui.watch.recording import Recording
from racetui.watch.watcher import start_driving

if TYPE_CHECKING:
    from racetui.comparison import Comparison
    from racetui.comparison.export import Shown
    from racetui.launching import StartRequest
    from racetui.spec import Budget

PATIENCE = 300.0
"""Seconds to wait for an answer before saying that there is none; the order stands all the same."""


@dataclass(frozen=True, slots=True)
class EvaluationChoice:
    """What to evaluate a run by."""

    checkpoint: str = "latest"
    """latest, best, or the frames of one."""
    episodes: int = 10
    seed: int = 2_000_000
    """Track seed of the first episode: other tracks than those of the evaluations during training."""
    deterministic: bool = True
    backend: str = ""
    """What simulates; empty for the usual one."""
    video: str = ""
    """Which episode to film, one of ``racetui.video.CHOICES``; empty for none."""


def _order(paths: RunPaths, name: str, args: Mapping[str, Any]) -> int:
    from racetui.runs.control import send

    return send(paths, name, args, source="panel")


def _start(request: StartRequest) -> RunPaths:
    from racetui.launching import start_run

    return start_run(request)


def _resume(paths: RunPaths, budget: Budget | None) -> None:
    from racetui.launching import resume_run

    resume_run(paths, budget)


def _kill(paths: RunPaths) -> None:
    from racetui.runs.control import kill

    kill(paths, source="panel")


def _first(paths: RunPaths) -> None:
    from racetui.runs.queue import Queue

    Queue(paths).first(paths.id)


def _note(paths: RunPaths, text: str) -> None:
    from racetui.runs.notes import set_note

    set_note(paths, text)


def _tag(paths: RunPaths, tags: Sequence[str]) -> None:
    from racetui.runs.notes import set_tags

    set_tags(paths, tags)


def _promote(paths: RunPaths, frames: int) -> None:
    from racetui.checkpointing import promote

    promote(paths, frames, PATIENCE, source="panel")


def _delete(paths: RunPaths, frames: int, even_best: bool) -> None:
    from racetui.checkpointing import delete

    delete(paths, frames, even_best, PATIENCE, source="panel")


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
    if choice.backend:
        options += ["--backend", choice.backend]
    if choice.video:
        paths.videos.mkdir(exist_ok=True)
        video = paths.videos / time.strftime(f"evaluation-%Y%m%d-%H%M%S{usual_suffix()}")
        options += ["--video", str(video), "--video-episode", choice.video]
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
    resume: Callable[[RunPaths, Budget | None], None] = _resume
    kill: Callable[[RunPaths], None] = _kill
    evaluate_ended: Callable[[RunPaths, EvaluationChoice], int] = evaluate_ended
    first: Callable[[RunPaths], None] = _first
    """Lets a queued run go before the others."""
    note: Callable[[RunPaths, str], None] = _note
    tag: Callable[[RunPaths, Sequence[str]], None] = _tag
    promote: Callable[[RunPaths, int], None] = _promote
    delete: Callable[[RunPaths, int, bool], None] = _delete
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
