"""Reading a checkpoint that anyone may have touched: checked from the outside in, and nothing is executed."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as decode_tensors

from agents.api import State
from agents.checkpoint.content import (
    DTYPES,
    FORMAT,
    MANIFEST,
    SCHEMA,
    TENSORS,
    Checkpoint,
    Manifest,
    TensorEntry,
    seal,
    split_tensors,
)
from agents.errors import (
    CheckpointError,
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
    """Read the checkpoint in directory ``path``. Raises CheckpointError of the kind that says what is wrong."""
    manifest = _read_manifest(path)
    strangers = {entry.name for entry in path.iterdir()} - {MANIFEST, *manifest.files}
    if strangers or set(manifest.files) != {TENSORS}:
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
        agent_state=State(agent, manifest.agent_facts),
        collector_state=collected,
        extra=manifest.extra,
    )
    try:
        checkpoint.name  # noqa: B018 - raises for counters without frames
    except ValueError as error:
        raise EditedCheckpointError(f"{path} is not as it was written: {error}") from None
    return checkpoint


def _read_manifest(directory: Path) -> Manifest:
    path = directory / MANIFEST
    if not directory.is_dir():
        raise CheckpointNotFoundError(f"no checkpoint at {directory}")
    if not path.exists() and not path.is_symlink():
        if (directory / TENSORS).exists():
            raise TornCheckpointError(f"{directory} has no {MANIFEST}: use another checkpoint")
        raise ForeignCheckpointError(f"{directory} is not a checkpoint of this program: it has no {MANIFEST}")
    content = _parse_json(path, _read_file(path, MANIFEST_LIMIT))
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
    if checksum != seal(content) or schema != SCHEMA:
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


def _read_file(path: Path, limit: int) -> bytes:
    """The bytes of a plain file, never through a link, a pipe or a device. Raises CheckpointError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise TornCheckpointError(f"{path} is missing: use another checkpoint") from None
    except OSError as error:
        if path.is_symlink():
            raise EditedCheckpointError(f"{path} is a link, and a checkpoint has none") from error
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise EditedCheckpointError(f"{path} is not a plain file")
        if status.st_size > limit:
            raise EditedCheckpointError(f"{path} has {status.st_size:,} bytes, and {limit:,} is the most")
        return file.read(limit + 1)


def _read_tensors(path: Path, manifest: Manifest) -> dict[str, Array]:
    entry = manifest.files[TENSORS]
    data = _read_file(path, TENSORS_LIMIT)
    if len(data) < entry.bytes:
        raise TornCheckpointError(f"{path} has {len(data):,} of {entry.bytes:,} bytes: use another checkpoint")
    if len(data) > entry.bytes or hashlib.sha256(data).hexdigest() != entry.sha256:
        raise EditedCheckpointError(f"{path} is not as it was written: its checksum differs")
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
