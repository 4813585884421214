"""Keeps a run's checkpoints: written in the background, latest and best kept, the others pruned."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

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

    def wait(self) -> None:
        """Wait until everything ordered is written, and finish it."""
        for saving in list(self._saving):
            saving.future.exception()
        self.poll()

    def mark_best(self, frames: int) -> None:
        """Make the checkpoint of these frames the best one."""
        set_pointer(self._root, "BEST", str(frames))
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
        except CheckpointError as error:
            self._writer.event("error", "checkpoint", f"checkpoint at {saving.frames:,} frames failed: {error}")
            self._tell(saving, str(error))
            return
        set_pointer(self._root, "LATEST", path.name)
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
        pointers = {str(frames) for frames in (self.latest, self.best) if frames is not None}
        keep = pointers | {str(saving.frames) for saving in self._saving} | set(self._needed)
        gone = {path.name for path in list_checkpoints(self._root)} - keep
        prune(self._root, keep)
        for name in gone:
            self._writer.forget_checkpoint(int(name))


def _frames(pointer: str | None) -> int | None:
    return int(pointer) if pointer else None
