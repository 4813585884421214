"""SAC's policy on its way in and out. On vectors it is stable-baselines3's, under other names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from stable_baselines3 import SAC
from torch import nn

from agents.arithmetic import PLAIN
from agents.errors import ExportError
from agents.exchange.portable import Slot
from agents.exchange.spaces import CONTINUED_REPLAY, spaces_of, unusual
from agents.network_plans import NETWORKS
from agents.offpolicy.encoders import is_images
from agents.sac.config import SACConfig
from agents.sac.learner import Networks
from agents.sac.networks import HIDDEN, Acting
from carracing.task import Array, Box, TaskSpec

_THEIRS = (
    ("acting.policy.hidden.", "actor.latent_pi."),
    ("acting.policy.mean.", "actor.mu."),
    ("acting.policy.log_std.", "actor.log_std."),
    ("target_critics.heads.", "critic_target.qf"),
    ("critics.heads.", "critic.qf"),
)
"""How our names begin, and stable-baselines3's."""
_FOLLOWED = (("target_critics.", "critics."), ("target_encoder.", "acting.encoder."))
"""Targets, and what stands in for them in files that have none."""
_USUAL: Mapping[str, tuple[str, ...]] = {
    "activation_fn": ("torch.nn.modules.activation.ReLU",),
    "features_extractor_class": ("FlattenExtractor",),
    "normalize_images": ("True",),
    "use_sde": ("False",),
    "net_arch": (),
    "share_features_extractor": (),
}


class PolicyModule(nn.Module):
    """From observations to the squashed mean, within the bounds."""

    def __init__(self, network: Acting, task: TaskSpec, action: Box) -> None:
        super().__init__()
        self.network = network
        self._pictures = is_images(task)
        self._bounds = (action.low, action.high)

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """(rows, *shape) -> (rows, A)."""
        inputs = PLAIN.inputs(observations) if self._pictures else observations
        mean, _ = self.network.policy(self.network.encoder(inputs))
        low, high = (torch.tensor(bound, dtype=torch.float32) for bound in self._bounds)
        return low + 0.5 * (torch.tanh(mean) + 1.0) * (high - low)


class SACPortable:
    """What ``agents.exchange`` asks of SAC; see ``agents.exchange.portable.Portable``."""

    def __init__(self, task: TaskSpec, config: SACConfig) -> None:
        config.check_task(task)
        self._task, self._config = task, config

    def slots(self) -> Mapping[str, Slot]:
        """Policy, critics, targets and the entropy's coefficient; a file may have the policy alone."""
        with torch.device("meta"):
            networks = Networks(self._task, self._config)
        return {
            f"networks/{name}": Slot(tuple(value.shape), name.startswith("acting."), _names(name))
            for name, value in networks.named_parameters()
        }

    def acting(self, weights: Mapping[str, Array]) -> nn.Module:
        """Encoder and policy, in float32."""
        if not isinstance(self._task.action, Box):
            raise TypeError("SAC acts on continuous actions only")
        network = Acting(self._task, self._config.network, self._config.features)
        network.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
        return PolicyModule(network, self._task, self._task.action).eval()

    def to_sb3(self, tensors: Mapping[str, Array]) -> SAC:
        """SAC on vectors. Its replay is small: who trains on may give it a larger one."""
        if is_images(self._task):
            raise ExportError(
                "stable-baselines3 has no encoder of pictures that ends as SAC's does here, in layer normalisation "
                "and tanh: export to .onnx or .safetensors"
            )
        config = self._config
        model = SAC(
            "MlpPolicy",
            None,  # type: ignore[arg-type]  # documented as allowed for loading; spaces are set below
            learning_rate=config.learning_rate,
            buffer_size=CONTINUED_REPLAY,
            batch_size=config.sizes(self._task).batch,
            tau=config.target_rate,
            gamma=config.gamma,
            target_entropy=-float(self._task.action.size),
            policy_kwargs={"net_arch": list(HIDDEN)},
            device="cpu",
            _init_setup_model=False,
        )
        model.observation_space, model.action_space = spaces_of(self._task)
        model.n_envs = 1
        model._setup_model()
        theirs = {slot.names[1]: tensors[key] for key, slot in self.slots().items() if len(slot.names) > 1}
        model.policy.load_state_dict({name: torch.tensor(value) for name, value in theirs.items()})
        if model.log_ent_coef is not None:
            model.log_ent_coef.data.copy_(torch.tensor(tensors["networks/log_entropy"]))
        return model

    def unlike(self, arguments: Mapping[str, Any]) -> str:
        """What makes another policy of the same shape."""
        return unusual(arguments, _USUAL)

    @staticmethod
    def guesses(task: TaskSpec) -> Iterable[Mapping[str, Any]]:
        """Every encoder, where there are pictures."""
        yield from ({"network": network} for network in NETWORKS) if is_images(task) else ({"network": "small"},)


def _names(name: str) -> tuple[str, ...]:
    """What files call a parameter: our name, stable-baselines3's, and for targets what they follow."""
    names = [name]
    for ours, theirs in _THEIRS:
        if name.startswith(ours):
            names.append(theirs + name.removeprefix(ours))
            break
    for target, followed in _FOLLOWED:
        if name.startswith(target):
            names += _names(followed + name.removeprefix(target))
    return tuple(names)
