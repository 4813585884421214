"""What a clone can be: the policy of a PPO, or of a SAC, so that either can go on from it."""

from __future__ import annotations

import torch
from torch import nn

from agents.arithmetic import Arithmetic
from agents.bc.config import SAC
from agents.network_plans import policy_input_shape
from agents.networks import ActorCritic, PolicyNetwork
from agents.offpolicy.encoders import network_inputs, place
from agents.sac.config import SACConfig
from agents.sac.networks import Acting
from carracing.task import TaskSpec


class SACStudent(nn.Module):
    """SAC's acting networks, as SAC has them by default, where a clone otherwise has a ``PolicyNetwork``."""

    distribution = "squashed"

    def __init__(self, task: TaskSpec) -> None:
        super().__init__()
        config = SACConfig()
        self.shape = policy_input_shape(task)
        self.arithmetic = Arithmetic()
        self.acting = Acting(task, config.network, config.features)
        self._task = task

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """(rows, *shape) of uint8 images or float32 vectors -> (rows, 2 * A): means, then standard deviations."""
        with self.arithmetic.encoding():
            features = self.acting.encoder(network_inputs(observations, self._task, self.arithmetic))
        mean, log_std = self.acting.policy(features.float())
        return torch.cat([mean, log_std.exp()], dim=1)

    def compute_with(self, arithmetic: Arithmetic) -> None:
        """From now on; moves the parameters there."""
        self.arithmetic = arithmetic
        place(self, arithmetic)
        self.acting.encoder.to(arithmetic.encoder_weights)


def make_student(task: TaskSpec, network: str, distribution: str) -> PolicyNetwork | SACStudent:
    """The named network, its weights as PyTorch draws them."""
    return SACStudent(task) if network == SAC else PolicyNetwork(task, network, distribution)


def fresh_student(task: TaskSpec, network: str, distribution: str) -> PolicyNetwork | SACStudent:
    """The same with the first weights of the agent whose policy it is, drawn from torch's generator."""
    if network == SAC:
        return SACStudent(task)
    fresh = ActorCritic(task, network, distribution)
    fresh.initialise()
    return fresh
