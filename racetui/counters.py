"""What a run has done so far, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from racetui.spec import Budget

COUNTED_STEPS, COUNTED_EPISODES, COUNTED_SECONDS = "count/steps", "count/episodes", "count/seconds"
"""Metrics that say how far a run was at each point of its curves, which are over frames."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What a run has done so far; part of every checkpoint."""

    frames: int = 0
    steps: int = 0
    episodes: int = 0
    rounds: int = 0
    seconds: float = 0.0
    """Training time, pauses not counted."""

    @classmethod
    def of(cls, saved: Mapping[str, float]) -> Counters:
        """Counters as they were saved, by name. Raises KeyError where one is missing."""
        whole = {name: int(saved[name]) for name in ("frames", "steps", "episodes", "rounds")}
        return cls(**whole, seconds=float(saved["seconds"]))

    def since(self, start: Counters) -> Counters:
        """What was done since ``start``."""
        names = [field.name for field in fields(self)]
        return Counters(**{name: getattr(self, name) - getattr(start, name) for name in names})

    def curves(self) -> dict[str, float]:
        """What curves can be drawn over beside frames, by name of metric."""
        return {
            COUNTED_STEPS: float(self.steps),
            COUNTED_EPISODES: float(self.episodes),
            COUNTED_SECONDS: self.seconds,
        }

    def share_of(self, budget: Budget) -> float:
        """Share of the budget used, 0 to 1: the largest over its limits."""
        used = (
            (self.frames, budget.frames),
            (self.steps, budget.steps),
            (self.episodes, budget.episodes),
            (self.seconds, budget.seconds),
        )
        return min(1.0, max(done / limit for done, limit in used if limit))
