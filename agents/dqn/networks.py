"""DQN's network in plain torch."""

from __future__ import annotations

import torch
from torch import nn

from agents.network_plans import NETWORKS, policy_input_shape
from agents.offpolicy.encoders import dense_layers, flat_convolutions, is_images
from carracing.task import Box, TaskSpec

HIDDEN = (256, 256)
"""Units of the hidden layers for vectors."""


class PictureLayers(nn.Module):
    """(rows, channels, height, width) in 0 to 1 -> (rows, width): convolutions, and a dense layer with a ReLU."""

    def __init__(self, task: TaskSpec, network: str) -> None:
        super().__init__()
        self.width = NETWORKS[network].dense
        self.convolutions, numbers = flat_convolutions(task, network)
        self.dense = dense_layers((numbers, self.width))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Encode a batch."""
        encoded: torch.Tensor = self.dense(self.convolutions(images))
        return encoded


class QNetwork(nn.Module):
    """(rows, inputs) -> (rows, n): what each action is worth. Pictures are 0 to 1."""

    def __init__(self, task: TaskSpec, network: str) -> None:
        super().__init__()
        if isinstance(task.action, Box):
            raise TypeError("a Q-network chooses among discrete actions")
        if is_images(task):
            self.encoder: nn.Module = PictureLayers(task, network)
            width = NETWORKS[network].dense
        else:
            self.encoder, width = dense_layers((policy_input_shape(task)[0], *HIDDEN)), HIDDEN[-1]
        self.values = nn.Linear(width, task.action.n)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Values of all actions."""
        values: torch.Tensor = self.values(self.encoder(inputs).float())
        return values
