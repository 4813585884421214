"""Small demonstration sets, recorded in this process: a second each."""

from __future__ import annotations

from pathlib import Path

from agents.demonstrations import recording_into, write_block
from carracing import TaskConfig
from racetui.demos import RecordingPlan, Request, make_plan
from racetui.demos.driving import drive_block

VECTORS = TaskConfig(observation="vector", frame_skip=10)
"""Cheap to drive: 60 steps an episode."""


def plan_of(directory: Path, task: TaskConfig = VECTORS, **request: object) -> RecordingPlan:
    asked = Request(**{"episodes": 4, "block": 2, **request})  # type: ignore[arg-type]
    return make_plan(directory, asked, task, None)


def record_here(plan: RecordingPlan, blocks: int | None = None) -> Path:
    """Record, or only the first so many blocks of what is missing."""
    with recording_into(plan.directory, plan.header) as missing:
        for number in missing[:blocks]:
            write_block(plan.directory, plan.header, drive_block(plan, number))
    return plan.directory
