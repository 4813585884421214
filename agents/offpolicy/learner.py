"""What an off-policy agent is made of beside its replay: networks, how they learn, and what acts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import torch

from agents.api import ActorSpec
from agents.replay.replay import Batch
from carracing.task import Array


class Learner(Protocol):
    """One algorithm's networks and gradient step; randomness comes from the generator it is handed."""

    @property
    def networks(self) -> torch.nn.Module:
        """Everything learned, as parameters: the targets and coefficients too."""

    @property
    def optimizers(self) -> Mapping[str, torch.optim.Adam]:
        """All optimizers by name; each holds parameters of ``networks``."""

    def actor_spec(self) -> ActorSpec:
        """How workers build the actor."""

    @property
    def begins(self) -> str:
        """What the names of the policy's parameters among those of ``networks`` begin with."""

    def acting(self) -> Mapping[str, Array]:
        """What the actor needs, copied."""

    def knobs(self, steps: int, progress: float) -> Mapping[str, float]:
        """How to explore after so many steps in all, at this share of the budget."""

    def update(self, batch: Batch, rng: np.random.Generator, number: int, progress: float = 0.0) -> None:
        """Take gradient step ``number``, counted from 1 since the run began, at this share of the budget."""

    def follow(self, whole: bool) -> None:
        """Bring along what goes with a policy that was taken over, alone or as one of ``whole`` networks."""

    def figures(self) -> dict[str, float]:
        """Means over the updates since the last call, by metric name; empty without any."""
