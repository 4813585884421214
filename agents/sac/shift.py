"""DrQ's augmentation: pictures shifted by a few pixels at random, their edges repeated (Yarats et al., 2020)."""

from __future__ import annotations

import numpy as np
import torch

from carracing.task import Array


def random_shift(images: torch.Tensor, pad: int, rng: np.random.Generator) -> torch.Tensor:
    """(rows, stack, *planes, height, width) uint8, each row moved by -pad to pad pixels down and right, alike in
    all its pictures."""
    corners = rng.integers(0, 2 * pad + 1, (len(images), 2))
    if images.device.type == "cpu":
        return torch.from_numpy(cut_windows(images.numpy(), pad, corners))
    return gather_windows(images, pad, torch.from_numpy(corners).to(images.device))


def cut_windows(images: Array, pad: int, corners: Array) -> Array:
    """Of each row, widened by ``pad`` all around, the window whose top left pixel is at ``corners`` (rows, 2).

    On CPUs copying rows of pixels is several times faster than gathering pixels.
    """
    edges = [(0, 0)] * (images.ndim - 2) + [(pad, pad)] * 2
    height, width = images.shape[-2:]
    padded, shifted = np.pad(images, edges, mode="edge"), np.empty_like(images)
    for row, (top, left) in enumerate(corners.tolist()):
        shifted[row] = padded[row, ..., top : top + height, left : left + width]
    return shifted


def gather_windows(images: torch.Tensor, pad: int, corners: torch.Tensor) -> torch.Tensor:
    """The same in three operations, for GPUs."""
    rows, (height, width) = len(images), images.shape[-2:]
    down, across = (corners - pad).T
    row = (down[:, None] + torch.arange(height, device=images.device)).clamp(0, height - 1)
    column = (across[:, None] + torch.arange(width, device=images.device)).clamp(0, width - 1)
    flat = images.reshape(rows, -1, height, width)
    moved = flat.gather(2, row[:, None, :, None].expand_as(flat))
    return moved.gather(3, column[:, None, None, :].expand_as(flat)).reshape(images.shape)
