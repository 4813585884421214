"""DQN's network on its way in and out: stable-baselines3's, under other names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from stable_baselines3 import DQN
from torch import nn

from agents.arithmetic import PLAIN
from agents.dqn.config import DQNConfig
from agents.dqn.learner import Networks
from agents.dqn.networks import HIDDEN, QNetwork
from agents.exchange.portable import Slot
from agents.exchange.spaces import CONTINUED_REPLAY, spaces_of, unusual
from agents.exchange.widening import check_nature, nature_shapes, widened
from agents.network_plans import NETWORKS, policy_input_shape
from agents.offpolicy.encoders import is_images
from carracing.task import Array, TaskSpec

_PICTURES = (
    ("encoder.0.", "features_extractor.cnn."),
    ("encoder.1.", "features_extractor.linear."),
    ("values.", "q_net.0."),
)
_VECTORS = (("encoder.", "q_net."), ("values.", f"q_net.{2 * len(HIDDEN)}."))
"""How our names of one network begin, and stable-baselines3's."""
_NETWORKS = (("online.", "q_net."), ("target.", "q_net_target."))
_USUAL: Mapping[str, tuple[str, ...]] = {
    "activation_fn": ("torch.nn.modules.activation.ReLU",),
    "features_extractor_class": ("NatureCNN", "FlattenExtractor"),
    "normalize_images": ("True",),
    "use_sde": ("False",),
    "net_arch": (),
    "features_extractor_kwargs": (),
}


class PolicyModule(nn.Module):
    """From observations to the action of highest value."""

    def __init__(self, network: QNetwork, task: TaskSpec) -> None:
        super().__init__()
        self.network = network
        self._pictures = is_images(task)

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """(rows, *shape) -> (rows, 1)."""
        values: torch.Tensor = self.network(PLAIN.inputs(observations) if self._pictures else observations)
        return values.argmax(dim=1, keepdim=True)


class DQNPortable:
    """What ``agents.exchange`` asks of DQN; see ``agents.exchange.portable.Portable``."""

    def __init__(self, task: TaskSpec, config: DQNConfig) -> None:
        config.check_task(task)
        self._task, self._config = task, config

    def slots(self) -> Mapping[str, Slot]:
        """The network and its target; in a file without a target the network stands in for it."""
        with torch.device("meta"):
            networks = Networks(self._task, self._config.network)
        return {
            f"networks/{name}": Slot(
                tuple(value.shape), name.startswith("online."), self._names(name), ".encoder." in name
            )
            for name, value in networks.named_parameters()
        }

    def acting(self, weights: Mapping[str, Array]) -> nn.Module:
        """The network and its best action, in float32."""
        network = QNetwork(self._task, self._config.network)
        network.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
        return PolicyModule(network, self._task).eval()

    def to_sb3(self, tensors: Mapping[str, Array]) -> DQN:
        """DQN, of pictures with NatureCNN. Its replay is small: who trains on may give it a larger one."""
        model = self._model()
        weights = {slot.names[1]: tensors[key] for key, slot in self.slots().items()}
        if is_images(self._task):
            shape, plan = policy_input_shape(self._task), NETWORKS[self._config.network]
            for name, wide in nature_shapes(shape[0], plan, *shape[1:]).items():
                for _, theirs in _NETWORKS:
                    key = f"{theirs}features_extractor.{name}"
                    weights[key] = widened(weights[key], wide)
        model.policy.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
        return model

    def unlike(self, arguments: Mapping[str, Any]) -> str:
        """What makes another policy of the same shape; no activation lies between pictures' features and values."""
        pictures: dict[str, tuple[str, ...]] = {"activation_fn": ()} if is_images(self._task) else {}
        return unusual(arguments, {**_USUAL, **pictures})

    @staticmethod
    def guesses(task: TaskSpec) -> Iterable[Mapping[str, Any]]:
        """Every encoder, where there are pictures."""
        yield from ({"network": network} for network in NETWORKS) if is_images(task) else ({"network": "small"},)

    def _names(self, name: str) -> tuple[str, ...]:
        """What files call a parameter: our name, stable-baselines3's, and for the target what it follows."""
        layers = _PICTURES if is_images(self._task) else _VECTORS
        for network, theirs in _NETWORKS:
            rest = name.removeprefix(network)
            for ours, layer in layers:
                if name.startswith(network) and rest.startswith(ours):
                    names = (name, theirs + layer + rest.removeprefix(ours))
                    return names if network == "online." else (*names, *self._names(f"online.{rest}"))
        raise KeyError(name)

    def _model(self) -> DQN:
        config = self._config
        arguments: dict[str, Any] = {"net_arch": list(HIDDEN)}
        if is_images(self._task):
            check_nature(NETWORKS[config.network], config.network)
            arguments = {"features_extractor_kwargs": {"features_dim": NETWORKS[config.network].dense}}
        model = DQN(
            "CnnPolicy" if is_images(self._task) else "MlpPolicy",
            None,  # type: ignore[arg-type]  # documented as allowed for loading; spaces are set below
            learning_rate=config.learning_rate,
            buffer_size=CONTINUED_REPLAY,
            batch_size=config.sizes(self._task).batch,
            gamma=config.gamma,
            target_update_interval=config.target_every,
            max_grad_norm=config.max_grad_norm,
            exploration_initial_eps=config.epsilon_start,
            exploration_final_eps=config.epsilon_end,
            exploration_fraction=config.exploration,
            policy_kwargs=arguments,
            device="cpu",
            _init_setup_model=False,
        )
        model.observation_space, model.action_space = spaces_of(self._task)
        model.n_envs = 1
        model._setup_model()
        return model
