"""Writing a checkpoint so that a crash or a full disk at any moment leaves every older one as it was."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from safetensors.numpy import save as encode_tensors

from agents.checkpoint.chunks import write_chunks
from agents.checkpoint.content import (
    DTYPES,
    FORMAT,
    MANIFEST,
    SCHEMA,
    TENSORS,
    Checkpoint,
    FileEntry,
    Manifest,
    TensorEntry,
    chunk_file,
    join_tensors,
    seal,
)
from agents.checkpoint.directory import REPLACED, SAVING, clean, list_checkpoints, sync_directory
from agents.checkpoint.reading import read_manifest
from agents.errors import CheckpointError, PoisonedCheckpointError, UnwritableCheckpointError
from carracing.task import Array


def save_checkpoint(root: Path, checkpoint: Checkpoint, reason: str) -> Path:
    """Write ``root/<frames>`` and return it; one of that name is replaced. The pointers are the caller's.

    Bulky arrays are read, written and let go of one by one; one that an older checkpoint has too is shared with it.
    Raises PoisonedCheckpointError for NaN or infinite numbers, and UnwritableCheckpointError if the disk does
    not take it, TypeError or ValueError for facts that are not JSON; in each case nothing has changed.
    """
    name = checkpoint.name
    tensors = {key: np.asarray(value, order="C") for key, value in join_tensors(checkpoint).items()}
    _check(tensors)
    encoded = encode_tensors(tensors)
    manifest = _manifest(checkpoint, reason, tensors, encoded)
    _encode(manifest)  # what is no JSON is refused before anything is written
    unfinished = root / f"{SAVING}{name}"
    with _unwritable(root / name, unfinished):
        root.mkdir(parents=True, exist_ok=True)
        clean(root)
        unfinished.mkdir()
        if bulky := checkpoint.agent_state.chunks:
            files, chunks = write_chunks(unfinished, bulky, _stored_chunks(root))
            manifest = msgspec.structs.replace(manifest, files=manifest.files | files, chunks=chunks)
        _write(unfinished / TENSORS, encoded)
        _write(unfinished / MANIFEST, _encode(manifest))
        sync_directory(unfinished)
        _move_into_place(unfinished, root / name)
        sync_directory(root)
    shutil.rmtree(root / f"{REPLACED}{name}", ignore_errors=True)
    return root / name


def _check(tensors: Mapping[str, Array]) -> None:
    for name, value in tensors.items():
        if value.dtype.name not in DTYPES:
            raise TypeError(f"tensor {name!r} is {value.dtype}, which a checkpoint cannot hold")
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise PoisonedCheckpointError(
                f"not saved: tensor {name!r} has NaN or infinite numbers; go on from an older checkpoint"
            )


def _stored_chunks(root: Path) -> dict[str, Path]:
    """Files of bulky arrays in the checkpoints there are, by checksum; those that cannot be read have none."""
    found: dict[str, Path] = {}
    for path in list_checkpoints(root):
        with contextlib.suppress(CheckpointError):
            manifest = read_manifest(path)
            names = [chunk_file(name) for name in manifest.chunks]
            found |= {manifest.files[name].sha256: path / name for name in names if name in manifest.files}
    return found


def _manifest(checkpoint: Checkpoint, reason: str, tensors: Mapping[str, Array], encoded: bytes) -> Manifest:
    """All but what is said of chunks."""
    collected = checkpoint.collector_state
    return Manifest(
        format=FORMAT,
        schema=SCHEMA,
        reason=reason,
        time=time.time(),
        agent=checkpoint.agent,
        agent_config=dict(checkpoint.agent_config),
        task=dict(checkpoint.task),
        counters=dict(checkpoint.counters),
        agent_facts=dict(checkpoint.agent_state.facts),
        collector_facts=None if collected is None else dict(collected.facts),
        extra=dict(checkpoint.extra),
        files={TENSORS: FileEntry(len(encoded), hashlib.sha256(encoded).hexdigest())},
        tensors={name: TensorEntry(value.dtype.name, list(value.shape)) for name, value in tensors.items()},
    )


def _encode(manifest: Manifest) -> bytes:
    content: dict[str, Any] = msgspec.structs.asdict(manifest)
    content["files"] = {name: msgspec.structs.asdict(entry) for name, entry in manifest.files.items()}
    for part, entries in (("tensors", manifest.tensors), ("chunks", manifest.chunks)):
        content[part] = {name: msgspec.structs.asdict(entry) for name, entry in entries.items()}
    return json.dumps({**content, "sha256": seal(content)}, indent=1, allow_nan=False).encode()


@contextlib.contextmanager
def _unwritable(target: Path, unfinished: Path) -> Iterator[None]:
    """Take back what was half written, and turn a failing disk into UnwritableCheckpointError."""
    try:
        yield
    except (PoisonedCheckpointError, TypeError, ValueError):
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise UnwritableCheckpointError(
            f"cannot write checkpoint {target}: {error.strerror or error}; older checkpoints are untouched. "
            "Free some space or check permissions"
        ) from error


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _move_into_place(unfinished: Path, target: Path) -> None:
    """Rename over an older checkpoint of the same name; between the two renames ``resolve`` finds the old one."""
    if target.exists():
        target.rename(target.with_name(f"{REPLACED}{target.name}"))
    unfinished.rename(target)
