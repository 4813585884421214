"""SAC's networks in plain torch: what workers act with, and what the learner has beside it."""

from __future__ import annotations

import torch
from torch import nn

from agents.network_plans import policy_input_shape
from agents.offpolicy.encoders import dense_layers, flat_convolutions, is_images
from carracing.task import TaskSpec

HIDDEN = (256, 256)
"""Units of the hidden layers of policy and critics, as Haarnoja et al. have them and stable-baselines3."""
LOG_STD_RANGE = (-20.0, 2.0)
"""Limits of the logarithm of the actions' standard deviation before squashing, of the same origin."""


class PictureEncoder(nn.Module):
    """(rows, channels, height, width) in 0 to 1 -> (rows, features) in -1 to 1.

    Convolutions, a dense layer, layer normalisation and tanh: how Yarats et al., "Image augmentation is all you
    need" (DrQ), 2020, end their encoder, after the smaller convolutions of ``agents.network_plans``.
    """

    def __init__(self, task: TaskSpec, network: str, features: int) -> None:
        super().__init__()
        self.convolutions, numbers = flat_convolutions(task, network)
        self.dense = nn.Linear(numbers, features)
        self.normalise = nn.LayerNorm(features)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Encode a batch."""
        encoded: torch.Tensor = torch.tanh(self.normalise(self.dense(self.convolutions(images))))
        return encoded


class Policy(nn.Module):
    """(rows, features) -> mean and logarithm of the standard deviation of each action before squashing."""

    def __init__(self, features: int, actions: int) -> None:
        super().__init__()
        self.hidden = dense_layers((features, *HIDDEN))
        self.mean = nn.Linear(HIDDEN[-1], actions)
        self.log_std = nn.Linear(HIDDEN[-1], actions)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Both (rows, actions)."""
        hidden = self.hidden(features)
        return self.mean(hidden), torch.clamp(self.log_std(hidden), *LOG_STD_RANGE)


class Acting(nn.Module):
    """All that an actor has: the encoder, and the policy on its features."""

    def __init__(self, task: TaskSpec, network: str, features: int) -> None:
        super().__init__()
        self.encoder = make_encoder(task, network, features)
        self.policy = Policy(encoded_size(task, features), task.action.size)


class Critics(nn.Module):
    """Two estimates of an action's value, (rows, 1) each."""

    def __init__(self, features: int, actions: int) -> None:
        super().__init__()
        sizes = (features + actions, *HIDDEN)
        self.heads = nn.ModuleList(nn.Sequential(*dense_layers(sizes), nn.Linear(HIDDEN[-1], 1)) for _ in range(2))

    def forward(self, features: torch.Tensor, actions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(rows, features), (rows, actions in -1 to 1) -> both estimates."""
        inputs = torch.cat([features, actions], dim=1)
        first, second = (head(inputs) for head in self.heads)
        return first, second


def make_encoder(task: TaskSpec, network: str, features: int) -> nn.Module:
    """An encoder of pictures; vectors are their own features."""
    return PictureEncoder(task, network, features) if is_images(task) else nn.Identity()


def encoded_size(task: TaskSpec, features: int) -> int:
    """Numbers the encoder gives."""
    return features if is_images(task) else policy_input_shape(task)[0]
