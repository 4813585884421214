"""What the current weights make of experience: values, log-probabilities and the weights of stale steps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from stable_baselines3.common.policies import ActorCriticPolicy

from agents.api import Pulse
from agents.ppo.advantages import Floats
from agents.ppo.experience import Experience, SegmentError


def evaluate_steps(
    policy: ActorCriticPolicy, experience: Experience, rows: int, pulse: Pulse
) -> tuple[Floats, Floats]:
    """(N,) values and (N,) log-probabilities of the actions taken, ``rows`` steps at a time."""
    policy.set_training_mode(False)
    values, log_probs = np.empty(len(experience), np.float32), np.empty(len(experience), np.float32)
    discrete = not experience.actions.is_floating_point()
    for start in range(0, len(experience), rows):
        part = slice(start, start + rows)
        observations = experience.observations(experience.first_frame[part])
        actions = experience.actions[part].flatten() if discrete else experience.actions[part]
        with torch.no_grad():
            value, log_prob, _ = policy.evaluate_actions(observations, actions)
        values[part], log_probs[part] = value.numpy()[:, 0], log_prob.numpy()
        pulse()
    return values, log_probs


def evaluate_finals(policy: ActorCriticPolicy, experience: Experience, rows: int) -> Floats:
    """(S,) value of each segment's last observation, 0 where the task terminated the episode."""
    policy.set_training_mode(False)
    values = np.zeros(len(experience.final_frame), np.float32)
    counted = np.flatnonzero(experience.bootstrapped)
    for start in range(0, len(counted), rows):
        part = counted[start : start + rows]
        with torch.no_grad():
            values[part] = policy.predict_values(experience.observations(experience.final_frame[part])).numpy()[:, 0]
    return values


def staleness_weights(experience: Experience, log_probs: Floats, version: int) -> Floats:
    """(N,) V-trace weights min(1, pi_now / pi_acting): exactly 1 where ``version`` acted. Raises SegmentError."""
    stale: npt.NDArray[np.bool_] = (experience.versions != version)[experience.layout.column]
    weights = np.ones(len(experience), np.float32)
    if not stale.any():
        return weights
    acting = experience.acting_log_probs[stale]
    if np.isnan(acting).any():
        raise SegmentError("a segment of older weights without log_probs (or with NaN) cannot be weighted")
    weights[stale] = np.exp(np.minimum(log_probs[stale] - acting, 0.0))
    return weights
