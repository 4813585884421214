"""What an agent must tell of itself for its policy to enter and leave this program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from torch import nn

from agents.errors import ExportError
from agents.registry import agent_entry
from carracing.task import Array, TaskSpec

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm


@dataclass(frozen=True, slots=True)
class Slot:
    """A tensor of an agent's state that weights from elsewhere may fill."""

    shape: tuple[int, ...]
    needed: bool
    """Nothing acts without it; the others (a value's, a critic's) stay as they were drawn if a file lacks them, and
    are left out if the agent lacks them."""
    names: tuple[str, ...]
    """What files call it, the name in our own exports first."""
    widened: bool = False
    """A file's tensor may be larger, if all that is beyond this shape is zero; see ``agents.exchange.widening``."""


class Portable(Protocol):
    """One agent with its settings on its task; a class of this kind is made with (task, config)."""

    def slots(self) -> Mapping[str, Slot]:
        """What can be filled, by the name in the agent's state."""

    def acting(self, weights: Mapping[str, Array]) -> nn.Module:
        """The policy as one module, of an actor's weights: observations as the network takes them (rows, ...) to the
        actions (rows, A) of a policy that does not explore, as the environment accepts them."""

    def to_sb3(self, tensors: Mapping[str, Array]) -> BaseAlgorithm:
        """stable-baselines3's algorithm with these tensors of the agent's state.

        Raises ExportError where it has no such policy, saying what it lacks.
        """

    def unlike(self, arguments: Mapping[str, Any]) -> str:
        """What of stable-baselines3's ``policy_kwargs`` makes another policy of the same shape; "" if nothing."""

    @staticmethod
    def guesses(task: TaskSpec) -> Iterable[Mapping[str, Any]]:
        """Settings that decide the slots, to be tried in turn for weights of which nothing is known."""


def portable_class(agent: str) -> type[Any]:
    """The named agent's Portable. Raises UnknownAgentError, ExportError for an agent without."""
    path = agent_entry(agent).portable
    if not path:
        raise ExportError(f"policies of agent {agent} can be neither imported nor exported")
    module, name = path.split(":")
    found: type[Any] = getattr(import_module(module), name)
    return found


def make_portable(agent: str, task: TaskSpec, config: Any) -> Portable:
    """The named agent's Portable with these settings. Raises UnknownAgentError, ExportError."""
    portable: Portable = portable_class(agent)(task, config)
    return portable
