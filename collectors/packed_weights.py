"""Weights as one piece of memory and back; no pickle."""

from __future__ import annotations

import numpy as np
from safetensors.numpy import load, save

from agents.api import WeightsSnapshot
from carracing.task import Array

_VERSION, _TENSOR, _KNOB = "version", "tensor.", "knob."


def pack_weights(weights: WeightsSnapshot) -> Array:
    """(bytes,) uint8."""
    entries: dict[str, Array] = {_VERSION: np.array(weights.version, np.int64)}
    entries |= {_TENSOR + name: np.asarray(tensor, order="C") for name, tensor in weights.tensors.items()}
    entries |= {_KNOB + name: np.array(value, np.float64) for name, value in weights.knobs.items()}
    return np.frombuffer(save(entries), np.uint8)


def unpack_weights(packed: Array) -> WeightsSnapshot:
    """What was packed, in memory of its own."""
    entries = load(packed.tobytes())
    tensors = {name.removeprefix(_TENSOR): array for name, array in entries.items() if name.startswith(_TENSOR)}
    knobs = {name.removeprefix(_KNOB): float(array) for name, array in entries.items() if name.startswith(_KNOB)}
    return WeightsSnapshot(int(entries[_VERSION]), tensors, knobs)
