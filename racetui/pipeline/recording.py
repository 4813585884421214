"""The demonstrations of a pipeline as a plan to record by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from carracing.registry import check_backend
from racetui.config import ConfigError
from racetui.demos.plan import RecordingPlan, Request, make_plan
from racetui.spec import RunSpec


def recording_plan(spec: RunSpec, directory: Path) -> RecordingPlan:
    """What the scripted driver is to record for this run. Raises ConfigError, UnsupportedTaskOptionError."""
    demos = spec.pipeline.demos if spec.pipeline is not None else None
    if demos is None:
        raise ConfigError("this run records no demonstrations")
    request = Request(demos.episodes, demos.noise, demos.random_starts, demos.seed, backend=spec.backend)
    whole = replace(spec.task, early_stop=0, missed_penalty=0.0, random_start=False, labels=False)
    check_backend(spec.backend, replace(whole, labels=True))
    return make_plan(directory, request, whole, None)
