"""An actor's network: made without weights, which come with the first snapshot."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

from agents.api import WeightsSnapshot

Network = TypeVar("Network", bound=torch.nn.Module)


def unloaded(make: Callable[[], Network]) -> Network:
    """The network that ``make`` makes, drawing no initial weights, for acting on the CPU."""
    with torch.device("meta"):
        network = make()
    return network.to_empty(device="cpu").eval().requires_grad_(requires_grad=False)


def load_parameters(network: torch.nn.Module, weights: WeightsSnapshot) -> None:
    """Copy a snapshot in. Raises KeyError or ValueError, then unchanged, if it is another network's."""
    parameters = dict(network.named_parameters())
    for name, parameter in parameters.items():
        value = weights.tensors[name]
        if value.shape != tuple(parameter.shape):
            raise ValueError(f"{name} has shape {value.shape}, and this network needs {tuple(parameter.shape)}")
    for name, parameter in parameters.items():
        parameter.copy_(torch.tensor(weights.tensors[name]))
