"""Our image encoders as stable-baselines3's own NatureCNN: the same, but for channels that are always zero.

NatureCNN has fixed numbers of channels. A narrower encoder with the same kernels and strides is that network with the
weights and biases of the missing channels at zero: they put out ReLU(0) = 0 and are multiplied by zero. So a model
needs no class of ours where it is loaded.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from agents.errors import ExportError
from agents.network_plans import ConvPlan
from carracing.task import Array

NATURE = ((32, 8, 4), (64, 4, 2), (64, 3, 1))
"""NatureCNN's convolutions: channels, kernel, stride."""


def check_nature(plan: ConvPlan, network: str) -> None:
    """Raise ExportError unless the encoder of ``plan`` fits into NatureCNN."""
    layers = plan.convolutions
    fits = len(layers) == len(NATURE) and all(
        (layer.kernel, layer.stride) == (kernel, stride) and layer.channels <= channels
        for layer, (channels, kernel, stride) in zip(layers, NATURE, strict=False)
    )
    if not fits:
        raise ExportError(f"stable-baselines3 has no network {network}: export to .onnx or .safetensors")


def nature_shapes(channels: int, plan: ConvPlan, height: int, width: int) -> dict[str, tuple[int, ...]]:
    """Shapes of NatureCNN's tensors for images of that size, with as many features as ``plan`` has."""
    rows, columns = plan.positions(height, width)
    shapes: dict[str, tuple[int, ...]] = {}
    sizes = (channels, *(layer[0] for layer in NATURE))
    for index, ((before, after), (_, kernel, _)) in enumerate(zip(pairwise(sizes), NATURE, strict=True)):
        shapes[f"cnn.{2 * index}.weight"] = (after, before, kernel, kernel)
        shapes[f"cnn.{2 * index}.bias"] = (after,)
    shapes["linear.0.weight"] = (plan.dense, sizes[-1] * rows * columns)
    shapes["linear.0.bias"] = (plan.dense,)
    return shapes


def widened(value: Array, shape: tuple[int, ...]) -> Array:
    """``value`` in the first corner of zeros of ``shape``. Channels come first wherever features are flattened."""
    wide = np.zeros(shape, value.dtype)
    wide[tuple(slice(0, size) for size in value.shape)] = value
    return wide
