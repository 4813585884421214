"""The checkpoint that a run goes on from, and the way around one that is damaged."""

from __future__ import annotations

from agents.checkpoint import (
    Checkpoint,
    EditedCheckpointError,
    TornCheckpointError,
    list_checkpoints,
    load_checkpoint,
    read_pointer,
    resolve,
)
from racetui.runs.paths import RunPaths


def latest_checkpoint(paths: RunPaths) -> Checkpoint:
    """The latest of a run. Raises CheckpointError, which says how to go on from the one before if this is damaged."""
    path = resolve(paths.checkpoints, "latest")
    try:
        return load_checkpoint(path)
    except (EditedCheckpointError, TornCheckpointError) as error:
        before = [other for other in list_checkpoints(paths.checkpoints) if other != path]
        if not before:
            raise
        even = " --even-best" if read_pointer(paths.checkpoints, "BEST") == path.name else ""
        raise type(error)(
            f"{error}; `racetui checkpoints {paths.id} --delete {path.name}{even}`, then `racetui train --resume "
            f"{paths.id}`, goes on from {int(before[-1].name):,} frames"
        ) from error
