"""Deleting one checkpoint of a run, without leaving a pointer at nothing behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agents.checkpoint import clear_pointer, delete, read_pointer, resolve, set_pointer
from agents.checkpoint.directory import Pointer


@dataclass(frozen=True, slots=True)
class Removal:
    """What is to go, and who inherits what it was."""

    root: Path
    frames: int
    latest: int | None
    """Who is the latest afterwards, where this one is; None where no other is left."""
    best: int | None
    """Who is the best afterwards, where this one is; None where no other was evaluated."""

    def run(self) -> None:
        """Move the pointers, then delete: interrupted, it leaves a checkpoint too many. Raises CheckpointError."""
        heirs: tuple[tuple[Pointer, int | None], ...] = (("LATEST", self.latest), ("BEST", self.best))
        for pointer, heir in heirs:
            if read_pointer(self.root, pointer) == str(self.frames):
                if heir is None:
                    clear_pointer(self.root, pointer)
                else:
                    set_pointer(self.root, pointer, str(heir))
        delete(resolve(self.root, str(self.frames)))
