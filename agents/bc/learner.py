"""Gradient steps of cloning, and all that decides how they go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from agents.api import ActorSpec, State, StateError
from agents.arithmetic import choose_arithmetic
from agents.bc.config import CloningConfig
from agents.bc.loss import ImitationLoss
from agents.bc.networks import fresh_student
from agents.distributions import make_distribution
from agents.errors import TrainingDivergedError
from agents.shards import Shards
from agents.start import check_parameters, load_policy
from carracing.task import Array, TaskSpec

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")
"""What torch's Adam keeps of each parameter."""
_VALUE = ("value_net.", "mlp_extractor.value_net.")

Gather = Callable[[int, int], tuple[Array, Array]]
"""Observations (rows, stack, *observation_shape) and labels (rows, A) of a minibatch's rows from the first number
up to the second; called by several threads at once, each for its own."""
_Share = tuple[tuple[torch.Tensor, ...], dict[str, torch.Tensor]]
"""Gradients, and figures."""


class Cloner:
    """A policy, and an optimizer that brings it closer to labels."""

    def __init__(self, task: TaskSpec, config: CloningConfig, seed: np.random.SeedSequence) -> None:
        self._task, self._config = task, config
        images = len(task.observation_shape) > 1
        self._arithmetic = choose_arithmetic(config.precision, config.device, images)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(int(seed.generate_state(1)[0]))
            network = fresh_student(task, config.network, config.distribution)
        self._network = network
        self._network.compute_with(self._arithmetic)
        self._loss = ImitationLoss(make_distribution(network.distribution, task.action), task.action)
        self._optimizer = torch.optim.Adam(
            self._parameters.values(), lr=config.learning_rate, fused=self._arithmetic.fused
        )
        self._shards = Shards(self._arithmetic.threads)

    @property
    def _parameters(self) -> dict[str, nn.Parameter]:
        """Those of the policy, by name."""
        return {name: value for name, value in self._network.named_parameters() if not name.startswith(_VALUE)}

    def actor_spec(self) -> ActorSpec:
        """How workers build the actor."""
        options = {
            "network": self._config.network,
            "distribution": self._network.distribution,
            "bfloat16": self._arithmetic.bfloat16,
        }
        return ActorSpec("agents.bc.actor:make_actor", self._task, options)

    def tensors(self) -> dict[str, Array]:
        """The policy's parameters, copied."""
        return {name: value.detach().cpu().numpy().copy() for name, value in self._parameters.items()}

    def begin(self) -> None:
        """Take over the policy of ``init_from``, if there is one. Raises StartError."""
        path = self._config.init_from
        if not path:
            return
        policy = load_policy(path, self._task, self._network.distribution)
        parameters = self._parameters
        check_parameters(path, {name: tuple(value.shape) for name, value in parameters.items()}, policy.tensors)
        with torch.no_grad():
            for name, value in parameters.items():
                value.copy_(torch.tensor(policy.tensors[name]))

    def rate(self, progress: float) -> float:
        """The learning rate at a share of the run."""
        constant = self._config.learning_rate_schedule == "constant"
        return self._config.learning_rate * (1.0 if constant else 1.0 - min(max(progress, 0.0), 1.0))

    def step(self, rows: int, gather: Gather, rate: float) -> Mapping[str, torch.Tensor]:
        """One gradient step on a minibatch of so many rows; what the loss came to.

        The learner's threads each gather and learn from a share of it, the same rows every time.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        count = min(self._shards.count, rows)
        borders = [rows * part // count for part in range(count + 1)]
        shares = self._shards.map(partial(self._share, rows, gather), pairwise(borders))
        gradients = zip(*(each for each, _ in shares), strict=True)
        for parameter, of_shares in zip(self._parameters.values(), gradients, strict=True):
            parameter.grad = _sum(of_shares)
        nn.utils.clip_grad_norm_(self._parameters.values(), self._config.max_grad_norm)
        self._optimizer.step()
        return {name: _sum([figures[name] for _, figures in shares]) for name in shares[0][1]}

    def _share(self, rows: int, gather: Gather, borders: tuple[int, int]) -> _Share:
        """What the rows between two borders add to the minibatch's gradients and figures."""
        first, last = borders
        observations, labels = gather(first, last)
        batch = torch.from_numpy(observations).reshape(last - first, *self._network.shape)
        losses = self._loss(self._network(batch), torch.from_numpy(labels).to(self._arithmetic.device))
        weight = (last - first) / rows
        gradients = torch.autograd.grad(losses["loss/imitation"] * weight, list(self._parameters.values()))
        return gradients, {name: value.detach() * weight for name, value in losses.items()}

    def check(self) -> None:
        """Raise TrainingDivergedError if learning met NaN or infinite numbers."""
        if not all(bool(torch.isfinite(value).all()) for value in self._parameters.values()):
            raise TrainingDivergedError(
                "a parameter became NaN or infinite: go back to the last checkpoint and try a lower learning_rate"
            )

    def state(self) -> dict[str, Array]:
        """Parameters and the optimizer's moments, copied."""
        tensors = {f"policy/{name}": value for name, value in self.tensors().items()}
        for name, parameter in self._parameters.items():
            for moment, value in self._optimizer.state.get(parameter, {}).items():
                tensors[f"optimizer/{name}/{moment}"] = value.cpu().numpy().copy()
        return tensors

    def check_state(self, state: State, others: Mapping[str, Array]) -> None:
        """Raise StateError unless ``state`` fits; ``others`` are like the tensors it has beside the cloner's own."""
        trained = any(name.startswith("optimizer/") for name in state.tensors)
        expected = dict(others)
        for name, parameter in self._parameters.items():
            like = parameter.detach().cpu().numpy()
            expected[f"policy/{name}"] = like
            if trained:
                expected[f"optimizer/{name}/step"] = np.zeros((), np.float32)
                expected |= {f"optimizer/{name}/{moment}": like for moment in _MOMENTS[1:]}
        check_tensors(state.tensors, expected)

    def restore(self, tensors: Mapping[str, Array]) -> None:
        """Go on from the tensors of a checked state."""
        self._optimizer.state.clear()
        for name, parameter in self._parameters.items():
            with torch.no_grad():
                parameter.copy_(torch.tensor(tensors[f"policy/{name}"]))
            parameter.grad = None
            if f"optimizer/{name}/step" in tensors:
                moments = {moment: torch.tensor(tensors[f"optimizer/{name}/{moment}"]) for moment in _MOMENTS}
                for moment in _MOMENTS[1:]:
                    moments[moment] = torch.empty_like(parameter).copy_(moments[moment])  # laid out as the parameter
                self._optimizer.state[parameter] = moments | {"step": moments["step"].to(parameter.device)}


def _sum(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """In their order, so that results repeat."""
    return reduce(torch.add, tensors)


def check_tensors(found: Mapping[str, Array], expected: Mapping[str, Array]) -> None:
    """Raise StateError unless there are just the expected tensors, of the same kinds and shapes, all finite."""
    wrong = sorted(set(found) ^ set(expected))
    if wrong:
        kind = "misses" if wrong[0] not in found else "has a foreign"
        raise StateError(f"this state {kind} tensor {wrong[0]!r}: it is of another agent or network")
    for name, like in expected.items():
        value = found[name]
        if value.shape != like.shape or value.dtype != like.dtype:
            raise StateError(
                f"tensor {name!r} is {value.dtype} {value.shape}, and this agent's is {like.dtype} {like.shape}"
            )
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise StateError(f"tensor {name!r} has NaN or infinite numbers")
