"""The demonstrations of a pipeline as a plan to record by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from carracing.registry import check_backend
from carracing.task import TRAINING_ONLY
from racetui.demos.plan import RecordingPlan, Request, make_plan
from racetui.pipeline.config import DemosStage
from racetui.spec import RunSpec


def recording_plan(spec: RunSpec, demos: DemosStage, directory: Path) -> RecordingPlan:
    """What the scripted driver is to record in that stage of the run. Raises UnsupportedTaskOptionError."""
    request = Request(demos.episodes, demos.noise, demos.random_starts, demos.seed, backend=spec.backend)
    whole = replace(spec.task, **TRAINING_ONLY)
    check_backend(spec.backend, replace(whole, labels=True))
    return make_plan(directory, request, whole, None)
