"""Evaluations beside training: one process at a time, on a checkpoint, while the trainer goes on."""

from __future__ import annotations

import contextlib
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
from racetui.video.writers import usual_suffix

NICENESS = 5
"""Evaluations give way to training on a busy machine."""


@dataclass(frozen=True, slots=True)
class EvaluationOrder:
    """An evaluation to be done: which checkpoint, how, and why (periodic, final, score or asked)."""

    frames: int
    settings: EvaluationSettings
    purpose: str
    video: str = ""
    """Which episode to film, one of ``racetui.video.CHOICES``; empty for none."""

    @property
    def dispensable(self) -> bool:
        """It goes on beside training; the score is what its run is there for."""
        return self.purpose != "score"


@dataclass(frozen=True, slots=True)
class _Running:
    order: EvaluationOrder
    row: int
    process: subprocess.Popen[bytes]
    out: Path
    driven: Path
    """Where the process keeps the number of driven tracks."""
    video: Path | None


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
        """Asked before one begins that can be done without."""
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
        """Let a newer one not replace the waiting periodic evaluation of these frames: a training ended with them."""
        for index, order in enumerate(self._waiting):
            if (order.frames, order.purpose) == (frames, "periodic"):
                self._waiting[index] = replace(order, purpose="final")

    def poll(self) -> None:
        """Take in a finished evaluation and start the next one."""
        if self._running is not None and self._running.process.poll() is not None:
            self._finish(self._running)
        if self._running is not None:
            self._tell_progress(self._running)
        if self._running is None and self._waiting:
            self._start(self._waiting.popleft())

    def give_up(self, reason: str) -> bool:
        """End the evaluation going on, and say so in the store; False if none is that can be done without."""
        if self._running is None or not self._running.order.dispensable:
            return False
        running = self._running
        self._abandon(reason)
        self._writer.event(
            "warning", "evaluation", f"evaluation at {running.order.frames:,} frames given up: {reason}"
        )
        self._keeper.release(running.order.frames)
        return True

    def close(self, reason: str) -> None:
        """End the evaluation going on, drop the waiting ones; says so in the store."""
        self._abandon(reason)
        self._waiting.clear()

    def _abandon(self, reason: str) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.process.kill()
            running.process.wait()
            running.driven.unlink(missing_ok=True)
            self._writer.evaluation_failed(running.row, reason)

    def _start(self, order: EvaluationOrder) -> None:
        settings = order.settings
        short = order.dispensable and self.short_of_memory()
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
        try:
            self._running = self._begun(order, row)
        except OSError as error:  # no room for a process is no reason to lose a training
            self._fail(order, row, f"cannot begin: {error.strerror or error}")
            self._keeper.release(order.frames)

    def _begun(self, order: EvaluationOrder, row: int) -> _Running:
        """Its process, started. Raises OSError."""
        settings = order.settings
        self._paths.evals.mkdir(exist_ok=True)
        out, driven = self._paths.evals / f"{row}.json", self._paths.evals / f"{row}.driven"
        for left in (out, driven):  # by an evaluation of this number that a rewind took back
            left.unlink(missing_ok=True)
        video = self._paths.videos / f"evaluation-{row}{usual_suffix()}" if order.video else None
        command = [
            *(sys.executable, "-m", "racetui.evaluation"),
            *(str(self._paths.checkpoints / str(order.frames)), str(out)),
            *("--episodes", str(settings.episodes), "--seed", str(settings.seed), "--backend", settings.backend),
            *("--cores", str(settings.cores), "--nice", str(NICENESS)),
            *([] if settings.deterministic else ["--stochastic"]),
            *("--progress", str(driven)),
        ]
        if video is not None:
            self._paths.videos.mkdir(exist_ok=True)
            command += ["--video", str(video), "--video-episode", order.video]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})
        return _Running(order, row, process, out, driven, video)

    def _tell_progress(self, running: _Running) -> None:
        if running.video is not None and running.out.exists():
            self._writer.evaluation_progress(running.row, f"all driven, filming the {running.order.video} track")
            return
        with contextlib.suppress(OSError):  # none yet
            driven = running.driven.read_text(encoding="ascii").strip()
            if driven:
                text = f"{driven} of {running.order.settings.episodes} episodes driven"
                self._writer.evaluation_progress(running.row, text)

    def _finish(self, running: _Running) -> None:
        code = running.process.returncode
        self._running = None
        running.driven.unlink(missing_ok=True)
        try:
            filmed = running.video is not None and running.out.exists()  # what failed after that is the video
            if code == 0 or filmed:
                results = json.loads(running.out.read_text())["results"]
                self._writer.evaluation_finished(running.row, results)
                self._on_result(running.order, results)
                if running.video is not None:
                    self._tell_video(running, running.video)
            else:
                how = f"was killed by signal {-code}" if code < 0 else f"failed with exit code {code}"
                self._fail(running.order, running.row, f"{how}; see the log")
        finally:
            self._keeper.release(running.order.frames)

    def _fail(self, order: EvaluationOrder, row: int, how: str) -> None:
        text = f"evaluation {row} of {order.frames:,} frames {how}"
        self._writer.evaluation_failed(row, text)
        self._writer.event("error", "evaluation", text)

    def _tell_video(self, running: _Running, video: Path) -> None:
        if running.process.returncode == 0:
            self._writer.event(
                "info", "video", f"evaluation {running.row} is filmed: {video.parent.name}/{video.name}"
            )
        else:
            self._writer.event("warning", "video", f"there is no video of evaluation {running.row}: see the log")
