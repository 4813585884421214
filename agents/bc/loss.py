"""How far a policy is from labels.

Continuous actions: Huber's loss of the mode, since the mode drives, and a tenth of the negative log-likelihood, which
decides how sure the policy is of it: what a fine-tuning by PPO begins to explore with. What is to be likely is nearer
to the mode than the label is, so that samples drive almost as well as the mode. Steering counts three times, and so
does whatever label or policy brakes: a car on the edge is decided by hundredths of a radian, and brakes lock from
0.18 on. Discrete actions: the negative log-likelihood.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from agents.distributions import Distribution
from carracing.task import Box, Discrete

EDGE = 0.1
"""Weighted difference of actions up to which Huber's loss is quadratic."""
STEERING, BRAKING = 3.0, 3.0
"""What differences count, against those of gas."""
LIKELIHOOD = 0.1
"""With a hundredth, clones from vectors drive as well (935 after 500,000 frames), but are so unsure that PPO, which
drives with samples, takes them apart: 94 after 600,000 frames more, where it keeps 922 with a tenth. With as much as
the mode, cloning itself suffers (917)."""
SPREAD = 0.3
"""Of the way from the mode to the label, where the likelihood is taken. With all of it the spread of a clone from
pixels was that of its errors, and its samples drove to 645 where its mode drove to 935; with this they drive to
918."""


class ImitationLoss:
    """Implements the above for one kind of action."""

    def __init__(self, distribution: Distribution, action: Box | Discrete) -> None:
        self._distribution = distribution
        self._action = action

    def __call__(self, parameters: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        """What to descend, as ``loss/imitation``, and what it is made of; means over (rows, ...)."""
        if isinstance(self._action, Discrete):
            unlikely = -self._distribution.log_prob(parameters, labels).mean()
            agreed = (self._distribution.mode(parameters) == labels).float().mean()
            return {"loss/imitation": unlikely, "agreement": agreed}
        modes = self._distribution.mode(parameters)
        nearer = torch.lerp(modes.detach(), labels, SPREAD)
        unlikely = -self._distribution.log_prob(parameters, nearer).mean()
        difference = modes - labels
        weighted = difference * self._weights(modes.detach(), labels)
        huber = functional.huber_loss(weighted, torch.zeros_like(weighted), delta=EDGE) / EDGE
        return {
            "loss/imitation": huber + LIKELIHOOD * unlikely,
            "loss/mode": huber,
            "loss/likelihood": unlikely,
            "error/steering": difference[:, 0].abs().mean(),
            "error/pedals": difference[:, 1:].abs().mean(),
        }

    def _weights(self, modes: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        weights = torch.ones_like(labels)
        weights[:, 0] = STEERING
        if labels.shape[1] == 2:  # gas and brake in one number
            weights[:, 1] = torch.where((labels[:, 1] < 0) | (modes[:, 1] < 0), BRAKING, 1.0)
        elif labels.shape[1] == 3:
            weights[:, 2] = BRAKING
        return weights
