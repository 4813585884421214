"""One round of segments as arrays that a learner can index: frames stored once, stacks gathered when needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from agents.api import End, Segment
from agents.network_plans import policy_input_shape
from agents.ppo.advantages import Floats, SegmentLayout
from agents.segments import SegmentError, check_segment
from carracing.task import TaskSpec


@dataclass(frozen=True, slots=True)
class Experience:
    """N steps of S segments, in the order given."""

    layout: SegmentLayout
    frames: torch.Tensor
    """(N + S * stack, numbers of an observation): the segments' frames one after another, each stored once."""
    first_frame: torch.Tensor
    """(N,) int64 index of the oldest frame of each step's observation."""
    final_frame: torch.Tensor
    """(S,) the same for each segment's last observation."""
    bootstrapped: npt.NDArray[np.bool_]
    """(S,) whether the value of that observation counts."""
    actions: torch.Tensor
    """(N, A) float32, or int64 for a Discrete."""
    rewards: Floats
    """(N,) raw."""
    acting_log_probs: Floats
    """(N,) under the acting weights; NaN where a segment came without."""
    versions: npt.NDArray[np.int64]
    """(S,) of the acting weights."""
    window: torch.Tensor
    """(stack,) 0, 1, 2, ...: the frames of a stack, counted from its oldest."""
    shape: tuple[int, ...]
    """Of one policy input: the stack joined to the channels."""

    def __len__(self) -> int:
        return len(self.first_frame)

    def observations(self, first_frames: torch.Tensor) -> torch.Tensor:
        """(rows, *shape): the stacks that begin at these frames, copied."""
        chosen = (first_frames[:, None] + self.window).flatten()
        return self.frames.index_select(0, chosen).view(len(first_frames), *self.shape)


def gather_experience(segments: Sequence[Segment], task: TaskSpec) -> Experience:
    """Put the segments of one round together; copies. Raises SegmentError."""
    if not segments:
        raise SegmentError("a round of learning needs at least one segment")
    for segment in segments:
        check_segment(segment, task)
    layout = SegmentLayout.of(np.array([len(segment) for segment in segments], np.int64))
    frame_counts = layout.lengths + task.stack
    starts = np.cumsum(frame_counts) - frame_counts
    return Experience(
        layout=layout,
        frames=torch.from_numpy(np.concatenate([segment.frames for segment in segments])).flatten(1),
        first_frame=torch.from_numpy(starts[layout.column] + layout.row),
        final_frame=torch.from_numpy(starts + layout.lengths),
        bootstrapped=np.array([segment.end is not End.TERMINATED for segment in segments]),
        actions=torch.from_numpy(np.concatenate([segment.actions for segment in segments])),
        rewards=np.concatenate([segment.rewards for segment in segments]).astype(np.float32, copy=False),
        acting_log_probs=np.concatenate([_log_probs(segment) for segment in segments]),
        versions=np.array([segment.version for segment in segments], np.int64),
        window=torch.arange(task.stack),
        shape=policy_input_shape(task),
    )


def _log_probs(segment: Segment) -> Floats:
    if segment.log_probs is None:
        return np.full(len(segment), np.nan, np.float32)
    return np.asarray(segment.log_probs, np.float32)
