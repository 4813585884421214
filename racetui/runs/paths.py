"""Where runs are kept, and the files of one run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs


def home() -> Path:
    """The store's directory: ``$RACETUI_HOME``, or the user's data directory; absolute, perhaps not there yet."""
    chosen = os.environ.get("RACETUI_HOME", "")
    found = Path(chosen).expanduser() if chosen else platformdirs.user_data_path("racetui")
    return found.absolute()


@dataclass(frozen=True, slots=True)
class RunPaths:
    """The files of one run; everything in them is relative, so that the directory can be moved."""

    root: Path

    @property
    def id(self) -> str:
        """The run's number, which is the directory's name."""
        return self.root.name

    @property
    def spec(self) -> Path:
        """Everything needed to do the run again, as YAML."""
        return self.root / "spec.yaml"

    @property
    def database(self) -> Path:
        """Facts and orders."""
        return self.root / "run.db"

    @property
    def checkpoints(self) -> Path:
        """One directory per checkpoint."""
        return self.root / "checkpoints"

    @property
    def evals(self) -> Path:
        """What evaluations left: reports, videos."""
        return self.root / "evals"

    @property
    def tensorboard(self) -> Path:
        """Event files for TensorBoard."""
        return self.root / "tb"

    @property
    def log(self) -> Path:
        """Everything the run's processes print."""
        return self.root / "log.txt"

    @property
    def frames(self) -> Path:
        """Pictures of the watched car, while somebody watches."""
        return self.root / "frames"

    @property
    def lease(self) -> Path:
        """Renewed by whoever watches."""
        return self.root / "frames.lease"

    @property
    def weights(self) -> Path:
        """What the trainer lends to the watched car."""
        return self.root / "frames.weights"

    @property
    def videos(self) -> Path:
        """Recordings of the watched car."""
        return self.root / "videos"

    @property
    def lock(self) -> Path:
        """Held by the trainer for as long as it lives."""
        return self.root / "lock"
