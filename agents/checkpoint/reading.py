"""Reading a checkpoint that anyone may have touched: checked from the outside in, and nothing is executed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as decode_tensors

from agents.api import State
from agents.checkpoint.chunks import stored_chunk
from agents.checkpoint.content import (
    CHUNKS,
    DTYPES,
    FORMAT,
    MANIFEST,
    READABLE,
    SCHEMA,
    TENSORS,
    Checkpoint,
    Manifest,
    TensorEntry,
    chunk_file,
    seal,
    split_tensors,
)
from agents.checkpoint.files import read_checked, read_file
from agents.errors import (
    CheckpointNotFoundError,
    EditedCheckpointError,
    ForeignCheckpointError,
    NewerCheckpointError,
    PoisonedCheckpointError,
    TornCheckpointError,
)
from carracing.task import Array

MANIFEST_LIMIT = 8 * 2**20
"""Bytes; ours are some 20 kB."""
TENSORS_LIMIT = 4 * 2**30
"""Bytes; the largest network of ours with its optimizer is 20 MB."""
HEADER_LIMIT = 8 * 2**20
"""Bytes of the header of a tensors file, which is parsed before anything is known of it."""
DEPTH_LIMIT = 32
"""Levels of nesting in the manifest; ours have 5."""


def load_checkpoint(path: Path) -> Checkpoint:
    """Read the checkpoint in directory ``path``. Raises CheckpointError of the kind that says what is wrong.

    Of chunks only the presence and size is checked, their content whenever they are read.
    """
    manifest = read_manifest(path)
    chunks = _chunk_files(path, manifest)
    strangers = _names_in(path) - {MANIFEST, TENSORS, *chunks.values()}
    if strangers or set(manifest.files) != {TENSORS, *chunks.values()}:
        raise EditedCheckpointError(f"{path} has files that do not belong: {sorted(strangers or manifest.files)}")
    tensors = _read_tensors(path / TENSORS, manifest)
    try:
        agent, collector = split_tensors(tensors)
    except KeyError as error:
        raise EditedCheckpointError(f"{path} has a tensor of an unknown part {error}") from error
    collected = None if manifest.collector_facts is None else State(collector, manifest.collector_facts)
    checkpoint = Checkpoint(
        agent=manifest.agent,
        agent_config=manifest.agent_config,
        task=manifest.task,
        counters=manifest.counters,
        agent_state=State(
            agent,
            manifest.agent_facts,
            {
                name: stored_chunk(path / file, manifest.files[file], manifest.chunks[name])
                for name, file in chunks.items()
            },
        ),
        collector_state=collected,
        extra=manifest.extra,
    )
    try:
        checkpoint.name  # noqa: B018 - raises for counters without frames
    except ValueError as error:
        raise EditedCheckpointError(f"{path} is not as it was written: {error}") from None
    return checkpoint


def read_manifest(directory: Path) -> Manifest:
    """What the checkpoint in ``directory`` says of itself, sealed. Raises CheckpointError."""
    path = directory / MANIFEST
    if not directory.is_dir():
        raise CheckpointNotFoundError(f"no checkpoint at {directory}")
    if not path.exists() and not path.is_symlink():
        if (directory / TENSORS).exists():
            raise TornCheckpointError(f"{directory} has no {MANIFEST}: use another checkpoint")
        raise ForeignCheckpointError(f"{directory} is not a checkpoint of this program: it has no {MANIFEST}")
    content = _parse_json(path, read_file(path, MANIFEST_LIMIT))
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ForeignCheckpointError(f"{path} is not the manifest of a checkpoint of this program")
    schema, checksum = content.get("schema"), content.pop("sha256", None)
    if isinstance(schema, int) and schema > SCHEMA:
        raise NewerCheckpointError(
            f"{path} was written by a newer version (schema {schema}, this one reads {SCHEMA}): upgrade racetui"
        )
    try:
        manifest = msgspec.convert(content, Manifest, strict=True)
    except msgspec.ValidationError as error:
        raise EditedCheckpointError(f"{path} is not as it was written: {error}") from error
    if checksum != seal(content) or schema not in READABLE:
        raise EditedCheckpointError(f"{path} is not as it was written: its checksum differs")
    return manifest


def _parse_json(path: Path, data: bytes) -> Any:
    try:
        content = json.loads(data.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_unique_keys)
    except RecursionError:
        raise EditedCheckpointError(f"{path} is nested too deeply") from None
    except _SuspiciousJsonError as error:
        raise EditedCheckpointError(f"{path} is not as it was written: {error}") from None
    except ValueError as error:
        raise TornCheckpointError(f"{path} is not whole JSON: {error}; use another checkpoint") from error
    if _deeper_than(content, DEPTH_LIMIT):
        raise EditedCheckpointError(f"{path} is nested too deeply")
    return content


def _chunk_files(directory: Path, manifest: Manifest) -> dict[str, str]:
    """File of each chunk, by its name. Raises EditedCheckpointError for a name that is none."""
    try:
        return {name: chunk_file(name) for name in manifest.chunks}
    except ValueError as error:
        raise EditedCheckpointError(f"{directory / MANIFEST} is not as it was written: {error}") from error


def _names_in(directory: Path) -> set[str]:
    """Names of all that is in a checkpoint; what is in the directory of chunks as ``replay/NAME``."""
    names = {entry.name for entry in directory.iterdir()}
    chunks = directory / CHUNKS
    if CHUNKS in names and chunks.is_dir() and not chunks.is_symlink():
        names.remove(CHUNKS)
        names |= {f"{CHUNKS}/{entry.name}" for entry in chunks.iterdir()}
    return names


def _read_tensors(path: Path, manifest: Manifest) -> dict[str, Array]:
    entry = manifest.files[TENSORS]
    data = read_checked(path, entry, TENSORS_LIMIT)
    if int.from_bytes(data[:8], "little") > min(HEADER_LIMIT, len(data) - 8):
        raise EditedCheckpointError(f"{path} claims a header larger than it can have")
    try:
        tensors: dict[str, Array] = decode_tensors(data)
    except (SafetensorError, KeyError, ValueError) as error:
        raise EditedCheckpointError(f"{path} is not a valid tensors file: {error}") from error
    _check_tensors(path, tensors, manifest.tensors)
    return tensors


def _check_tensors(path: Path, tensors: Mapping[str, Array], entries: Mapping[str, TensorEntry]) -> None:
    strangers = sorted(set(tensors) ^ set(entries))
    if strangers:
        raise EditedCheckpointError(f"{path} and its manifest disagree on tensor {strangers[0]!r}")
    for name, value in tensors.items():
        entry = entries[name]
        if value.dtype.name != entry.dtype or list(value.shape) != entry.shape or entry.dtype not in DTYPES:
            raise EditedCheckpointError(
                f"{path}: tensor {name!r} is {value.dtype} {list(value.shape)}, "
                f"and its manifest says {entry.dtype} {entry.shape}"
            )
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise PoisonedCheckpointError(f"{path}: tensor {name!r} has NaN or infinite numbers")


class _SuspiciousJsonError(Exception):
    """JSON that no writer of ours makes."""


def _refuse_constant(text: str) -> Any:
    raise _SuspiciousJsonError(f"{text} is not a number")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise _SuspiciousJsonError("a key occurs twice")
    return content


def _deeper_than(content: Any, levels: int) -> bool:
    layer = [content]
    for _ in range(levels):
        layer = [
            child
            for item in layer
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not layer:
            return False
    return True
