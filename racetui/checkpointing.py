"""A run's checkpoints by hand, for the command line and the panel alike: what they are worth, which is the best."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from racetui.runs import control
from racetui.runs.model import OWN_PURPOSES, CheckpointRow, EvaluationRow
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader


class CheckpointOrderError(RuntimeError):
    """A checkpoint was not promoted or deleted; says why."""


class NoSuchCheckpointError(CheckpointOrderError):
    """The run has no checkpoint at those frames."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint and what it is worth."""

    row: CheckpointRow
    score: EvaluationRow | None
    """By which it is compared: on the run's own tracks, else the last that somebody asked for; None without one."""


def kept(checkpoints: Sequence[CheckpointRow], evaluations: Sequence[EvaluationRow]) -> list[Kept]:
    """The checkpoints with their scores, the newest first."""
    scores: dict[int, EvaluationRow] = {}
    for row in sorted(evaluations, key=lambda row: (row.purpose in OWN_PURPOSES, row.id)):
        if row.results.get("mean") is not None:
            scores[row.frames] = row
    return [Kept(row, scores.get(row.frames)) for row in reversed(checkpoints)]


def promote(paths: RunPaths, frames: int, timeout: float, source: str = "cli") -> None:
    """Make the checkpoint at ``frames`` the best one. Raises CheckpointOrderError, ControlError, StoreError."""
    _order(paths, "promote", {"frames": frames}, timeout, source)


def delete(paths: RunPaths, frames: int, even_best: bool, timeout: float, source: str = "cli") -> None:
    """Delete the checkpoint at ``frames``: of a living run never the latest, and the best only if told so.

    Raises CheckpointOrderError, ControlError, StoreError.
    """
    _order(paths, "delete", {"frames": frames, "best": even_best}, timeout, source)


def _order(paths: RunPaths, name: str, args: dict[str, int | bool], timeout: float, source: str) -> None:
    """Ask the trainer while it lives; else do it here, as the run's only trainer for that moment."""
    with RunReader(paths) as reader:
        ended, there = reader.summary().state.ended, [row.frames for row in reader.checkpoints()]
    if ended:
        outcome = _do(paths, name, int(args["frames"]), args.get("best") is True)
    else:
        outcome = control.wait_for(paths, control.send(paths, name, args, source), timeout).outcome
    if outcome != "ok" and args["frames"] not in there:
        raise NoSuchCheckpointError(outcome)
    if outcome != "ok":
        raise CheckpointOrderError(outcome)


def _do(paths: RunPaths, name: str, frames: int, even_best: bool) -> str:
    from racetui.runs.writer import RunWriter
    from racetui.trainer.keeper import Keeper

    outcomes: list[str] = []
    with control.claim(paths), RunWriter(paths) as writer, closing(Keeper(paths, writer)) as keeper:
        if name == "promote":
            keeper.promote(frames, outcomes.append)
        else:
            keeper.delete(frames, outcomes.append, even_best, even_latest=True)
        keeper.wait()
    return outcomes[0]
