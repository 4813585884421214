"""What the panel has done by others: starting, resuming and killing runs, evaluating those that have ended."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from racetui.runs.paths import RunPaths
from racetui.watch.watcher import start_driving

if TYPE_CHECKING:
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


def _start(request: StartRequest) -> RunPaths:
    from racetui.launching import start_run

    return start_run(request)


def _resume(paths: RunPaths) -> None:
    from racetui.launching import resume_run

    resume_run(paths)


def _kill(paths: RunPaths) -> None:
    from racetui.runs.control import kill

    kill(paths, source="panel")


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
    """Each may block and may raise; called from threads."""

    start: Callable[[StartRequest], RunPaths] = _start
    resume: Callable[[RunPaths], None] = _resume
    kill: Callable[[RunPaths], None] = _kill
    evaluate_ended: Callable[[RunPaths, EvaluationChoice], int] = evaluate_ended
    drive: Callable[[RunPaths], subprocess.Popen[bytes]] = start_driving
    """Starts the process that drives the watched car."""
