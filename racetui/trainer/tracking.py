"""Curves for people's other tools beside the run store: TensorBoard, and Aim where it is installed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import msgspec

from racetui.runs.paths import RunPaths, home
from racetui.spec import RunSpec


class Tracker(Protocol):
    """Where curves go."""

    def write(self, frames: int, values: Mapping[str, float]) -> None:
        """Add one point to each curve."""

    def close(self) -> None:
        """Write what is left."""


class TensorBoard:
    """Event files in a directory, with frames as their step."""

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


class Aim:
    """A run in the Aim repository beside the runs, with frames as its step.

    A resumed run goes on in its Aim run, where points at the same frames replace the old ones. The name of that is
    kept in the run's directory.
    """

    def __init__(self, paths: RunPaths, spec: RunSpec, repository: Path) -> None:
        repository.mkdir(parents=True, exist_ok=True)
        kept = paths.root / "aim"
        known = kept.read_text(encoding="utf-8").strip() if kept.exists() else None
        self._run: Any = import_module("aim").Run(
            run_hash=known,
            repo=str(repository),
            experiment=spec.agent,
            system_tracking_interval=None,  # racetui samples the hardware itself, and keeps the log
            log_system_params=False,
            capture_terminal_logs=False,
        )
        self._run.name = f"{paths.id} {spec.name}"
        self._run["spec"] = msgspec.to_builtins(spec)
        kept.write_text(f"{self._run.hash}\n", encoding="utf-8")

    def write(self, frames: int, values: Mapping[str, float]) -> None:
        """Add one point to each curve."""
        for name, value in values.items():
            self._run.track(value, name=name, step=frames)

    def close(self) -> None:
        """Finish the Aim run."""
        self._run.close()


class Tracking:
    """All trackers of a run. One that fails is given up and told of: curves are no reason to lose a training."""

    def __init__(self, trackers: Sequence[Tracker], trouble: Callable[[str], None]) -> None:
        self._trackers, self._trouble = list(trackers), trouble

    def write(self, frames: int, values: Mapping[str, float]) -> None:
        """Add one point to each curve everywhere."""
        self._each(lambda tracker: tracker.write(frames, values))

    def close(self) -> None:
        """Close all of them."""
        self._each(lambda tracker: tracker.close())
        self._trackers.clear()

    def _each(self, do: Callable[[Tracker], None]) -> None:
        for tracker in list(self._trackers):
            try:
                do(tracker)
            except Exception as error:
                # Whatever a foreign tool raises.
                self._trackers.remove(tracker)
                self._trouble(_told(type(tracker).__name__, error))


def open_tracking(paths: RunPaths, spec: RunSpec, from_frames: int, trouble: Callable[[str], None]) -> Tracking:
    """The trackers that the spec asks for; ``trouble`` hears in words of those that fail."""
    wanted: dict[str, Callable[[], Tracker]] = {}
    if spec.tracking.tensorboard:
        wanted["TensorBoard"] = lambda: TensorBoard(paths.tensorboard, from_frames)
    if spec.tracking.aim and find_spec("aim") is not None:
        wanted["Aim"] = lambda: Aim(paths, spec, home() / "aim")
    trackers = []
    for name, make in wanted.items():
        try:
            trackers.append(make())
        except Exception as error:
            # A foreign tool that cannot start.
            trouble(_told(name, error))
    logging.info("curves go to %s", ", ".join(type(tracker).__name__ for tracker in trackers) or "the run store only")
    return Tracking(trackers, trouble)


def _told(name: str, error: Exception) -> str:
    return f"no more curves for {name}: {type(error).__name__}: {error}"
