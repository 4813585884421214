"""PPO's policy on its way in and out: its tensors have stable-baselines3's names already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from stable_baselines3 import PPO
from torch import nn

from agents.arithmetic import PLAIN
from agents.distributions import make_distribution
from agents.errors import ExportError
from agents.exchange.portable import Slot
from agents.exchange.spaces import spaces_of, unusual
from agents.exchange.widening import check_nature, nature_shapes, widened
from agents.network_plans import NETWORKS, VECTOR_NETWORKS, choose_distribution, policy_input_shape
from agents.networks import ActorCritic, PolicyNetwork
from agents.ppo.config import PPOConfig
from agents.ppo.reference import stock_settings
from carracing.task import Array, Box, Discrete, TaskSpec

_ENCODER = "features_extractor."
_USUAL: Mapping[str, tuple[str, ...]] = {
    "activation_fn": ("torch.nn.modules.activation.Tanh",),
    "features_extractor_class": ("NatureCNN", "FlattenExtractor"),
    "normalize_images": ("True",),
    "use_sde": ("False",),
    "squash_output": ("False",),
    "net_arch": (),
    "share_features_extractor": (),
    "features_extractor_kwargs": (),
}
"""stable-baselines3's ``policy_kwargs`` and which values make our policy; none: the tensors' shapes show it."""


class PolicyModule(nn.Module):
    """A policy network with its distribution's mode, clipped to the bounds: from observations to actions."""

    def __init__(self, network: PolicyNetwork, action: Box | Discrete) -> None:
        super().__init__()
        self.network = network
        self._distribution = make_distribution(network.distribution, action)
        self._bounds = (action.low, action.high) if isinstance(action, Box) else None

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """(rows, *shape) -> (rows, A)."""
        actions = self._distribution.mode(self.network(observations))
        if self._bounds is None:
            return actions
        low, high = (torch.tensor(bound, dtype=torch.float32) for bound in self._bounds)
        return torch.minimum(torch.maximum(actions, low), high)


class PPOPortable:
    """What ``agents.exchange`` asks of PPO; see ``agents.exchange.portable.Portable``."""

    def __init__(self, task: TaskSpec, config: PPOConfig) -> None:
        config.check_task(task)
        self._task, self._config = task, config
        self._distribution = choose_distribution(config.distribution, task)
        self._shape = policy_input_shape(task)

    def slots(self) -> Mapping[str, Slot]:
        """Policy and value; a file may leave the value out."""
        with torch.device("meta"):
            network = ActorCritic(self._task, self._config.network, self._distribution)
            acting = {name for name, _ in self._policy().named_parameters()}
        return {
            f"policy/{name}": Slot(tuple(value.shape), name in acting, (name,), name.startswith(_ENCODER))
            for name, value in network.named_parameters()
        }

    def acting(self, weights: Mapping[str, Array]) -> nn.Module:
        """The policy network and its mode, in float32."""
        network = self._policy()
        network.load_state_dict({name: torch.tensor(weights[name]) for name in network.state_dict()})
        network.compute_with(PLAIN)
        return PolicyModule(network, self._task.action).eval()

    def to_sb3(self, tensors: Mapping[str, Array]) -> PPO:
        """PPO with this policy, in NatureCNN with channels that are zero; without a value here, with a fresh one."""
        if self._distribution not in ("gaussian", "categorical"):
            raise ExportError(
                f"stable-baselines3's PPO has no {self._distribution} policy, only gaussian and categorical: "
                "export to .onnx or .safetensors"
            )
        model = self._model()
        weights = {name.removeprefix("policy/"): tensors[name] for name in self.slots() if name in tensors}
        if len(self._shape) == 3:
            for name, shape in nature_shapes(
                self._shape[0], NETWORKS[self._config.network], *self._shape[1:]
            ).items():
                weights[_ENCODER + name] = widened(weights[_ENCODER + name], shape)
                for copy in ("pi_", "vf_"):
                    weights[f"{copy}{_ENCODER}{name}"] = weights[_ENCODER + name]
        drawn = model.policy.state_dict()  # what a policy without a value leaves as it is
        model.policy.load_state_dict(drawn | {name: torch.tensor(value) for name, value in weights.items()})
        return model

    @staticmethod
    def guesses(task: TaskSpec) -> Iterable[Mapping[str, Any]]:
        """Every network that reads the task's observations, with every distribution whose tensors differ."""
        networks = NETWORKS if len(policy_input_shape(task)) == 3 else VECTOR_NETWORKS
        distributions = ("categorical",) if isinstance(task.action, Discrete) else ("gaussian", "beta")
        for network in networks:
            for distribution in distributions:
                yield {"network": network, "distribution": distribution}

    def unlike(self, arguments: Mapping[str, Any]) -> str:
        """What makes another policy of the same shape; activations between images' features and actions there are
        none.
        """
        pictures: dict[str, tuple[str, ...]] = {"activation_fn": ()} if len(self._shape) == 3 else {}
        return unusual(arguments, {**_USUAL, **pictures})

    def _policy(self) -> PolicyNetwork:
        return PolicyNetwork(self._task, self._config.network, self._distribution)

    def _model(self) -> PPO:
        config = self._config
        if len(self._shape) == 3:
            check_nature(NETWORKS[config.network], config.network)
            policy = "CnnPolicy"
            arguments: dict[str, Any] = {
                "features_extractor_kwargs": {"features_dim": NETWORKS[config.network].dense}
            }
        else:
            layers = list(VECTOR_NETWORKS[config.network])
            policy, arguments = "MlpPolicy", {"net_arch": {"pi": layers, "vf": layers}}
        model = PPO(
            policy,
            None,  # type: ignore[arg-type]  # documented as allowed for loading; spaces are set below
            **stock_settings(config),
            policy_kwargs=arguments,
            device="cpu",
            _init_setup_model=False,
        )
        model.observation_space, model.action_space = spaces_of(self._task)
        model.n_envs = 1
        with torch.random.fork_rng(devices=[]):  # what is drawn here, and not replaced, is always the same
            torch.default_generator.manual_seed(0)
            model._setup_model()
        return model
