"""Taking over other programs' policies, for the command line and the panel alike: as a checkpoint or as a run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agents.checkpoint import Checkpoint, config_of, save_checkpoint, set_pointer
from racetui.config import ConfigError, apply_overrides, load_spec, read_config_file
from racetui.launching import DEFAULTS, IMPORTED
from racetui.runs.model import RunState
from racetui.runs.paths import RunPaths
from racetui.runs.store import RunStore
from racetui.runs.writer import RunWriter
from racetui.spec import RunSpec


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What a person asked for; None leaves the choice to what the file says, then to the defaults."""

    file: Path
    agent: str | None = None
    observation: str | None = None
    seed: int = 1
    """Draws the weights that the file lacks."""
    config: Path | None = None
    overrides: tuple[str, ...] = ()
    """KEY=VALUE as ``--set`` takes them."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A policy taken over, not yet written anywhere."""

    checkpoint: Checkpoint
    spec: RunSpec
    """A run of it: agent, settings and task; the rest are defaults."""


def import_file(request: ImportRequest) -> Imported:
    """Read the file and hold it against the agent and task asked for. Raises ForeignFileError, ConfigError."""
    from agents.exchange import import_policy, read_foreign

    document = read_config_file(request.config) if request.config else {}
    foreign = read_foreign(request.file)
    document = _completed(document, request, foreign.origin.get("agent"), foreign.told("task"))
    document = apply_overrides(document, request.overrides)
    spec = load_spec(document, str(request.config or "command line"))
    checkpoint = import_policy(foreign, spec.agent, spec.task, document.get("agent_config") or {}, request.seed)
    return Imported(checkpoint, replace(spec, agent_config=config_of(checkpoint), seed=request.seed))


def save_as_checkpoint(imported: Imported, directory: Path) -> Path:
    """Write the checkpoint as this directory, which must not be there yet. Raises ConfigError, CheckpointError."""
    if directory.exists() or directory.is_symlink():
        raise ConfigError(f"--out {directory}: is there already, and nothing is overwritten")
    parent = directory.absolute().parent
    if not parent.is_dir():
        raise ConfigError(f"--out {directory}: {parent} is no directory")
    draft = Path(tempfile.mkdtemp(prefix=".importing-", dir=parent))
    try:
        save_checkpoint(draft, imported.checkpoint, IMPORTED).rename(directory)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return directory


def save_as_run(imported: Imported, name: str, source: Path) -> RunPaths:
    """Make a run that has ended, with this checkpoint: it can be evaluated, exported, and started from.

    Raises ConfigError for a name that is none, StoreError, CheckpointError.
    """
    try:
        paths = RunStore().create(replace(imported.spec, name=name))
    except ValueError as error:
        raise ConfigError(f"--name: {error}") from None
    with RunWriter(paths) as writer:
        try:
            path = save_checkpoint(paths.checkpoints, imported.checkpoint, IMPORTED)
            set_pointer(paths.checkpoints, "LATEST", path.name)
        except Exception as error:
            writer.set_state(RunState.FAILED, f"not imported: {error}")
            raise
        with writer.transaction():
            writer.checkpoint(0, sum(file.stat().st_size for file in path.iterdir()), IMPORTED)
            writer.tag_checkpoint("latest", 0)
            writer.set_state(RunState.STOPPED, f"imported from {source.name}")
    return paths


def _completed(
    document: Mapping[str, Any], request: ImportRequest, agent: str | None, task: Mapping[str, Any]
) -> dict[str, Any]:
    """The document with what the options say, and beneath it what the file says of itself."""
    given = document.get("task") or {}
    if not isinstance(given, Mapping):
        raise ConfigError(f"{request.config}: task must be keys with values")
    wanted = {"observation": request.observation} if request.observation else {}
    return {
        "name": "imported",
        **document,
        "agent": request.agent or document.get("agent") or agent or DEFAULTS.agent,
        "task": {**task, **given, **wanted},
    }
