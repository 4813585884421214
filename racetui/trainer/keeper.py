"""Keeps a run's checkpoints: written in the background, pruned but for those that somebody needs or chose."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from agents.checkpoint import (
    Checkpoint,
    CheckpointError,
    list_checkpoints,
    prune,
    read_pointer,
    resolve,
    save_checkpoint,
    set_pointer,
)
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.writer import RunWriter
from racetui.trainer.removal import Removal

Then = Callable[[str], None]
"""Hears "ok" or what went wrong."""


@dataclass(frozen=True, slots=True)
class _Saving:
    frames: int
    reason: str
    future: Future[Path]
    then: list[Then]


@dataclass(frozen=True, slots=True)
class _Job:
    """Something else that the thread does to the directory."""

    future: Future[None]
    gone: frozenset[int]
    """Frames of the checkpoints that it deletes."""
    done: Callable[[BaseException | None], None]
    best: int | None = None
    """Frames of the checkpoint that it points at as the best one."""


class Keeper:
    """Saves, promotes and deletes without holding up training.

    One thread does all that takes time, in the order in which it was asked for: saving, pruning, deleting and
    pointing never meet. ``poll`` tells the store what was done. Beside latest, best and tagged ones, the newest
    ``spare`` are kept.
    """

    def __init__(self, paths: RunPaths, writer: RunWriter, spare: int = 0) -> None:
        self._paths, self._root, self._writer, self._spare = paths, paths.checkpoints, writer, spare
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint")
        self._saving: list[_Saving] = []
        self._jobs: list[_Job] = []
        self._needed: dict[int, int] = {}

    def save(self, frames: int, make: Callable[[], Checkpoint], reason: str, then: Then) -> None:
        """Write the state at ``frames`` in the background, once; ``then`` hears "ok" or what went wrong."""
        for saving in self._saving:
            if saving.frames == frames:
                saving.then.append(then)
                return
        if frames == self.latest:
            then("ok")
            return
        future = self._thread.submit(_save, self._root, make(), reason)
        self._saving.append(_Saving(frames, reason, future, [then]))

    @property
    def latest(self) -> int | None:
        """Frames of the newest checkpoint that is safely written; None without one."""
        return _frames(read_pointer(self._root, "LATEST"))

    @property
    def best(self) -> int | None:
        """Frames of the checkpoint that evaluated best, or was chosen; None before the first evaluation."""
        pending = [job.best for job in self._jobs if job.best is not None]
        return pending[-1] if pending else _frames(read_pointer(self._root, "BEST"))

    @property
    def there(self) -> list[int]:
        """Frames of the checkpoints that there are and that nobody is about to delete, in order."""
        gone = {frames for job in self._jobs for frames in job.gone}
        return [frames for path in list_checkpoints(self._root) if (frames := int(path.name)) not in gone]

    def poll(self) -> None:
        """Finish what has been done: the store's rows, pruning, and telling who asked."""
        while self._saving and self._saving[0].future.done():
            self._finish(self._saving.pop(0))
        while self._jobs and self._jobs[0].future.done():
            job = self._jobs.pop(0)
            job.done(job.future.exception())

    def mend(self) -> None:
        """Tell the store of what a process pointed at, and point at what it told, before it died between the two."""
        latest = self.latest
        with RunReader(self._paths) as reader:
            if latest is not None and latest not in {row.frames for row in reader.checkpoints()}:
                self._record(latest, resolve(self._root, "latest"), "periodic")
            best = reader.best_evaluation()
        if best is not None and best.frames != self.best and "hand" not in self._tags():
            self.mark_best(best.frames)

    def wait(self) -> None:
        """Wait until everything ordered is done, and finish it."""
        while self._saving or self._jobs:
            pending: list[Future[Any]] = [saving.future for saving in self._saving]
            wait(pending + [job.future for job in self._jobs])
            self.poll()

    def mark_best(self, frames: int) -> None:
        """Make the checkpoint of these frames the best one: it evaluated best. One chosen by hand stays, tagged."""
        self._point(frames, partial(self._marked, frames))

    def promote(self, frames: int, then: Then) -> None:
        """Let a person choose the best checkpoint; the one that evaluated best stays, tagged as such."""
        if frames not in self.there:
            then(self._missing(frames))
            return
        former = self.best
        if former is not None:
            self.hold(former)
        self._point(frames, partial(self._promoted, frames, former, then))

    def delete(self, frames: int, then: Then, even_best: bool = False, even_latest: bool = False) -> None:
        """Delete a checkpoint that nobody reads; the best and the latest one only if that is said."""
        with RunReader(self._paths) as reader:
            read = any(row.frames == frames and row.state == "running" for row in reader.evaluations())
            successor = reader.best_evaluation(without=frames)
        left = [other for other in self.there if other != frames]
        reason = ""
        if frames not in self.there:
            reason = self._missing(frames)
        elif read or frames in self._needed:
            reason = f"the checkpoint at {frames:,} frames is in use, as by an evaluation: delete it afterwards"
        elif frames == self.latest and not even_latest:
            reason = f"the checkpoint at {frames:,} frames is the latest, which the run would go on from: it stays"
        elif frames == self.best and not even_best:
            reason = f"the checkpoint at {frames:,} frames is the best one: say that even the best is to go"
        if reason:
            then(reason)
            return
        best = successor.frames if successor is not None and successor.frames in left else None
        removal = Removal(self._root, frames, max(left, default=None), best)
        deleting = self._thread.submit(removal.run)
        self._jobs.append(_Job(deleting, frozenset([frames]), partial(self._deleted, removal, then)))

    def hold(self, frames: int) -> None:
        """Do not prune this checkpoint: an evaluation reads it."""
        self._needed[frames] = self._needed.get(frames, 0) + 1

    def release(self, frames: int) -> None:
        """The evaluation of this checkpoint is over."""
        self._needed[frames] -= 1
        if not self._needed[frames]:
            del self._needed[frames]
            self._prune()

    def close(self) -> None:
        """Wait for what is being done and end the thread."""
        self.wait()
        self._thread.shutdown()

    def _finish(self, saving: _Saving) -> None:
        try:
            path = saving.future.result()
        except CheckpointError as error:
            self._writer.event("error", "checkpoint", f"checkpoint at {saving.frames:,} frames failed: {error}")
            self._tell(saving, str(error))
            return
        self._record(saving.frames, path, saving.reason)
        self._tell(saving, "ok")
        self._prune()

    def _record(self, frames: int, path: Path, reason: str) -> None:
        size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        with self._writer.transaction():
            self._writer.checkpoint(frames, size, reason)
            self._writer.tag_checkpoint("latest", frames)
            self._writer.event("info", "checkpoint", f"{reason} checkpoint at {frames:,} frames")

    def _tell(self, saving: _Saving, outcome: str) -> None:
        for then in saving.then:
            then(outcome)

    def _point(self, frames: int, done: Callable[[BaseException | None], None]) -> None:
        """Have the thread make a checkpoint the best one, which stays at least until ``done`` has heard of it."""
        self.hold(frames)
        pointing = self._thread.submit(set_pointer, self._root, "BEST", str(frames))
        self._jobs.append(_Job(pointing, frozenset(), done, frames))

    def _marked(self, frames: int, error: BaseException | None) -> None:
        if error is None:
            with self._writer.transaction():
                self._writer.tag_checkpoint("best", frames)
                self._writer.untag_checkpoint("top")
        else:
            self._writer.event("error", "checkpoint", f"the best checkpoint cannot be kept: {error}")
        self.release(frames)

    def _promoted(self, frames: int, former: int | None, then: Then, error: BaseException | None) -> None:
        tags = self._tags()
        if error is None:
            with self._writer.transaction():
                if former is not None and former not in (frames, tags.get("hand")):
                    self._writer.tag_checkpoint("top", former)
                self._writer.tag_checkpoint("best", frames)
                self._writer.tag_checkpoint("hand", frames)
                text = f"the checkpoint at {frames:,} frames was made the best by hand"
                self._writer.event("info", "checkpoint", text)
        self.release(frames)
        if former is not None:
            self.release(former)
        then("ok" if error is None else str(error))

    def _deleted(self, removal: Removal, then: Then, error: BaseException | None) -> None:
        if error is None:
            with self._writer.transaction():
                self._writer.forget_checkpoint(removal.frames)
                for tag, heir in (("latest", self.latest), ("best", self.best)):
                    if heir is not None:
                        self._writer.tag_checkpoint(tag, heir)
                text = f"the checkpoint at {removal.frames:,} frames was deleted by hand"
                self._writer.event("info", "checkpoint", text)
        then("ok" if error is None else str(error))

    def _prune(self) -> None:
        """Delete what nobody needs."""
        latest, there = self.latest, self.there
        keep = {frames for frames in (latest, self.best) if frames is not None}
        keep |= {saving.frames for saving in self._saving} | set(self._needed) | set(self._tags().values())
        older = [frames for frames in there if latest is not None and frames < latest]
        keep |= set(older[-self._spare :] if self._spare else ())
        if gone := frozenset(there) - keep:
            names = {str(frames) for frames in keep}
            self._jobs.append(_Job(self._thread.submit(prune, self._root, names), gone, partial(self._forget, gone)))

    def _forget(self, gone: frozenset[int], error: BaseException | None) -> None:
        if error is not None:
            self._writer.event("warning", "checkpoint", f"old checkpoints stay: {error}")
            return
        for frames in gone:
            self._writer.forget_checkpoint(frames)

    def _tags(self) -> dict[str, int]:
        """Frames of the checkpoint that has each tag."""
        with RunReader(self._paths) as reader:
            return {tag: row.frames for row in reader.checkpoints() for tag in row.tags}

    def _missing(self, frames: int) -> str:
        known = ", ".join(f"{other:,}" for other in self.there) or "none"
        return f"there is no checkpoint at {frames:,} frames: there are {known}"


def _save(root: Path, checkpoint: Checkpoint, reason: str) -> Path:
    path = save_checkpoint(root, checkpoint, reason)
    set_pointer(root, "LATEST", path.name)
    return path


def _frames(pointer: str | None) -> int | None:
    return int(pointer) if pointer else None
