"""What a demonstration set holds: its header, its blocks of episodes, and the JSON files that seal them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from carracing.task import Array

FORMAT = "racetui demonstrations"
SCHEMA = 1
"""Raised whenever files of the old kind can no longer be read, or new ones by old programs."""

HEADER = "set.json"
BLOCK = "block.json"
BLOCKS = "blocks"
ARRAYS = ("frames", "labels", "driven", "rewards")
"""Of a block, each in a file NAME.npy."""
WRITING = ".writing-"
"""Begins the name of a block that is being written."""


class SetHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of set.json but for its own checksum: what was asked for. Equal headers mean equal sets."""

    format: str = FORMAT
    schema: int = SCHEMA
    task: dict[str, Any]
    """The fields of the TaskConfig."""
    backend: str
    driver: str
    """Who drove: "expert", or the agent whose checkpoint did."""
    driver_facts: dict[str, Any]
    """What else is known of it: the expert's style, or the checkpoint's frames and checksum."""
    seed: int
    """Decides the tracks and the noise of all episodes."""
    episodes: int
    block: int
    """Episodes of each block but for the last."""
    noise: list[float]
    """Standard deviations of the noise on what was driven; episodes take them in turn."""
    random_starts: float
    """Share of the blocks whose episodes begin anywhere on the track."""


class FileEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a block."""

    bytes: int
    sha256: str


class EpisodeEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is known of an episode; it has ``steps`` labels and ``steps`` + 1 single observations."""

    episode: int
    seed: int
    """Track seed."""
    noise: float
    random_start: bool
    steps: int
    frames: int
    """Simulator frames."""
    episode_return: float
    terminated: bool
    facts: dict[str, float]


class BlockHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of block.json but for its own checksum."""

    set: str
    """Checksum of the header of the set it belongs to."""
    number: int
    episodes: list[EpisodeEntry]
    files: dict[str, FileEntry]


@dataclass(frozen=True, slots=True)
class Block:
    """Whole episodes, one behind the other."""

    number: int
    episodes: tuple[EpisodeEntry, ...]
    frames: Array
    """(steps + episodes, *observation_shape): every single observation of each episode, its last one too."""
    labels: Array
    """(steps, A): the driver's clean actions."""
    driven: Array
    """(steps, A): what was done, noise included."""
    rewards: Array
    """(steps,) float32, raw."""


def blocks_of(header: SetHeader) -> range:
    """The numbers of a whole set's blocks."""
    return range(-(-header.episodes // header.block))


def block_name(number: int) -> str:
    """Of its directory."""
    return f"{number:06d}"
