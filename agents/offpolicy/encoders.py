"""From stacked observations to the features that policies and values are computed from; for workers too."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from agents.arithmetic import Arithmetic
from agents.network_plans import NETWORKS, policy_input_shape
from agents.networks import convolution_layers
from carracing.task import TaskSpec


def is_images(task: TaskSpec) -> bool:
    """Whether the task shows pictures."""
    return len(policy_input_shape(task)) == 3


def dense_layers(sizes: tuple[int, ...]) -> nn.Sequential:
    """Dense layers from ``sizes[0]`` inputs through the others, each followed by a ReLU."""
    layers: list[nn.Module] = []
    for wide, narrow in pairwise(sizes):
        layers += [nn.Linear(wide, narrow), nn.ReLU()]
    return nn.Sequential(*layers)


def flat_convolutions(task: TaskSpec, network: str) -> tuple[nn.Sequential, int]:
    """The named network's convolutions, and how many numbers they give."""
    plan, shape = NETWORKS[network], policy_input_shape(task)
    rows, columns = plan.positions(*shape[1:])
    return convolution_layers(plan, shape[0]), plan.convolutions[-1].channels * rows * columns


def network_inputs(observations: torch.Tensor, task: TaskSpec, arithmetic: Arithmetic) -> torch.Tensor:
    """(rows, stack, *observation_shape) -> (rows, channels, height, width) in 0 to 1, or (rows, numbers)."""
    joined = observations.reshape(-1, *policy_input_shape(task))
    return arithmetic.inputs(joined) if is_images(task) else joined.to(arithmetic.device)


def place(networks: nn.Module, arithmetic: Arithmetic) -> None:
    """Move networks to where they compute, with their weights laid out as that needs."""
    networks.to(arithmetic.device)
    layout = torch.channels_last if arithmetic.channels_last else torch.contiguous_format
    networks.to(memory_format=layout)  # type: ignore[call-overload]  # documented, but not in torch's own hints
