"""What the current weights make of experience: values, log-probabilities and the weights of stale steps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from agents.api import Pulse
from agents.networks import ActorCritic, PolicyNetwork
from agents.ppo.advantages import Floats
from agents.ppo.experience import Experience
from agents.ppo.update import Learner
from agents.segments import SegmentError

_LARGEST_LOG = 50.0
"""Logarithm of a ratio so large that only its being large matters."""


def evaluate_steps(
    learner: Learner, experience: Experience, rows: int, pulse: Pulse
) -> tuple[torch.Tensor, torch.Tensor]:
    """(N,) values and (N,) log-probabilities of the actions taken, ``rows`` steps at a time; on the CPU."""

    def work(part: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.no_grad():
            parameters, values = learner.network.evaluate(experience.observations(experience.first_frame[part]))
            log_probs = learner.distribution.log_prob(parameters, experience.actions[part].to(parameters.device))
            return values.cpu(), log_probs.cpu()

    found = []
    for batch in torch.split(torch.arange(len(experience)), rows * learner.shards.count):
        found += learner.shards.map(work, torch.split(batch, rows))
        pulse()
    values, log_probs = zip(*found, strict=True)
    return torch.cat(values), torch.cat(log_probs)


def evaluate_finals(network: ActorCritic, experience: Experience, rows: int) -> Floats:
    """(S,) value of each segment's last observation, 0 where the task terminated the episode."""
    values = np.zeros(len(experience.final_frame), np.float32)
    counted = np.flatnonzero(experience.bootstrapped)
    for start in range(0, len(counted), rows):
        part = counted[start : start + rows]
        with torch.no_grad():
            found = network.values(experience.observations(experience.final_frame[torch.from_numpy(part)]))
        values[part] = found.cpu().numpy()
    return values


def evaluate_policy(network: PolicyNetwork, experience: Experience, rows: int) -> torch.Tensor:
    """(N, ...) parameters of the distribution of actions that a policy has at every step; on the CPU."""
    with torch.no_grad():
        parts = [network(experience.observations(part)).cpu() for part in torch.split(experience.first_frame, rows)]
    return torch.cat(parts)


def ratio_statistics(experience: Experience, log_probs: Floats) -> dict[str, float]:
    """Mean and maximum of pi_now / pi_acting before learning, over steps that came with their acting log_probs.

    1 for fresh steps but for rounding; the further from it, the staler the experience.
    """
    differences = log_probs - experience.acting_log_probs
    ratios = np.exp(np.minimum(differences[np.isfinite(differences)], _LARGEST_LOG).astype(np.float64))
    return {"ratio_mean": float(ratios.mean()), "ratio_max": float(ratios.max())} if len(ratios) else {}


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
