"""Letting an expert lead: early in DAgger it drives some of the time, so that the road ahead is seen at all."""

from __future__ import annotations

import numpy as np

from agents.api import Decision, WeightsSnapshot
from agents.random import EpisodeRandom
from carracing.task import Array, TaskSpec

KNOB = "expert_share"
"""The knob of weights that says how much of the driving is the expert's, 0 to 1."""
TURN = 16
"""Steps for which expert or student drives before it is decided again: alone, single steps do not lead anywhere."""
_SALT = np.uint64(0xA24BAED4963EE407)
"""Keeps these streams apart from those that policies sample from."""


def expert_share(weights: WeightsSnapshot, task: TaskSpec) -> float:
    """The knob's value; 0 where nobody knows what an expert would do."""
    return weights.knobs.get(KNOB, 0.0) if task.labels else 0.0


def led(decision: Decision, labels: Array, share: float, rngs: EpisodeRandom) -> Decision:
    """The decision, with the expert's ``labels`` (rows, A) in the rows where it is its turn.

    Whose turn it is depends on episode and step alone, as all randomness does. Log-probabilities are gone, since
    a policy did not choose all of this.
    """
    turns = EpisodeRandom(rngs.keys ^ _SALT, rngs.steps // TURN).uniform(1)[:, 0] < share
    actions, env_actions = (np.where(turns[:, None], labels, own) for own in (decision.actions, decision.env_actions))
    return Decision(actions, env_actions, None)
