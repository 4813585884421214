"""The state of a collector of whole episodes: which blocks are on their way, and the weights they act with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from agents.api import Actor, State, StateError, WeightsSnapshot
from carracing.task import Array
from collectors.states import read_fact, read_tensor


@dataclass(frozen=True, slots=True)
class Progress:
    """How far collection has come. What blocks on their way had come to is not kept: they are driven again."""

    next_episode: int
    """The first that was not released."""
    blocks: tuple[int, ...]
    """Of each block on its way, in order, which of ``weights`` acts."""
    weights: tuple[WeightsSnapshot, ...]


Frame: TypeAlias = Mapping[str, int | str]
"""What must be the same where a state is taken and where it goes on, by name: seeds, size of a block, depth."""


def write_state(progress: Progress, frame: Frame) -> State:
    """Everything as arrays and JSON values."""
    tensors: dict[str, Array] = {"blocks": np.array(progress.blocks, np.int64)}
    for index, weights in enumerate(progress.weights):
        tensors |= {f"weights.{index}.{name}": tensor for name, tensor in weights.tensors.items()}
    described = [{"version": weights.version, "knobs": dict(weights.knobs)} for weights in progress.weights]
    return State(tensors, {**frame, "next_episode": progress.next_episode, "weights": described})


def read_state(state: State, frame: Frame, actor: Actor) -> Progress:
    """Check everything, the weights by loading them into ``actor``. Raises StateError."""
    for name, wanted in frame.items():
        saved = read_fact(state, name, type(wanted))
        if saved != wanted:
            raise StateError(f"the collector's state was taken with another {name}: {saved}, not {wanted}")
    next_episode = read_fact(state, "next_episode", int)
    blocks = read_tensor(state, "blocks", (None,), np.int64)
    weights = [_read_weights(state, index, described) for index, described in enumerate(_described(state))]
    if next_episode < 0 or len(blocks) not in (0, frame["depth"]) or (next_episode and not len(blocks)):
        raise StateError(f"the collector's state has {len(blocks)} blocks on their way after episode {next_episode}")
    if sorted(set(blocks.tolist())) != list(range(len(weights))):
        raise StateError("the collector's state contradicts itself about which weights its blocks act with")
    for snapshot in weights:
        try:
            actor.load(snapshot)
        except Exception as error:  # whatever an actor raises, these weights are not its own
            raise StateError(f"weights of version {snapshot.version} in the collector's state: {error}") from error
    return Progress(next_episode, tuple(blocks.tolist()), tuple(weights))


def _described(state: State) -> Sequence[Any]:
    return read_fact(state, "weights", list)


def _read_weights(state: State, index: int, described: Any) -> WeightsSnapshot:
    version = described.get("version") if isinstance(described, Mapping) else None
    knobs = described.get("knobs") if isinstance(described, Mapping) else None
    if type(version) is not int or not isinstance(knobs, Mapping):
        raise StateError(f"weights {index} of the collector's state are described as {described!r}")
    if not all(isinstance(value, int | float) for value in knobs.values()):
        raise StateError(f"weights {index} of the collector's state have knobs {dict(knobs)!r}")
    prefix = f"weights.{index}."
    tensors = {name.removeprefix(prefix): value for name, value in state.tensors.items() if name.startswith(prefix)}
    return WeightsSnapshot(version, tensors, {name: float(value) for name, value in knobs.items()})
