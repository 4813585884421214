"""Checkpoints: everything needed to go on with a training, as files that nothing is executed from.

A directory of checkpoints holds ``<frames>/{manifest.json, tensors.safetensors, replay/*.npy}`` and two pointers,
the files ``LATEST`` and ``BEST``, each with the name of a checkpoint. Equal files of ``replay`` are one file with
several names. One process writes it; anyone may read.
"""

from agents.checkpoint.building import build_agent, config_of, task_of
from agents.checkpoint.content import Checkpoint
from agents.checkpoint.directory import (
    clear_pointer,
    delete,
    list_checkpoints,
    prune,
    read_pointer,
    resolve,
    set_pointer,
)
from agents.checkpoint.reading import load_checkpoint
from agents.checkpoint.writing import save_checkpoint
from agents.errors import (
    CheckpointError,
    CheckpointNotFoundError,
    EditedCheckpointError,
    ForeignCheckpointError,
    NewerCheckpointError,
    PoisonedCheckpointError,
    TornCheckpointError,
    UnwritableCheckpointError,
)

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "CheckpointNotFoundError",
    "EditedCheckpointError",
    "ForeignCheckpointError",
    "NewerCheckpointError",
    "PoisonedCheckpointError",
    "TornCheckpointError",
    "UnwritableCheckpointError",
    "build_agent",
    "clear_pointer",
    "config_of",
    "delete",
    "list_checkpoints",
    "load_checkpoint",
    "prune",
    "read_pointer",
    "resolve",
    "save_checkpoint",
    "set_pointer",
    "task_of",
]
