"""Networks as plain data: what policy input a task gives, and the layers of each named network. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from agents.errors import UnsupportedTaskError
from carracing.task import TaskSpec


@dataclass(frozen=True, slots=True)
class Convolution:
    """One convolution without padding, followed by a ReLU."""

    channels: int
    kernel: int
    stride: int


@dataclass(frozen=True, slots=True)
class ConvPlan:
    """An image encoder: convolutions, then one dense layer with a ReLU."""

    convolutions: tuple[Convolution, ...]
    dense: int

    def positions(self, height: int, width: int) -> tuple[int, int]:
        """Size of the last feature map; a side below 1 means that the image is too small."""
        for layer in self.convolutions:
            height = (height - layer.kernel) // layer.stride + 1
            width = (width - layer.kernel) // layer.stride + 1
        return height, width


NETWORKS = {
    "small": ConvPlan((Convolution(16, 8, 4), Convolution(32, 4, 2), Convolution(32, 3, 1)), dense=256),
    "nature": ConvPlan((Convolution(32, 8, 4), Convolution(64, 4, 2), Convolution(64, 3, 1)), dense=512),
}
"""nature is the network of Mnih et al., "Human-level control through deep reinforcement learning", Nature 2015.

small has its kernels and strides, which halve an 84x84 image's side to 20, 9 and 7, with half the channels.
"""

VECTOR_LAYERS = (64, 64)
"""Hidden layers for vector observations, with tanh: stable-baselines3's MlpPolicy."""


def policy_input_shape(task: TaskSpec) -> tuple[int, ...]:
    """Shape of one policy input with the stack joined to the channels: (channels, height, width) or (length,).

    Raises UnsupportedTaskError unless observations are uint8 images of rank 2 or 3, or float32 vectors.
    """
    shape, kind = task.observation_shape, task.observation_dtype
    if kind == "uint8" and len(shape) in (2, 3):
        channels = 1 if len(shape) == 2 else shape[0]
        return (task.stack * channels, *shape[-2:])
    if kind == "float32" and len(shape) == 1:
        return (task.stack * shape[0],)
    raise UnsupportedTaskError(
        f"no network for {kind} observations of shape {shape}: they must be uint8 images "
        "of (height, width) or (channels, height, width), or float32 vectors"
    )


def check_network(network: str, task: TaskSpec) -> None:
    """Raise UnsupportedTaskError if the named network cannot read the task's observations."""
    shape = policy_input_shape(task)
    if len(shape) == 1:
        if network != "small":
            raise UnsupportedTaskError(f"network {network} reads images, and this task gives vectors: use small")
    elif min(NETWORKS[network].positions(*shape[1:])) < 1:
        raise UnsupportedTaskError(f"images of {shape[1]}x{shape[2]} are too small for network {network}")
