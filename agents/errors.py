"""What can go wrong with agents and their checkpoints, by name. Light: the trainer and the panel catch these."""

from __future__ import annotations


class UnsupportedTaskError(ValueError):
    """The agent, as configured, cannot work on the task; says which setting to change."""


class TrainingDivergedError(RuntimeError):
    """Learning met NaN or infinite numbers; says where and what to try. The agent must not be saved after it."""


class StartError(ValueError):
    """A run cannot start from the policy it is asked to start from; says why, and what to set."""


class ForeignFileError(ValueError):
    """Another program's file cannot be taken over; says what is wrong or was expected. Nothing of it was run."""


class ExportError(ValueError):
    """A policy cannot be written in a format, or would not be the same there; nothing was written."""


class UnsupportedFormatError(ExportError):
    """No file of that kind can be written here; says which can, or what to install."""


class CheckpointError(RuntimeError):
    """A checkpoint cannot be read or written; says which, why, and what to do."""


class CheckpointNotFoundError(CheckpointError):
    """There is no such checkpoint."""


class TornCheckpointError(CheckpointError):
    """The checkpoint is incomplete: a file is missing or cut short."""


class EditedCheckpointError(CheckpointError):
    """The checkpoint is not as it was written: bytes, names, shapes or files differ."""


class ForeignCheckpointError(CheckpointError):
    """Not a checkpoint of this program, or of an agent it does not have."""


class NewerCheckpointError(CheckpointError):
    """Written by a newer version of this program."""


class PoisonedCheckpointError(CheckpointError):
    """A tensor holds NaN or infinite numbers."""


class UnwritableCheckpointError(CheckpointError):
    """The checkpoint could not be written (disk full, no permission); what was there before is untouched."""
