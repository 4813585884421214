"""TensorBoard files beside the run store, for people's other tools."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


class Curves:
    """Writes every metric to TensorBoard, with frames as its step."""

    def __init__(self, directory: Path, from_frames: int) -> None:
        from torch.utils.tensorboard.writer import SummaryWriter

        # purge_step: a resumed run goes back to its checkpoint, and so do the curves.
        purge = from_frames + 1 if from_frames else None
        self._board = SummaryWriter(log_dir=str(directory), purge_step=purge)

    def write(self, frames: int, values: Mapping[str, float]) -> None:
        """Add one point to each curve."""
        for name, value in values.items():
            self._board.add_scalar(name, value, frames)

    def close(self) -> None:
        """Flush and close."""
        self._board.close()
