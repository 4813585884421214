"""Networks in plain torch, so that workers act without loading what learning needs.

Parameter names are those of stable-baselines3's ActorCriticPolicy, whose policy half this is: a snapshot of
the learner's parameters loads as it stands.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from agents.network_plans import NETWORKS, VECTOR_LAYERS, ConvPlan, policy_input_shape
from carracing.task import Box, TaskSpec


def convolution_layers(plan: ConvPlan, channels: int) -> nn.Sequential:
    """The convolutions of ``plan`` with their ReLUs, and a flattening, for images of ``channels``."""
    layers: list[nn.Module] = []
    for layer in plan.convolutions:
        layers += [nn.Conv2d(channels, layer.channels, layer.kernel, layer.stride), nn.ReLU()]
        channels = layer.channels
    return nn.Sequential(*layers, nn.Flatten())


def dense_layer(plan: ConvPlan, height: int, width: int) -> nn.Sequential:
    """The dense layer of ``plan`` and its ReLU, for images of that size."""
    rows, columns = plan.positions(height, width)
    return nn.Sequential(nn.Linear(plan.convolutions[-1].channels * rows * columns, plan.dense), nn.ReLU())


class ImageEncoder(nn.Module):
    """(rows, channels, height, width) float32 in 0 to 1 -> (rows, plan.dense)."""

    def __init__(self, plan: ConvPlan, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.cnn = convolution_layers(plan, shape[0])
        self.linear = dense_layer(plan, shape[1], shape[2])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Encode a batch."""
        encoded: torch.Tensor = self.linear(self.cnn(images))
        return encoded


class PolicyHidden(nn.Module):
    """(rows, length) float32 -> (rows, VECTOR_LAYERS[-1]), with tanh."""

    def __init__(self, length: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for wide, narrow in pairwise((length, *VECTOR_LAYERS)):
            layers += [nn.Linear(wide, narrow), nn.Tanh()]
        self.policy_net = nn.Sequential(*layers)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Encode a batch."""
        encoded: torch.Tensor = self.policy_net(vectors)
        return encoded


class PolicyNetwork(nn.Module):
    """The acting half of PPO's networks: stacked observations -> means of a Gaussian, or logits."""

    def __init__(self, task: TaskSpec, network: str) -> None:
        super().__init__()
        self.shape = policy_input_shape(task)
        if len(self.shape) == 3:
            self.features_extractor = ImageEncoder(NETWORKS[network], self.shape)
            features = NETWORKS[network].dense
        else:
            self.mlp_extractor = PolicyHidden(self.shape[0])
            features = VECTOR_LAYERS[-1]
        outputs = task.action.size if isinstance(task.action, Box) else task.action.n
        self.action_net = nn.Linear(features, outputs)
        if isinstance(task.action, Box):
            self.log_std = nn.Parameter(torch.zeros(outputs))

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """(rows, *shape) of uint8 images or float32 vectors -> (rows, outputs)."""
        if len(self.shape) == 3:
            features = self.features_extractor(observations.float() / 255.0)
        else:
            features = self.mlp_extractor(observations)
        outputs: torch.Tensor = self.action_net(features)
        return outputs
