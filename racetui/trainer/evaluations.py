"""Evaluations beside training: one process at a time, on a checkpoint, while the trainer goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from racetui.evaluation import EvaluationSettings
from racetui.runs.paths import RunPaths
from racetui.runs.writer import RunWriter
from racetui.trainer.keeper import Keeper

NICENESS = 5
"""Evaluations give way to training on a busy machine."""
OWN_PURPOSES = ("periodic", "final")
"""Of evaluations on the run's own tracks, by which checkpoints are compared."""


@dataclass(frozen=True, slots=True)
class EvaluationOrder:
    """An evaluation to be done: which checkpoint, how, and why (periodic, final, score or asked)."""

    frames: int
    settings: EvaluationSettings
    purpose: str


@dataclass(frozen=True, slots=True)
class _Running:
    order: EvaluationOrder
    row: int
    process: subprocess.Popen[bytes]
    out: Path


class Evaluations:
    """Runs evaluation orders one after the other; ``poll`` moves them on and never waits."""

    def __init__(
        self,
        paths: RunPaths,
        writer: RunWriter,
        keeper: Keeper,
        on_result: Callable[[EvaluationOrder, dict[str, Any]], None],
    ) -> None:
        self._paths, self._writer, self._keeper, self._on_result = paths, writer, keeper, on_result
        self._waiting: deque[EvaluationOrder] = deque()
        self.short_of_memory: Callable[[], bool] = lambda: False
        """Asked before one begins."""
        self._running: _Running | None = None

    @property
    def busy(self) -> bool:
        """An evaluation is going on or waiting."""
        return self._running is not None or bool(self._waiting)

    def order(self, order: EvaluationOrder) -> None:
        """Queue an evaluation; a periodic one still waiting is replaced by a newer one."""
        if order.purpose == "periodic":
            for old in [waiting for waiting in self._waiting if waiting.purpose == "periodic"]:
                self._waiting.remove(old)
                self._keeper.release(old.frames)
                text = f"evaluation at {old.frames:,} frames skipped: the one before it is still going on"
                self._writer.event("warning", "evaluation", text)
        self._keeper.hold(order.frames)
        self._waiting.append(order)

    def insist(self, frames: int) -> None:
        """Let a newer one not replace the waiting evaluation of these frames: a training ended with them."""
        final = [replace(order, purpose="final") if order.frames == frames else order for order in self._waiting]
        self._waiting = deque(final)

    def poll(self) -> None:
        """Take in a finished evaluation and start the next one."""
        if self._running is not None and self._running.process.poll() is not None:
            self._finish(self._running)
        if self._running is None and self._waiting:
            self._start(self._waiting.popleft())

    def give_up(self, reason: str) -> bool:
        """End the evaluation going on, and say so in the store; False if none is."""
        running = self._abandon(reason)
        if running is None:
            return False
        self._writer.event(
            "warning", "evaluation", f"evaluation at {running.order.frames:,} frames given up: {reason}"
        )
        self._keeper.release(running.order.frames)
        return True

    def close(self, reason: str) -> None:
        """End the evaluation going on, drop the waiting ones; says so in the store."""
        self._abandon(reason)
        self._waiting.clear()

    def _abandon(self, reason: str) -> _Running | None:
        running, self._running = self._running, None
        if running is not None:
            running.process.kill()
            running.process.wait()
            self._writer.evaluation_failed(running.row, reason)
        return running

    def _start(self, order: EvaluationOrder) -> None:
        settings = order.settings
        short = self.short_of_memory()
        row = self._writer.evaluation_started(
            frames=order.frames,
            purpose=order.purpose,
            episodes=settings.episodes,
            seed=settings.seed,
            deterministic=settings.deterministic,
            backend=settings.backend,
        )
        if short:
            self._writer.evaluation_failed(row, "left out: memory is short")
            self._keeper.release(order.frames)
            return
        self._paths.evals.mkdir(exist_ok=True)
        out = self._paths.evals / f"{row}.json"
        command = [
            *(sys.executable, "-m", "racetui.evaluation"),
            *(str(self._paths.checkpoints / str(order.frames)), str(out)),
            *("--episodes", str(settings.episodes), "--seed", str(settings.seed), "--backend", settings.backend),
            *("--cores", str(settings.cores), "--nice", str(NICENESS)),
            *([] if settings.deterministic else ["--stochastic"]),
        ]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})
        self._running = _Running(order, row, process, out)

    def _finish(self, running: _Running) -> None:
        code = running.process.returncode
        self._running = None
        try:
            if code == 0:
                results = json.loads(running.out.read_text())["results"]
                self._writer.evaluation_finished(running.row, results)
                self._on_result(running.order, results)
            else:
                how = f"was killed by signal {-code}" if code < 0 else f"failed with exit code {code}"
                text = f"evaluation {running.row} of {running.order.frames:,} frames {how}; see the log"
                self._writer.evaluation_failed(running.row, text)
                self._writer.event("error", "evaluation", text)
        finally:
            self._keeper.release(running.order.frames)
