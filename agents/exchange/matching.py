"""Holding a file's tensors against what an agent's networks need: by name and shape, nothing left over."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from agents.errors import ForeignFileError
from agents.exchange.portable import Slot
from carracing.task import Array

_SHARED = ("pi_features_extractor.", "vf_features_extractor.")
"""Under these names stable-baselines3 saves the encoder that policy and value share once more."""
_LIST = 5
"""Names shown of what a file has."""


def problems(slots: Mapping[str, Slot], tensors: Mapping[str, torch.Tensor]) -> list[str]:
    """What keeps the tensors from filling the slots, the most telling first; nothing if they fit."""
    left = set(without_copies(tensors))
    missing, misshaped = [], []
    for slot in slots.values():
        name = _found(slot, tensors)
        if name is None:
            if slot.needed:
                missing.append(f"it has no {slot.names[0]!r} of shape {slot.shape}")
            continue
        left.discard(name)
        if not _fits(tensors[name], slot):
            misshaped.append(f"{name!r} is {tuple(tensors[name].shape)}, and {slot.shape} is needed")
    strange = [f"{name!r} has no place in it" for name in sorted(left)]
    if missing and strange:
        return [*misshaped, missing[0], f"it has {', '.join(map(repr, sorted(left)[:_LIST]))}"]
    return [*misshaped, *missing, *strange]


def filled(slots: Mapping[str, Slot], tensors: Mapping[str, torch.Tensor], path: Path) -> dict[str, Array]:
    """The numbers for each slot that the file has, float32. Raises ForeignFileError for those that are none."""
    found = {}
    for key, slot in slots.items():
        name = _found(slot, tensors)
        if name is None:
            continue
        value = tensors[name]
        if not value.is_floating_point():
            raise ForeignFileError(f"{path}: {name!r} is {value.dtype}, and weights are floating-point numbers")
        corner = tuple(slice(0, size) for size in slot.shape)
        found[key] = np.array(value[corner].to(torch.float32).numpy(), order="C")
        if not np.isfinite(found[key]).all():
            raise ForeignFileError(f"{path}: {name!r} has NaN or infinite numbers")
    return found


def without_copies(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors but for second copies of a shared encoder."""

    def copied(name: str) -> bool:
        prefix = next((prefix for prefix in _SHARED if name.startswith(prefix)), None)
        original = tensors.get(f"features_extractor.{name.removeprefix(prefix)}") if prefix else None
        return original is not None and original.shape == tensors[name].shape and torch.equal(original, tensors[name])

    return {name: tensor for name, tensor in tensors.items() if not copied(name)}


def _found(slot: Slot, tensors: Mapping[str, torch.Tensor]) -> str | None:
    return next((name for name in slot.names if name in tensors), None)


def _fits(tensor: torch.Tensor, slot: Slot) -> bool:
    if tuple(tensor.shape) == slot.shape:
        return True
    if not slot.widened or tensor.ndim != len(slot.shape):
        return False
    if any(there < here for there, here in zip(tensor.shape, slot.shape, strict=True)):
        return False
    corner = tuple(slice(0, size) for size in slot.shape)
    return int(torch.count_nonzero(tensor)) == int(torch.count_nonzero(tensor[corner]))
