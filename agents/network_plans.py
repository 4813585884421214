"""Networks as plain data: what policy input a task gives, and the layers of each named network. No torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agents.errors import UnsupportedTaskError
from carracing.task import Discrete, TaskSpec


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

VECTOR_NETWORKS = {"small": (64, 64), "wide": (256, 256)}
"""Hidden layers for vector observations, with tanh; small are those of stable-baselines3's MlpPolicy."""

DISTRIBUTIONS = ("beta", "squashed", "gaussian", "categorical")
"""What ``agents.distributions`` knows; the last is for discrete actions, the others for continuous ones."""


def choose_distribution(wanted: str, task: TaskSpec) -> str:
    """The distribution of a policy for ``task``: the one wanted, or for "auto" the usual one.

    Raises UnsupportedTaskError where the task's actions are of another kind.
    """
    discrete = isinstance(task.action, Discrete)
    if wanted == "auto":
        return "categorical" if discrete else "beta"
    if (wanted == "categorical") is not discrete:
        kind = "discrete" if discrete else "continuous"
        raise UnsupportedTaskError(f"distribution {wanted} does not go with {kind} actions: use auto")
    return wanted


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
    known, kind = (VECTOR_NETWORKS, "vectors") if len(shape) == 1 else (NETWORKS, "images")
    if network not in known:
        raise UnsupportedTaskError(f"network {network} does not read {kind}, as this task gives: use {_or(known)}")
    if len(shape) == 3 and min(NETWORKS[network].positions(*shape[1:])) < 1:
        raise UnsupportedTaskError(f"images of {shape[1]}x{shape[2]} are too small for network {network}")


def _or(names: Iterable[str]) -> str:
    return " or ".join(names)
