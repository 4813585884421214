"""Demonstrations: episodes on disk with what an expert would do at every step. Numpy only."""

from agents.demonstrations.content import Block, EpisodeEntry, SetHeader, blocks_of
from agents.demonstrations.errors import (
    BusyDemonstrationsError,
    DemonstrationsError,
    DemonstrationsNotFoundError,
    EditedDemonstrationsError,
    ForeignDemonstrationsError,
    TornDemonstrationsError,
    UnfitDemonstrationsError,
)
from agents.demonstrations.reading import read_header, task_of, written_blocks
from agents.demonstrations.samples import DemonstrationSet
from agents.demonstrations.writing import recording_into, write_block

__all__ = [
    "Block",
    "BusyDemonstrationsError",
    "DemonstrationSet",
    "DemonstrationsError",
    "DemonstrationsNotFoundError",
    "EditedDemonstrationsError",
    "EpisodeEntry",
    "ForeignDemonstrationsError",
    "SetHeader",
    "TornDemonstrationsError",
    "UnfitDemonstrationsError",
    "blocks_of",
    "read_header",
    "recording_into",
    "task_of",
    "write_block",
    "written_blocks",
]
