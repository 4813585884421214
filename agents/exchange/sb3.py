"""Models that stable-baselines3 loads."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from agents.exchange.policy import Policy
from carracing.task import Array, Discrete


def write_sb3(policy: Policy, path: Path) -> None:
    """``PPO.load(path)`` and the like take it. Raises ExportError where there is no such policy."""
    model = policy.portable.to_sb3(policy.checkpoint.agent_state.tensors)
    with path.open("wb") as file:  # by a file, since a name would be given another ending
        model.save(file)


def act_sb3(policy: Policy, path: Path, observations: Array) -> Array:
    """What the model in the file does."""
    algorithm = type(policy.portable.to_sb3(policy.checkpoint.agent_state.tensors))
    with path.open("rb") as file:
        model = algorithm.load(file, device="cpu")
    actions, _ = model.predict(policy.inputs(observations), deterministic=True)
    chosen: Array = np.asarray(actions)
    return chosen[:, None] if isinstance(policy.task.action, Discrete) else chosen
