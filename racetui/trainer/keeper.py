"""Keeps a run's checkpoints: written in the background, latest and best kept, the others pruned."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.checkpoint import (
    Checkpoint,
    CheckpointError,
    list_checkpoints,
    prune,
    read_pointer,
    save_checkpoint,
    set_pointer,
)
from racetui.runs.paths import RunPaths
from racetui.runs.writer import RunWriter


@dataclass(frozen=True, slots=True)
class _Saving:
    frames: int
    reason: str
    future: Future[Path]
    then: list[Callable[[str], None]]


class Keeper:
    """Saves checkpoints without holding up training; everything but the writing itself happens in ``poll``."""

    def __init__(self, paths: RunPaths, writer: RunWriter) -> None:
        self._root = paths.checkpoints
        self._writer = writer
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint")
        self._saving: list[_Saving] = []
        self._pruning: list[tuple[Future[None], set[str]]] = []
        self._needed: dict[str, int] = {}

    def save(self, frames: int, make: Callable[[], Checkpoint], reason: str, then: Callable[[str], None]) -> None:
        """Write the state at ``frames`` in the background, once; ``then`` hears "ok" or what went wrong."""
        for saving in self._saving:
            if saving.frames == frames:
                saving.then.append(then)
                return
        if frames == self.latest:
            then("ok")
            return
        future = self._thread.submit(save_checkpoint, self._root, make(), reason)
        self._saving.append(_Saving(frames, reason, future, [then]))

    @property
    def latest(self) -> int | None:
        """Frames of the newest checkpoint that is safely written; None without one."""
        return _frames(read_pointer(self._root, "LATEST"))

    @property
    def best(self) -> int | None:
        """Frames of the checkpoint that evaluated best; None before the first evaluation."""
        return _frames(read_pointer(self._root, "BEST"))

    def poll(self) -> None:
        """Finish what has been written: pointers, the store's rows, pruning, and telling who asked."""
        while self._saving and self._saving[0].future.done():
            self._finish(self._saving.pop(0))
        while self._pruning and self._pruning[0][0].done():
            self._forget(*self._pruning.pop(0))

    def wait(self) -> None:
        """Wait until everything ordered is written, and finish it."""
        while self._saving or self._pruning:
            pending: list[Future[Any]] = [saving.future for saving in self._saving]
            wait(pending + [pruned for pruned, _ in self._pruning])
            self.poll()

    def mark_best(self, frames: int) -> None:
        """Make the checkpoint of these frames the best one."""
        try:
            set_pointer(self._root, "BEST", str(frames))
        except CheckpointError as error:
            self._writer.event("error", "checkpoint", f"the best checkpoint cannot be kept: {error}")
            return
        self._writer.tag_checkpoint("best", frames)
        self._prune()

    def hold(self, frames: int) -> None:
        """Do not prune this checkpoint: an evaluation reads it."""
        self._needed[str(frames)] = self._needed.get(str(frames), 0) + 1

    def release(self, frames: int) -> None:
        """The evaluation of this checkpoint is over."""
        self._needed[str(frames)] -= 1
        if not self._needed[str(frames)]:
            del self._needed[str(frames)]
            self._prune()

    def close(self) -> None:
        """Wait for what is being written and end the thread."""
        self.wait()
        self._thread.shutdown()

    def _finish(self, saving: _Saving) -> None:
        try:
            path = saving.future.result()
            set_pointer(self._root, "LATEST", path.name)
        except CheckpointError as error:
            self._writer.event("error", "checkpoint", f"checkpoint at {saving.frames:,} frames failed: {error}")
            self._tell(saving, str(error))
            return
        size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        with self._writer.transaction():
            self._writer.checkpoint(saving.frames, size, saving.reason)
            self._writer.tag_checkpoint("latest", saving.frames)
            self._writer.event("info", "checkpoint", f"{saving.reason} checkpoint at {saving.frames:,} frames")
        self._tell(saving, "ok")
        self._prune()

    def _tell(self, saving: _Saving, outcome: str) -> None:
        for then in saving.then:
            then(outcome)

    def _prune(self) -> None:
        """Delete what nobody needs, in the thread that saves: the two must not meet."""
        pointers = {str(frames) for frames in (self.latest, self.best) if frames is not None}
        keep = pointers | {str(saving.frames) for saving in self._saving} | set(self._needed)
        if gone := {path.name for path in list_checkpoints(self._root)} - keep:
            self._pruning.append((self._thread.submit(prune, self._root, keep), gone))

    def _forget(self, pruned: Future[None], gone: set[str]) -> None:
        error = pruned.exception()
        if error is not None:
            self._writer.event("warning", "checkpoint", f"old checkpoints stay: {error}")
            return
        for name in gone:
            self._writer.forget_checkpoint(int(name))


def _frames(pointer: str | None) -> int | None:
    return int(pointer) if pointer else None
