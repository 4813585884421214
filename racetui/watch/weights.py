"""The weights a trainer lends to whoever shows its car: one file, replaced at one stroke, tensors and plain JSON."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agents.api import WeightsSnapshot


@dataclass(frozen=True, slots=True)
class Lent:
    """Weights, and where training is."""

    weights: WeightsSnapshot
    agent: str
    """Whose they are: that of the stage which trains, in a pipeline."""
    episode: int
    """Number of the oldest episode that may still be going on."""


class WeightsError(ValueError):
    """A file that is not what a trainer lends."""


def lend(path: Path, lent: Lent) -> None:
    """Write the weights. Raises OSError."""
    from safetensors.numpy import save

    weights = lent.weights
    facts = {"version": weights.version, "knobs": dict(weights.knobs), "agent": lent.agent, "episode": lent.episode}
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in weights.tensors.items()}
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(save(tensors, {"lent": json.dumps(facts)}))
    unfinished.replace(path)


def borrow(path: Path) -> Lent:
    """Read the weights. Raises OSError (FileNotFoundError where nothing is lent), WeightsError."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    data = path.read_bytes()
    try:
        length = int.from_bytes(data[:8], "little")  # of the JSON in front, as safetensors lays it out
        facts = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["lent"])
        weights = WeightsSnapshot(int(facts["version"]), load(data), {k: float(v) for k, v in facts["knobs"].items()})
        return Lent(weights, str(facts["agent"]), int(facts["episode"]))
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{path} has no weights that a trainer lends: {error}") from error
