"""From exceptions to one clear line and an exit code."""

from __future__ import annotations

import os
import traceback

from racetui.exits import Exit


def explain(error: Exception) -> tuple[Exit, str]:
    """What to tell the user of an error a command ended with."""
    from agents.demonstrations.errors import DemonstrationsError, DemonstrationsNotFoundError
    from agents.errors import (
        CheckpointError,
        CheckpointNotFoundError,
        ExportError,
        ForeignFileError,
        UnsupportedFormatError,
        UnsupportedTaskError,
    )
    from agents.registry import UnknownAgentError
    from carracing.registry import UnknownBackendError, UnsupportedTaskOptionError
    from collectors.api import CollectorConfigError
    from collectors.registry import UnknownCollectorError
    from profiles import PlanError, ProfileError
    from racetui.checkpointing import CheckpointOrderError
    from racetui.config import ConfigError
    from racetui.launching import NothingToResumeError
    from racetui.pipeline.probing import ProbeError
    from racetui.reports.folder import ReportPlaceError
    from racetui.runs.errors import AmbiguousRun, ControlError, InvalidNote, OrderTimeout, RunNotFound, StoreError
    from racetui.runs.filtering import FilterError
    from racetui.video import VideoError

    text = " ".join(str(error).split())
    if isinstance(error, RunNotFound | AmbiguousRun | CheckpointNotFoundError | DemonstrationsNotFoundError):
        return Exit.NOT_FOUND, text
    if isinstance(error, OrderTimeout):
        return Exit.TIMEOUT, text
    usage = (
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
    if isinstance(error, usage):
        return Exit.USAGE, text
    failures = (
        ControlError,
        CheckpointError,
        CheckpointOrderError,
        DemonstrationsError,
        ExportError,
        ForeignFileError,
        OSError,
        ProbeError,
    )
    if isinstance(error, failures):
        return Exit.FAILURE, text
    if os.environ.get("RACETUI_DEBUG"):
        traceback.print_exception(error)
    return Exit.FAILURE, f"unexpected {type(error).__name__}: {text} (RACETUI_DEBUG=1 shows where)"
