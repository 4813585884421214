"""Networks in plain torch, so that workers act without loading what learning needs.

Parameter names are those of stable-baselines3's ActorCriticPolicy, so that weights go either way as they stand.
A checkpoint keeps each under ``policy/NAME``, whatever agent wrote it; ``PolicyNetwork`` has the policy's,
``ActorCritic`` the value's too. Continuous policies share one head, ``action_net``, whose outputs are

* gaussian, squashed: the mean of each action; the logarithm of its standard deviation is the parameter ``log_std``;
* beta: for all actions what becomes alpha, then for all what becomes beta.
"""

from __future__ import annotations

from itertools import pairwise
from math import sqrt

import torch
from torch import nn
from torch.nn import functional

from agents.arithmetic import Arithmetic
from agents.network_plans import NETWORKS, VECTOR_NETWORKS, ConvPlan, choose_distribution, policy_input_shape
from carracing.task import TaskSpec

HIDDEN_GAIN = sqrt(2.0)
"""Gain of the orthogonal initial weights of hidden layers, as stable-baselines3 has it (for ReLU)."""
ACTION_GAIN = 0.01
"""The same of the action layer: all observations begin with nearly the same policy."""


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


def vector_layers(length: int, network: str) -> nn.Sequential:
    """The named network's hidden layers with their tanhs, for vectors of ``length``."""
    layers: list[nn.Module] = []
    for wide, narrow in pairwise((length, *VECTOR_NETWORKS[network])):
        layers += [nn.Linear(wide, narrow), nn.Tanh()]
    return nn.Sequential(*layers)


class ImageEncoder(nn.Module):
    """(rows, channels, height, width) in 0 to 1 -> (rows, plan.dense)."""

    def __init__(self, plan: ConvPlan, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.cnn = convolution_layers(plan, shape[0])
        self.linear = dense_layer(plan, shape[1], shape[2])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Encode a batch."""
        encoded: torch.Tensor = self.linear(self.cnn(images))
        return encoded


class VectorEncoder(nn.Module):
    """(rows, length) float32 -> (rows, width of the last layer); policy and value have one each."""

    value_net: nn.Sequential
    """Only where a value is learned too."""

    def __init__(self, length: int, network: str) -> None:
        super().__init__()
        self.policy_net = vector_layers(length, network)


class PolicyNetwork(nn.Module):
    """The acting half: stacked observations -> parameters of the actions' distribution, one row each.

    These are (rows, 2 * A) for gaussian and squashed (means, then standard deviations) and for beta (alphas,
    then betas, all above 1), (rows, n) logits for categorical: what ``agents.distributions`` works on.
    """

    def __init__(self, task: TaskSpec, network: str, distribution: str) -> None:
        super().__init__()
        self.shape = policy_input_shape(task)
        self.distribution = choose_distribution(distribution, task)
        self.arithmetic = Arithmetic()
        if len(self.shape) == 3:
            self.features_extractor = ImageEncoder(NETWORKS[network], self.shape)
            self.features = NETWORKS[network].dense
        else:
            self.mlp_extractor = VectorEncoder(self.shape[0], network)
            self.features = VECTOR_NETWORKS[network][-1]
        size = task.action.size
        outputs = {"beta": 2 * size, "categorical": getattr(task.action, "n", 0)}.get(self.distribution, size)
        self.action_net = nn.Linear(self.features, outputs)
        if self.distribution in ("gaussian", "squashed"):
            self.log_std = nn.Parameter(torch.zeros(size))

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """(rows, *shape) of uint8 images or float32 vectors -> the parameters above, float32."""
        return self.head(self.encode(observations))

    def encode(self, observations: torch.Tensor) -> torch.Tensor:
        """(rows, *shape) -> (rows, features) of the policy; of the value too where they are images."""
        if len(self.shape) == 3:
            with self.arithmetic.encoding():
                encoded: torch.Tensor = self.features_extractor(self.arithmetic.inputs(observations))
            return encoded.float()
        hidden: torch.Tensor = self.mlp_extractor.policy_net(observations.to(self.arithmetic.device))
        return hidden

    def compute_with(self, arithmetic: Arithmetic) -> None:
        """From now on; moves the parameters there."""
        self.arithmetic = arithmetic
        self.to(arithmetic.device)
        if len(self.shape) == 3:
            self.features_extractor.to(arithmetic.encoder_weights)
        layout = torch.channels_last if arithmetic.channels_last else torch.contiguous_format
        self.to(memory_format=layout)  # type: ignore[call-overload]  # documented, but not in its hints

    def head(self, features: torch.Tensor) -> torch.Tensor:
        """(rows, features) -> the parameters."""
        outputs: torch.Tensor = self.action_net(features)
        if self.distribution == "beta":
            return functional.softplus(outputs) + 1.0
        if self.distribution == "categorical":
            return outputs
        return torch.cat([outputs, torch.ones_like(outputs) * self.log_std.exp()], dim=1)


class ActorCritic(PolicyNetwork):
    """What PPO trains: the policy, and the value of an observation. Of images both share the encoder."""

    def __init__(self, task: TaskSpec, network: str, distribution: str) -> None:
        super().__init__(task, network, distribution)
        if len(self.shape) == 1:
            self.mlp_extractor.value_net = vector_layers(self.shape[0], network)
        self.value_net = nn.Linear(self.features, 1)

    def evaluate(self, observations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(rows, *shape) -> parameters of the distribution, and (rows,) values."""
        features = self.encode(observations)
        return self.head(features), self._value(observations, features)

    def values(self, observations: torch.Tensor, frozen_encoder: bool = False) -> torch.Tensor:
        """(rows, *shape) -> (rows,) values alone, with gradients for the value's own layers only if so asked."""
        if len(self.shape) == 1:
            return self._value(observations, observations)
        features = self.encode(observations)
        return self._value(observations, features.detach() if frozen_encoder else features)

    def _value(self, observations: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        if len(self.shape) == 1:
            features = self.mlp_extractor.value_net(observations.to(self.arithmetic.device))
        values: torch.Tensor = self.value_net(features)
        return values.flatten()

    def initialise(self, log_std: float = 0.0) -> None:
        """Draw orthogonal weights from torch's generator, as stable-baselines3 does; biases are 0."""
        gains = {"action_net": ACTION_GAIN, "value_net": 1.0}
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                nn.init.orthogonal_(module.weight, gain=gains.get(name, HIDDEN_GAIN))
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        if self.distribution in ("gaussian", "squashed"):
            nn.init.constant_(self.log_std, log_std)
