"""A clone on its way in and out: its policy is one that PPO or SAC could have learned, without values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from torch import nn

from agents.bc.config import SAC, CloningConfig
from agents.errors import ExportError
from agents.exchange.portable import Portable, Slot
from agents.ppo.config import PPOConfig
from agents.ppo.portable import PPOPortable
from agents.sac.config import SACConfig
from agents.sac.portable import SACPortable
from carracing.task import Array, TaskSpec

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

_OURS, _THEIRS = "policy/acting.", "networks/acting."
"""What a clone calls the policy of SAC in its state, and SAC itself."""


class CloningPortable:
    """As the agent's whose network it has; a value or critics in a file are left there."""

    def __init__(self, task: TaskSpec, config: CloningConfig) -> None:
        config.check_task(task)
        self._sac = config.network == SAC
        self._as: Portable = (
            SACPortable(task, SACConfig())
            if self._sac
            else PPOPortable(task, PPOConfig(network=config.network, distribution=config.distribution))  # type: ignore[arg-type]
        )

    def slots(self) -> Mapping[str, Slot]:
        """The policy; critics have places too, which nobody fills."""
        slots = self._as.slots()
        return {name.replace(_THEIRS, _OURS): slot for name, slot in slots.items()} if self._sac else slots

    def acting(self, weights: Mapping[str, Array]) -> nn.Module:
        """The policy and its mode, in float32."""
        return self._as.acting({name.removeprefix("acting."): value for name, value in weights.items()})

    def to_sb3(self, tensors: Mapping[str, Array]) -> BaseAlgorithm:
        """PPO with this policy and a fresh value."""
        if self._sac:
            raise ExportError(
                "stable-baselines3's SAC has critics, and a clone has none: export to .onnx or .safetensors"
            )
        return self._as.to_sb3(tensors)

    def unlike(self, arguments: Mapping[str, Any]) -> str:
        """As for the agent whose network it has."""
        return self._as.unlike(arguments)

    @staticmethod
    def guesses(task: TaskSpec) -> Iterable[Mapping[str, Any]]:
        """Those of PPO, then SAC's network."""
        yield from PPOPortable.guesses(task)
        yield {"network": SAC, "distribution": "squashed"}
