"""Reading a saved state: every part is checked before anything is changed."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from agents.api import State, StateError
from carracing.task import Array
from collectors.seeds import EpisodeSeeds

T = TypeVar("T")


def read_tensor(state: State, name: str, shape: tuple[int | None, ...], dtype: npt.DTypeLike) -> Array:
    """The named array, checked; None in ``shape`` is a length that may vary. Raises StateError."""
    tensor = state.tensors.get(name)
    if tensor is None:
        raise StateError(f"the collector's state lacks {name}")
    fits = tensor.ndim == len(shape) and all(
        want in (None, have) for want, have in zip(shape, tensor.shape, strict=True)
    )
    if not fits or tensor.dtype != np.dtype(dtype):
        wanted = "x".join("any" if length is None else str(length) for length in shape)
        raise StateError(
            f"{name} of the collector's state is {tensor.dtype} {tensor.shape}, not {np.dtype(dtype)} {wanted}: "
            "it was taken with other lanes or another task"
        )
    return tensor


def read_fact(state: State, name: str, kind: type[T]) -> T:
    """The named value, checked for its type. Raises StateError."""
    value = state.facts.get(name)
    if not isinstance(value, kind):
        raise StateError(f"{name} of the collector's state is {value!r}, not {kind.__name__}")
    return value


def check_seeds(state: State, seeds: EpisodeSeeds) -> None:
    """Raise StateError, which names the difference, unless the state's episodes have these seeds."""
    for name, wanted in seeds.facts().items():
        saved = read_fact(state, name, type(wanted))
        if saved != wanted:
            raise StateError(f"the collector's state was taken with another {name}: {saved}, not {wanted}")


def nest(name: str, state: State) -> tuple[dict[str, Array], dict[str, Any]]:
    """Tensors and facts of a part's state as they go into the state of the whole."""
    return {f"{name}.{key}": tensor for key, tensor in state.tensors.items()}, {name: dict(state.facts)}


def nested(name: str, state: State) -> State:
    """The state of a part, as ``nest`` stored it."""
    prefix = f"{name}."
    tensors = {key.removeprefix(prefix): value for key, value in state.tensors.items() if key.startswith(prefix)}
    facts = state.facts.get(name)
    return State(tensors, facts if isinstance(facts, dict) else {})
