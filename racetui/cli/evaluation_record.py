"""An evaluation as its run shows it, while it goes on and afterwards."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TypeVar

from collectors.api import EpisodeRecord
from racetui.evaluation import EvaluationResult, EvaluationSettings
from racetui.runs.errors import StoreError
from racetui.runs.paths import RunPaths
from racetui.runs.writer import RunWriter

PROGRESS_SECONDS = 1.0
_Outcome = TypeVar("_Outcome")


class Record:
    """Written into the run's store, where there is a run; a store that cannot be written is told of, no more."""

    def __init__(self, run: RunPaths | None, frames: int, settings: EvaluationSettings) -> None:
        """Say that it has begun, with the checkpoint of so many frames."""
        self._run, self._frames, self._episodes = run, frames, settings.episodes
        self._driven, self._next = 0, 0.0
        self._row = self._write(
            lambda writer: writer.evaluation_started(
                frames=frames,
                purpose="asked",
                episodes=settings.episodes,
                seed=settings.seed,
                deterministic=settings.deterministic,
                backend=settings.backend,
            )
        )

    def finish(self, result: EvaluationResult) -> None:
        """Keep the scores."""
        row = self._row
        if row is not None:
            self._write(lambda writer: self._finish(writer, row, result))

    def progress(self, _episode: EpisodeRecord) -> None:
        """Say that one more track is driven; written once a second."""
        self._driven += 1
        row, now = self._row, time.monotonic()
        if row is not None and now >= self._next:
            self._next = now + PROGRESS_SECONDS
            text = f"{self._driven} of {self._episodes} episodes driven"
            self._write(lambda writer: writer.evaluation_progress(row, text))

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Say so where what is done inside ends with an exception or is interrupted."""
        row = self._row
        try:
            yield
        except BaseException as error:
            reason = str(error) or type(error).__name__
            if row is not None:
                self._write(lambda writer: writer.evaluation_failed(row, reason))
            raise

    def _finish(self, writer: RunWriter, row: int, result: EvaluationResult) -> None:
        writer.evaluation_finished(row, asdict(result))
        text = f"evaluation at {self._frames:,} frames on order: {result.mean:.1f} ± {result.std:.1f}"
        writer.event("info", "evaluation", text)

    def _write(self, what: Callable[[RunWriter], _Outcome]) -> _Outcome | None:
        if self._run is None:
            return None
        try:
            with RunWriter(self._run) as writer, writer.transaction():
                return what(writer)
        except StoreError as error:
            print(f"racetui: the scores are not kept with the run: {error}", file=sys.stderr)
            return None
