"""All that decides how learning from a replay goes on, as arrays and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from agents.api import StateError
from agents.offpolicy.learner import Learner
from carracing.task import Array

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")
"""What torch's Adam keeps of each parameter."""


def pack_learner(learner: Learner) -> dict[str, Array]:
    """Parameters and Adam's moments, copied."""
    tensors = {f"networks/{name}": _array(value) for name, value in learner.networks.named_parameters()}
    for name, optimizer, parameter in _optimized(learner):
        for moment, value in optimizer.state.get(parameter, {}).items():
            tensors[f"{name}/{moment}"] = _array(value)
    return tensors


def check_tensors(tensors: Mapping[str, Array], learner: Learner) -> None:
    """Raise StateError unless ``unpack_learner`` can take these."""
    expected = {f"networks/{name}": _array(value) for name, value in learner.networks.named_parameters()}
    for name, _, parameter in _optimized(learner):
        if any(f"{name}/{moment}" in tensors for moment in _MOMENTS):
            expected[f"{name}/step"] = np.zeros((), np.float32)
            expected |= {f"{name}/{moment}": _array(parameter) for moment in _MOMENTS[1:]}
    wrong = sorted(set(tensors) ^ set(expected))
    if wrong:
        kind = "misses" if wrong[0] not in tensors else "has a foreign"
        raise StateError(f"this state {kind} tensor {wrong[0]!r}: it is of another agent or network")
    for name, like in expected.items():
        value = tensors[name]
        if value.shape != like.shape or value.dtype != like.dtype:
            raise StateError(
                f"tensor {name!r} is {value.dtype} {value.shape}, and this agent's is {like.dtype} {like.shape}"
            )
        if not np.isfinite(value).all():
            raise StateError(f"tensor {name!r} has NaN or infinite numbers")


def unpack_learner(tensors: Mapping[str, Array], learner: Learner) -> None:
    """Put back what ``pack_learner`` took; check first."""
    with torch.no_grad():
        for name, parameter in learner.networks.named_parameters():
            parameter.copy_(torch.tensor(tensors[f"networks/{name}"]))
            parameter.grad = None
    for optimizer in learner.optimizers.values():
        optimizer.state.clear()
    for name, optimizer, parameter in _optimized(learner):
        if f"{name}/step" in tensors:
            moments = {moment: torch.tensor(tensors[f"{name}/{moment}"]) for moment in _MOMENTS}
            device = parameter.device
            optimizer.state[parameter] = {
                "step": moments.pop("step"),
                **{
                    moment: value.to(device).contiguous(memory_format=_format(parameter))
                    for moment, value in moments.items()
                },
            }


def pack_generator(rng: np.random.Generator) -> dict[str, int]:
    """The state of a PCG64 generator as JSON integers."""
    whole: Mapping[str, Any] = rng.bit_generator.state
    return {**whole["state"], "has_uint32": int(whole["has_uint32"]), "uinteger": int(whole["uinteger"])}


def generator_from(content: object) -> np.random.Generator:
    """A generator in the state ``pack_generator`` took. Raises StateError."""
    most = {"state": 2**128, "inc": 2**128, "has_uint32": 2, "uinteger": 2**32}
    if not isinstance(content, Mapping) or set(content) != set(most):
        raise StateError(f"fact 'generator' must have {', '.join(most)}")
    for key, limit in most.items():
        if type(content[key]) is not int or not 0 <= content[key] < limit:
            raise StateError(f"fact 'generator': {key} must be an integer from 0 to {limit - 1}")
    rng = np.random.Generator(np.random.PCG64(0))
    rng.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": content["state"], "inc": content["inc"]},
        "has_uint32": content["has_uint32"],
        "uinteger": content["uinteger"],
    }
    return rng


def _optimized(learner: Learner) -> Iterator[tuple[str, torch.optim.Adam, torch.nn.Parameter]]:
    """(name in a state, its optimizer, parameter) of everything that is optimised."""
    names = {id(parameter): name for name, parameter in learner.networks.named_parameters()}
    for kind, optimizer in learner.optimizers.items():
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                yield f"optimizer/{kind}/{names[id(parameter)]}", optimizer, parameter


def _format(parameter: torch.Tensor) -> torch.memory_format:
    """How a convolution's weights lie in memory: their moments lie alike."""
    last = parameter.dim() == 4 and parameter.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if last else torch.contiguous_format


def _array(value: torch.Tensor) -> Array:
    array: Array = np.array(value.detach().cpu().numpy(), order="C")
    return array
