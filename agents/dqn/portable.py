"""DQN's policy on its way in and out, under stable-baselines3's names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from stable_baselines3 import DQN
from torch import nn

from agents.arithmetic import PLAIN, Arithmetic
from agents.dqn.config import DQNConfig
from agents.dqn.learner import Networks
from agents.dqn.networks import HIDDEN, QNetwork
from agents.exchange.portable import Slot
from agents.exchange.spaces import spaces_of, unusual
from agents.exchange.widening import check_nature, nature_shapes, widened
from agents.network_plans import NETWORKS, policy_input_shape
from agents.offpolicy.encoders import is_images, network_inputs
from carracing.task import Array, TaskSpec

_ENCODER = "features_extractor."
_PICTURE_NAMES = (
    ("encoder.convolutions.", f"{_ENCODER}cnn."),
    ("encoder.dense.", f"{_ENCODER}linear."),
    ("values.", "q_net.0."),
)
_VECTOR_NAMES = (("encoder.", "q_net."), ("values.", f"q_net.{2 * len(HIDDEN)}."))
"""Beginnings of our names within a network and of theirs."""
_USUAL: Mapping[str, tuple[str, ...]] = {
    "activation_fn": ("torch.nn.modules.activation.ReLU",),
    "features_extractor_class": ("NatureCNN", "FlattenExtractor"),
    "normalize_images": ("True",),
    "use_sde": ("False",),
    "net_arch": (),
    "features_extractor_kwargs": (),
}


class PolicyModule(nn.Module):
    """From observations to the best action."""

    def __init__(self, network: QNetwork, task: TaskSpec, arithmetic: Arithmetic) -> None:
        super().__init__()
        self.network = network
        self._task, self._arithmetic = task, arithmetic

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """(rows, *shape) -> (rows, 1)."""
        values: torch.Tensor = self.network(network_inputs(observations, self._task, self._arithmetic))
        return values.argmax(dim=1, keepdim=True)


class DQNPortable:
    """What ``agents.exchange`` asks of DQN; see ``agents.exchange.portable.Portable``."""

    def __init__(self, task: TaskSpec, config: DQNConfig) -> None:
        config.check_task(task)
        self._task, self._config = task, config

    def slots(self) -> Mapping[str, Slot]:
        """The network and its target, which a file may leave out: it begins as the network."""
        with torch.device("meta"):
            networks = Networks(self._task, self._config.network)
        found = {}
        for name, value in networks.named_parameters():
            whose, _, inner = name.partition(".")
            theirs = self._name(inner)
            names = (f"q_net_target.{theirs}", f"q_net.{theirs}") if whose == "target" else (f"q_net.{theirs}",)
            found[f"networks/{name}"] = Slot(
                tuple(value.shape), whose == "online", names, theirs.startswith(_ENCODER)
            )
        return found

    def acting(self, weights: Mapping[str, Array]) -> nn.Module:
        """The network and its best action, in float32."""
        network = QNetwork(self._task, self._config.network)
        network.load_state_dict({name: torch.tensor(weights[name]) for name in network.state_dict()})
        return PolicyModule(network, self._task, PLAIN).eval()

    def to_sb3(self, tensors: Mapping[str, Array]) -> DQN:
        """DQN with the same networks, or NatureCNN with channels that are zero."""
        config, shape = self._config, policy_input_shape(self._task)
        weights = {slot.names[0]: tensors[key] for key, slot in self.slots().items()}
        arguments: dict[str, Any] = {"net_arch": list(HIDDEN)}
        if is_images(self._task):
            plan = NETWORKS[config.network]
            check_nature(plan, config.network)
            arguments = {"features_extractor_kwargs": {"features_dim": plan.dense}}
            for name, wide in nature_shapes(shape[0], plan, *shape[1:]).items():
                for whose in ("q_net", "q_net_target"):
                    full = f"{whose}.{_ENCODER}{name}"
                    weights[full] = widened(weights[full], wide)
        model = DQN(
            "CnnPolicy" if is_images(self._task) else "MlpPolicy",
            None,  # type: ignore[arg-type]  # documented as allowed for loading; spaces are set below
            learning_rate=config.learning_rate,
            batch_size=config.sizes(self._task).batch,
            gamma=config.gamma,
            buffer_size=1,
            max_grad_norm=config.max_grad_norm,
            policy_kwargs=arguments,
            device="cpu",
            _init_setup_model=False,
        )
        model.observation_space, model.action_space = spaces_of(self._task)
        model.n_envs = 1
        model._setup_model()
        model.replay_buffer = None  # an empty one, of no use where it is loaded
        model.policy.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
        return model

    @staticmethod
    def guesses(task: TaskSpec) -> Iterable[Mapping[str, Any]]:
        """Every encoder that reads the task's observations."""
        for network in NETWORKS if is_images(task) else ("small",):
            yield {"network": network}

    def unlike(self, arguments: Mapping[str, Any]) -> str:
        """What makes another policy of the same shape."""
        return unusual(arguments, _USUAL)

    def _name(self, ours: str) -> str:
        names = _PICTURE_NAMES if is_images(self._task) else _VECTOR_NAMES
        return next(begin + ours.removeprefix(own) for own, begin in names if ours.startswith(own))
