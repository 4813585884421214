"""Between an environment's spaces and what agents work with: flat float32 vectors or uint8 images, and actions.

Images are put channel-first. Bounded vectors of bytes (Atari's RAM) become shares of 255, discrete and binary
observations zeros and ones; other arrays are flattened. Nothing else is changed: no scaling, no clipping.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces as kinds

from carracing.environments.task import Spaces, UnsupportedSpacesError
from carracing.task import Array

MOST_CHANNELS = 4
"""A side as short as this, of an image, is its channels."""
LONGEST = 1_000_000
"""Numbers in a vector."""


def describe(env: str, observation: gymnasium.Space[Any], action: gymnasium.Space[Any]) -> Spaces:
    """What policies of an environment with these spaces see and give. Raises UnsupportedSpacesError."""
    shape, dtype = _seen(env, observation)
    if isinstance(action, kinds.Discrete):
        return Spaces(shape, dtype, choices=int(action.n))
    if not isinstance(action, kinds.Box):
        raise UnsupportedSpacesError(
            f"{env} wants actions of {_name(action)}: agents here give discrete ones (one choice among n) or a Box "
            "of bounded numbers; a Gymnasium wrapper, registered under an id of its own, can offer one of these"
        )
    low, high = (np.asarray(bound, np.float32).ravel() for bound in (action.low, action.high))
    if not np.issubdtype(action.dtype, np.floating) or not (np.isfinite(low) & np.isfinite(high)).all():
        raise UnsupportedSpacesError(
            f"{env} wants actions of {_name(action)}: agents here give bounded floating-point numbers; "
            "gymnasium.wrappers.RescaleAction or ClipAction, registered under an id of its own, can bound them"
        )
    return Spaces(shape, dtype, low=tuple(low.tolist()), high=tuple(high.tolist()))


def eyes(env: str, observation: gymnasium.Space[Any]) -> Callable[[Any], Array]:
    """The function that makes of an environment's observation what a policy sees. Raises UnsupportedSpacesError."""
    shape, dtype = _seen(env, observation)
    if dtype == "uint8":
        return _image(observation.shape or ())
    if isinstance(observation, kinds.Box):
        share = np.float32(255 if observation.dtype == np.uint8 else 1)
        return lambda seen: np.asarray(seen, np.float32).reshape(shape) / share
    return lambda seen: np.asarray(kinds.flatten(observation, seen), np.float32).reshape(shape)


def hands(action: gymnasium.Space[Any]) -> Callable[[Array], Any]:
    """The function that makes of an agent's action (A,) what the environment takes; the space was described."""
    if isinstance(action, kinds.Discrete):
        return lambda chosen: np.int64(chosen[0] + action.start)
    if not isinstance(action, kinds.Box):
        raise TypeError(f"no way from an agent's action to {action}")
    return lambda chosen: np.clip(chosen.reshape(action.shape), action.low, action.high).astype(action.dtype)


def _seen(env: str, space: gymnasium.Space[Any]) -> tuple[tuple[int, ...], Any]:
    if isinstance(space, kinds.Box) and space.dtype == np.uint8 and len(space.shape) in (2, 3):
        return _image(space.shape)(np.empty(space.shape, np.uint8)).shape, "uint8"
    if isinstance(space, kinds.Box | kinds.Discrete | kinds.MultiDiscrete | kinds.MultiBinary):
        length = prod(kinds.flatten_space(space).shape or ())
        if 0 < length <= LONGEST:
            return (length,), "float32"
    raise UnsupportedSpacesError(
        f"{env} shows {_name(space)}: policies here see an array (Box, at most {LONGEST:,} numbers), an image, or "
        "discrete or binary values; gymnasium.wrappers.FlattenObservation, registered under an id of its own, "
        "makes an array of Dict and Tuple"
    )


def _image(shape: tuple[int, ...]) -> Callable[[Any], Array]:
    if len(shape) == 2:
        return np.asarray
    if shape[2] == 1:
        return lambda seen: np.asarray(seen)[:, :, 0]
    if shape[2] <= MOST_CHANNELS < shape[0]:
        return lambda seen: np.moveaxis(np.asarray(seen), 2, 0)
    return np.asarray


def _name(space: gymnasium.Space[Any]) -> str:
    text = " ".join(str(space).split())
    return text if len(text) <= 120 else f"{text[:120]}..."
