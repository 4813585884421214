"""Whether a run has used its budget, and what more of it comes to."""

from __future__ import annotations

from typing import Literal

from racetui.runs.model import RunSummary
from racetui.spec import Budget


def used_up(run: RunSummary, budget: Budget | None = None) -> bool:
    """Nothing is left of the run's budget, or of another one: it could not go on from its last checkpoint."""
    if run.stages and budget is None:
        return run.stage is None
    wanted, saved = budget or run.budget, run.checkpoint_frames or 0
    # One that was killed has done more than it saved, and would do it again: of its steps and time nothing is known.
    others = (run.steps, run.episodes, run.seconds) if run.frames == saved else (0, 0, 0.0)
    limits = (wanted.frames, wanted.steps, wanted.episodes, wanted.seconds)
    return any(limit and used >= limit for used, limit in zip((saved, *others), limits, strict=True))


def extended(run: RunSummary, kind: Literal["frames", "seconds"], more: float) -> Budget:
    """A budget with so much more of one kind than the run has had, and no other limit.

    Of a pipeline it is that of its last training.
    """
    last = next((stage for stage in reversed(run.stages) if stage.name == run.agent), None)
    done = last.done if last is not None else run
    if kind == "frames":
        return Budget(frames=max(run.budget.frames, done.frames) + round(more))
    return Budget(seconds=max(run.budget.seconds, done.seconds) + more)
