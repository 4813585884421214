"""All that decides how PPO's learning goes on, as arrays and back; nothing is changed unless everything fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from agents.api import State, StateError
from agents.ppo.rewards import ReturnStatistics
from agents.ppo.update import Learner
from carracing.task import Array

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")
"""What torch's Adam keeps of each parameter."""
_RNG_WORDS = 624  # length of a Mersenne Twister's key, in 32-bit words


@dataclass(frozen=True, slots=True)
class Learned:
    """What is restored beside the networks and their optimizer."""

    version: int
    statistics: ReturnStatistics
    start: Mapping[str, Array] | None = None
    """Parameters of the policy that the run started from and is still pulled towards."""


def copied(tensor: torch.Tensor) -> Array:
    """A tensor from wherever it is, as an array of its own."""
    return np.array(tensor.detach().cpu().numpy(), order="C")


def parameters_of(network: nn.Module) -> dict[str, nn.Parameter]:
    """Every trained parameter, by stable-baselines3's name for it."""
    return dict(network.named_parameters())


def pack_state(learner: Learner, rng: np.random.RandomState, learned: Learned) -> State:
    """Copy everything out."""
    tensors: dict[str, Array] = {}
    for name, parameter in parameters_of(learner.network).items():
        tensors[f"policy/{name}"] = copied(parameter)
        for moment, value in learner.optimizer.state.get(parameter, {}).items():
            tensors[f"optimizer/{name}/{moment}"] = copied(value)
    for name, array in (learned.start or {}).items():
        tensors[f"start/{name}"] = array
    generator = _generator_state(rng)
    tensors["rng/key"] = np.array(generator["key"], np.uint32)
    statistics = learned.statistics
    tensors["returns/moments"] = np.array([statistics.mean, statistics.variance, statistics.count], np.float64)
    tensors["returns/episodes"] = np.array(statistics.episodes, np.int64)
    tensors["returns/running"] = np.array(statistics.returns, np.float64)
    return State(tensors, {"version": learned.version, "rng_position": int(generator["pos"])})


def unpack_state(
    state: State, learner: Learner, rng: np.random.RandomState, start: Mapping[str, tuple[int, ...]]
) -> Learned:
    """Put network, optimizer and generator back, and return the rest. Raises StateError, then unchanged.

    ``start`` has the shapes of a starting policy's parameters, if the state may have one.
    """
    _check_tensors(state.tensors, learner.network, start)
    kept = {name: np.array(state.tensors[f"start/{name}"]) for name in start if f"start/{name}" in state.tensors}
    learned = Learned(_count(state.facts, "version", 2**53), _statistics(state.tensors), kept or None)
    position = _count(state.facts, "rng_position", _RNG_WORDS)
    if set(state.facts) != {"version", "rng_position"}:
        raise StateError(f"facts are {sorted(state.facts)}, and PPO's are rng_position and version")
    _fill(state.tensors, learner)
    rng.set_state(("MT19937", np.array(state.tensors["rng/key"]), position, 0, 0.0))
    return learned


def _fill(tensors: Mapping[str, Array], learner: Learner) -> None:
    learner.optimizer.state.clear()
    for name, parameter in parameters_of(learner.network).items():
        with torch.no_grad():
            parameter.copy_(torch.tensor(tensors[f"policy/{name}"]))
        parameter.grad = None
        if f"optimizer/{name}/step" in tensors:
            moments = {moment: torch.tensor(tensors[f"optimizer/{name}/{moment}"]) for moment in _MOMENTS}
            for moment in _MOMENTS[1:]:
                moments[moment] = torch.empty_like(parameter).copy_(moments[moment])  # laid out as the parameter
            learner.optimizer.state[parameter] = moments | {"step": moments["step"].to(parameter.device)}


def _generator_state(rng: np.random.RandomState) -> Mapping[str, Any]:
    whole: Any = rng.get_state(legacy=False)
    generator: Mapping[str, Any] = whole["state"]
    return generator


def _expected(
    tensors: Mapping[str, Array], network: nn.Module, start: Mapping[str, tuple[int, ...]]
) -> dict[str, Array]:
    """Arrays of the shape and dtype that each tensor must have; running episodes are checked apart."""
    expected: dict[str, Array] = {"rng/key": np.zeros(_RNG_WORDS, np.uint32), "returns/moments": np.zeros(3)}
    for name, parameter in parameters_of(network).items():
        like = np.zeros(parameter.shape, np.float32)
        expected[f"policy/{name}"] = like
        if any(f"optimizer/{name}/{moment}" in tensors for moment in _MOMENTS):
            expected |= {f"optimizer/{name}/step": np.zeros((), np.float32)}
            expected |= {f"optimizer/{name}/{moment}": like for moment in _MOMENTS[1:]}
    if any(name.startswith("start/") for name in tensors):
        expected |= {f"start/{name}": np.zeros(shape, np.float32) for name, shape in start.items()}
    return expected


def _check_tensors(tensors: Mapping[str, Array], network: nn.Module, start: Mapping[str, tuple[int, ...]]) -> None:
    expected = _expected(tensors, network, start)
    running = {"returns/episodes", "returns/running"}
    wrong = set(tensors) ^ (set(expected) | running)
    if wrong:
        kind = "misses" if sorted(wrong)[0] not in tensors else "has a foreign"
        raise StateError(f"this state {kind} tensor {sorted(wrong)[0]!r}: it is of another agent or network")
    for name, like in expected.items():
        value = tensors[name]
        if value.shape != like.shape or value.dtype != like.dtype:
            raise StateError(
                f"tensor {name!r} is {value.dtype} {value.shape}, and this agent's is {like.dtype} {like.shape}"
            )
    for name, value in tensors.items():
        if not np.isfinite(value).all():
            raise StateError(f"tensor {name!r} has NaN or infinite numbers")


def _statistics(tensors: Mapping[str, Array]) -> ReturnStatistics:
    episodes, running = tensors["returns/episodes"], tensors["returns/running"]
    if episodes.dtype != np.int64 or running.dtype != np.float64 or episodes.ndim != 1:
        raise StateError("tensors 'returns/episodes' and 'returns/running' must be int64 and float64 vectors")
    if episodes.shape != running.shape:
        raise StateError(f"{episodes.shape} running episodes, but {running.shape} returns of them")
    mean, variance, count = (float(value) for value in tensors["returns/moments"])
    if variance < 0 or count <= 0:
        raise StateError(f"tensor 'returns/moments' has variance {variance} and count {count}")
    return ReturnStatistics(mean, variance, count, tuple(episodes.tolist()), tuple(running.tolist()))


def _count(facts: Mapping[str, Any], key: str, most: int) -> int:
    value = facts.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise StateError(f"fact {key!r} must be an integer from 0 to {most}, not {value!r}")
    return value
