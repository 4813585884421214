"""What a checkpoint holds, and its manifest: the JSON file that says what belongs to it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from agents.api import State
from carracing.task import Array

FORMAT = "racetui checkpoint"
SCHEMA = 2
"""Raised whenever files of the old kind can no longer be read, or new ones by old programs."""
READABLE = (1, 2)
"""Schemas this version reads; 1 had no chunks."""

MANIFEST = "manifest.json"
TENSORS = "tensors.safetensors"
CHUNKS = "replay"
"""Directory of the files of bulky arrays, one ``NAME.npy`` per chunk."""

DTYPES = frozenset(
    [
        "bool",
        "uint8",
        "int8",
        "uint16",
        "int16",
        "uint32",
        "int32",
        "uint64",
        "int64",
        "float16",
        "float32",
        "float64",
    ]
)
"""Array types a checkpoint may hold: those that numpy and safetensors share."""

_PARTS = ("agent", "collector")
_CHUNK = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A training at one moment."""

    agent: str
    """Its name in ``agents.registry``."""
    agent_config: dict[str, Any]
    task: dict[str, Any]
    """The fields of the TaskConfig."""
    counters: dict[str, int | float]
    """frames, steps, episodes, seconds, version, ...; ``frames`` names the checkpoint."""
    agent_state: State
    collector_state: State | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    """JSON values for whoever wrote it."""

    @property
    def name(self) -> str:
        """Of its directory: the frames it was taken at. Raises ValueError without such a counter."""
        frames = self.counters.get("frames")
        if not isinstance(frames, int) or isinstance(frames, bool) or not 0 <= frames < 10**15:
            raise ValueError(f"counters need frames, an integer from 0 to 10**15, not {frames!r}")
        return str(frames)


class FileEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that belongs to the checkpoint."""

    bytes: int
    sha256: str


class TensorEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tensor in the tensors file, or a chunk in a file of its own."""

    dtype: str
    shape: list[int]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of manifest.json but for its own checksum."""

    format: str
    schema: int
    reason: str
    time: float
    """Unix seconds."""
    agent: str
    agent_config: dict[str, Any]
    task: dict[str, Any]
    counters: dict[str, int | float]
    agent_facts: dict[str, Any]
    collector_facts: dict[str, Any] | None
    extra: dict[str, Any]
    files: dict[str, FileEntry]
    tensors: dict[str, TensorEntry]
    chunks: dict[str, TensorEntry] = {}
    """Of the agent's state, by name; each is the file ``chunk_file`` says."""


def chunk_file(name: str) -> str:
    """Where the chunk of that name is, within the checkpoint. Raises ValueError for a name no agent of ours gives."""
    if not _CHUNK.fullmatch(name):
        raise ValueError(f"a chunk is named by up to 64 small letters, digits and hyphens, not {name!r}")
    return f"{CHUNKS}/{name}.npy"


def join_tensors(checkpoint: Checkpoint) -> dict[str, Array]:
    """The tensors of both states under ``agent/`` and ``collector/``."""
    states = (checkpoint.agent_state, checkpoint.collector_state)
    return {
        f"{part}/{name}": value
        for part, state in zip(_PARTS, states, strict=True)
        if state is not None
        for name, value in state.tensors.items()
    }


def split_tensors(tensors: Mapping[str, Array]) -> tuple[dict[str, Array], dict[str, Array]]:
    """The reverse of ``join_tensors``; raises KeyError for a name of neither part."""
    parts: dict[str, dict[str, Array]] = {part: {} for part in _PARTS}
    for name, value in tensors.items():
        part, _, rest = name.partition("/")
        parts[part][rest] = value
    return parts["agent"], parts["collector"]


def seal(content: Mapping[str, Any]) -> str:
    """SHA-256 of a manifest's content, whatever its spacing and order of keys."""
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(plain.encode()).hexdigest()
