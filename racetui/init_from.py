"""Whose policy a run starts from, as people name it: a checkpoint's directory, or a run."""

from __future__ import annotations

from pathlib import Path

from racetui.config import ConfigError
from racetui.runs.errors import StoreError
from racetui.runs.store import RunStore


def start_checkpoint(named: str) -> str:
    """The absolute path of the checkpoint meant: a directory that is one, or the best (else latest) of a run.

    Raises ConfigError where there is none.
    """
    from agents.checkpoint import read_pointer, resolve
    from agents.errors import CheckpointError

    path = Path(named).expanduser()
    if (path / "manifest.json").is_file():
        return str(path.resolve())
    try:
        checkpoints = RunStore().find(named).checkpoints
        return str(resolve(checkpoints, "best" if read_pointer(checkpoints, "BEST") else "latest").resolve())
    except (StoreError, CheckpointError) as error:
        raise ConfigError(f"agent_config.init_from: {named!r} is no checkpoint's directory, and {error}") from error
