"""From exceptions to one clear line and an exit code."""

from __future__ import annotations

import os
import traceback

from racetui.exits import Exit


def explain(error: Exception) -> tuple[Exit, str]:
    """What to tell the user of an error a command ended with."""
    from agents.demonstrations.errors import DemonstrationsNotFoundError
    from agents.errors import CheckpointNotFoundError
    from racetui.checkpointing import NoSuchCheckpointError
    from racetui.runs.errors import AmbiguousRun, DamagedRun, OrderTimeout, RunNotFound

    text = " ".join(str(error).split())
    absent = (
        RunNotFound | AmbiguousRun | CheckpointNotFoundError | DemonstrationsNotFoundError | NoSuchCheckpointError
    )
    if isinstance(error, absent):
        return Exit.NOT_FOUND, text
    if isinstance(error, DamagedRun):  # a StoreError, but nobody's usage
        return Exit.FAILURE, text
    if isinstance(error, OrderTimeout):
        return Exit.TIMEOUT, text
    if isinstance(error, _usage_errors()):
        return Exit.USAGE, text
    if isinstance(error, _failures()):
        return Exit.FAILURE, text
    if os.environ.get("RACETUI_DEBUG"):
        traceback.print_exception(error)
    return Exit.FAILURE, f"unexpected {type(error).__name__}: {text} (RACETUI_DEBUG=1 shows where)"


def _usage_errors() -> tuple[type[Exception], ...]:
    """What was asked for cannot be."""
    from agents.errors import UnsupportedFormatError, UnsupportedTaskError
    from agents.registry import UnknownAgentError
    from carracing.registry import UnknownBackendError, UnsupportedTaskOptionError
    from collectors.api import CollectorConfigError
    from collectors.registry import UnknownCollectorError
    from profiles import PlanError, ProfileError
    from racetui.config import ConfigError
    from racetui.launching import NothingToResumeError
    from racetui.reports.folder import ReportPlaceError
    from racetui.runs.errors import InvalidNote, StoreError
    from racetui.runs.filtering import FilterError
    from racetui.video import VideoError

    return (
        CollectorConfigError,
        ConfigError,
        FilterError,
        InvalidNote,
        PlanError,
        ProfileError,
        StoreError,
        NothingToResumeError,
        ReportPlaceError,
        UnknownAgentError,
        UnknownBackendError,
        UnknownCollectorError,
        UnsupportedFormatError,
        UnsupportedTaskError,
        UnsupportedTaskOptionError,
        VideoError,
    )


def _failures() -> tuple[type[Exception], ...]:
    """It was rightly asked for, and did not work."""
    from agents.demonstrations.errors import DemonstrationsError
    from agents.errors import CheckpointError, ExportError, ForeignFileError
    from racetui.checkpointing import CheckpointOrderError
    from racetui.pipeline.probing import ProbeError
    from racetui.runs.errors import ControlError

    return (
        ControlError,
        CheckpointError,
        CheckpointOrderError,
        DemonstrationsError,
        ExportError,
        ForeignFileError,
        OSError,
        ProbeError,
    )
