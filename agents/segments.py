"""Whether segments are of the task that an agent learns."""

from __future__ import annotations

from agents.api import Segment
from carracing.task import TaskSpec


class SegmentError(ValueError):
    """A segment does not fit the task that the agent learns; says how."""


def check_segment(segment: Segment, task: TaskSpec) -> None:
    """Raise SegmentError unless the segment is one of ``task``."""
    frames, actions = segment.frames, segment.actions
    if segment.stack != task.stack:
        raise SegmentError(f"a segment of stack {segment.stack}, but the task has stack {task.stack}")
    if frames.shape[1:] != task.observation_shape or frames.dtype != task.observation_dtype:
        raise SegmentError(
            f"observations of {frames.shape[1:]} {frames.dtype}, but the task has "
            f"{task.observation_shape} {task.observation_dtype}"
        )
    if actions.shape[1:] != (task.action.size,) or actions.dtype != task.action_dtype:
        raise SegmentError(
            f"actions of {actions.shape[1:]} {actions.dtype}, but the task has ({task.action.size},) "
            f"{task.action_dtype}"
        )
