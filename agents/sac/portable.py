"""SAC's policy on its way in and out, under stable-baselines3's names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch
from stable_baselines3 import SAC
from torch import nn

from agents.arithmetic import PLAIN, Arithmetic
from agents.errors import ExportError
from agents.exchange.portable import Slot
from agents.exchange.spaces import spaces_of, unusual
from agents.network_plans import NETWORKS
from agents.offpolicy.encoders import is_images, network_inputs
from agents.sac.config import SACConfig
from agents.sac.learner import Networks
from agents.sac.networks import HIDDEN, Acting
from carracing.task import Array, Box, TaskSpec

_NAMES = (
    ("acting.policy.hidden.", "actor.latent_pi."),
    ("acting.policy.mean.", "actor.mu."),
    ("acting.policy.log_std.", "actor.log_std."),
    ("acting.encoder.", "actor.features_extractor."),
    ("critics.heads.0.", "critic.qf0."),
    ("critics.heads.1.", "critic.qf1."),
    ("target_critics.heads.0.", "critic_target.qf0."),
    ("target_critics.heads.1.", "critic_target.qf1."),
    ("target_encoder.", "critic_target.features_extractor."),
    ("log_entropy", "log_ent_coef"),
)
"""Beginnings of our names and of theirs."""
_USUAL: Mapping[str, tuple[str, ...]] = {
    "activation_fn": ("torch.nn.modules.activation.ReLU",),
    "features_extractor_class": ("FlattenExtractor",),
    "normalize_images": ("True",),
    "use_sde": ("False",),
    "net_arch": (),
    "share_features_extractor": (),
}


class PolicyModule(nn.Module):
    """From observations to the squashed means of the actions, within the bounds."""

    def __init__(self, acting: Acting, task: TaskSpec, bounds: Box, arithmetic: Arithmetic) -> None:
        super().__init__()
        self.acting = acting
        self._task, self._bounds, self._arithmetic = task, bounds, arithmetic

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """(rows, *shape) -> (rows, A)."""
        mean, _ = self.acting.policy(self.acting.encoder(network_inputs(observations, self._task, self._arithmetic)))
        low, high = (torch.tensor(bound, dtype=torch.float32) for bound in (self._bounds.low, self._bounds.high))
        return low + (torch.tanh(mean) + 1.0) * 0.5 * (high - low)


class SACPortable:
    """What ``agents.exchange`` asks of SAC; see ``agents.exchange.portable.Portable``."""

    def __init__(self, task: TaskSpec, config: SACConfig) -> None:
        config.check_task(task)
        if not isinstance(task.action, Box):
            raise TypeError("SAC acts on continuous actions only")
        self._task, self._config, self._bounds = task, config, task.action

    def slots(self) -> Mapping[str, Slot]:
        """Policy, critics and targets; a file needs the policy only, and targets begin as the critics."""
        with torch.device("meta"):
            networks = Networks(self._task, replace(self._config, pull=0.0))  # without the policy that it began with
        return {
            f"networks/{name}": Slot(tuple(value.shape), name.startswith("acting."), _names(name))
            for name, value in networks.named_parameters()
        }

    def acting(self, weights: Mapping[str, Array]) -> nn.Module:
        """The policy's squashed mean, in float32."""
        acting = Acting(self._task, self._config.network, self._config.features)
        acting.load_state_dict({name: torch.tensor(weights[name]) for name in acting.state_dict()})
        return PolicyModule(acting, self._task, self._bounds, PLAIN).eval()

    def to_sb3(self, tensors: Mapping[str, Array]) -> SAC:
        """SAC with the same policy, critics and targets; of vectors only."""
        if is_images(self._task):
            raise ExportError("stable-baselines3 has no encoder like sac's: export to .onnx or .safetensors")
        config = self._config
        model = SAC(
            "MlpPolicy",
            None,  # type: ignore[arg-type]  # documented as allowed for loading; spaces are set below
            learning_rate=config.learning_rate,
            batch_size=config.sizes(self._task).batch,
            tau=config.target_rate,
            gamma=config.gamma,
            buffer_size=1,
            target_entropy=-float(self._bounds.size),
            policy_kwargs={"net_arch": list(HIDDEN)},
            device="cpu",
            _init_setup_model=False,
        )
        model.observation_space, model.action_space = spaces_of(self._task)
        model.n_envs = 1
        model._setup_model()
        model.replay_buffer = None  # an empty one, of no use where it is loaded
        named = {slot.names[0]: tensors[key] for key, slot in self.slots().items()}
        entropy = torch.tensor(named.pop("log_ent_coef"))
        model.policy.load_state_dict({name: torch.tensor(value) for name, value in named.items()})
        if model.log_ent_coef is not None:
            model.log_ent_coef.data.copy_(entropy)
        return model

    @staticmethod
    def guesses(task: TaskSpec) -> Iterable[Mapping[str, Any]]:
        """Every encoder that reads the task's observations."""
        for network in NETWORKS if is_images(task) else ("small",):
            yield {"network": network, "features": SACConfig().features}

    def unlike(self, arguments: Mapping[str, Any]) -> str:
        """What makes another policy of the same shape."""
        return unusual(arguments, _USUAL)


def _names(ours: str) -> tuple[str, ...]:
    """Theirs; a target's may be the critics' or the policy's, which train the same."""
    theirs = next(begin + ours.removeprefix(own) for own, begin in _NAMES if ours.startswith(own))
    if theirs.startswith("critic_target.features_extractor."):
        return theirs, theirs.replace("critic_target.", "actor.")
    return (theirs, theirs.replace("critic_target.", "critic.")) if "critic_target" in theirs else (theirs,)
