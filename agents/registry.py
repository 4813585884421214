"""Agents by name. Importing this loads no torch: configurations are light, agents are imported when made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib import import_module
from typing import Any, Literal

from agents.api import Agent, Pulse, no_pulse
from carracing.task import TaskSpec


@dataclass(frozen=True, slots=True)
class AgentEntry:
    """Where an agent's two halves are: its settings, which everyone may read, and itself, which needs torch."""

    title: str
    config: str
    """"module:class" of its frozen config dataclass."""
    agent: str
    """"module:class", called with (task, config, seed, pulse)."""
    completion: str = ""
    """"module:function", called with (settings, discrete actions?) where an older version may have written the
    settings: adds those it did not have yet, with values that mean what it did. Without one, the defaults do."""
    portable: str = ""
    """"module:class" of its ``agents.exchange.portable.Portable``: how its policy is imported and exported."""
    usual: Mapping[str, Any] = field(default_factory=dict)
    """Settings of a run, by their dotted keys, where nobody asks for others."""
    anywhere: bool = True
    """Learns in any environment; else from CarRacing's scripted driver."""
    offline: bool = False
    """Learns from the recorded set that its setting ``demos`` names."""
    action: Literal["steer-accel", "discrete"] = "steer-accel"
    """``task.action`` where nobody asks for another."""
    purpose: str = ""
    """For people who choose."""


AGENTS = {
    "ppo": AgentEntry(
        "PPO",
        "agents.ppo.config:PPOConfig",
        "agents.ppo.agent:PPOAgent",
        "agents.ppo.config:complete_config",
        "agents.ppo.portable:PPOPortable",
        purpose="fast simulators, any actions",
    ),
    "sac": AgentEntry(
        "SAC",
        "agents.sac.config:SACConfig",
        "agents.sac.agent:SACAgent",
        portable="agents.sac.portable:SACPortable",
        purpose="few steps; vectors, or a GPU",
    ),
    "dqn": AgentEntry(
        "DQN",
        "agents.dqn.config:DQNConfig",
        "agents.dqn.agent:DQNAgent",
        portable="agents.dqn.portable:DQNPortable",
        action="discrete",
        purpose="five discrete actions",
    ),
    "bc": AgentEntry(
        "behaviour cloning",
        "agents.bc.config:BCConfig",
        "agents.bc.offline:BCAgent",
        portable="agents.bc.portable:CloningPortable",
        usual={"collector": "sequential"},
        offline=True,
        anywhere=False,
    ),
    "dagger": AgentEntry(
        "DAgger",
        "agents.bc.config:DAggerConfig",
        "agents.bc.dagger:DAggerAgent",
        portable="agents.bc.portable:CloningPortable",
        anywhere=False,
        usual={
            "task.labels": True,
            "task.missed_penalty": 0.0,
            "task.early_stop": 200,
            "budget": {"frames": 2_000_000},
        },
    ),
}


class UnknownAgentError(ValueError):
    """No agent of that name."""


def agent_entry(name: str) -> AgentEntry:
    """The entry of the named agent. Raises UnknownAgentError."""
    try:
        return AGENTS[name]
    except KeyError:
        raise UnknownAgentError(f"unknown agent {name!r}: choose from {', '.join(AGENTS)}") from None


def config_class(name: str) -> type[Any]:
    """The config dataclass of the named agent. Raises UnknownAgentError."""
    found: type[Any] = _load(agent_entry(name).config)
    return found


def completed_config(name: str, content: Mapping[str, Any], discrete: bool) -> dict[str, Any]:
    """Stored settings of the named agent, for a task of discrete actions or not, as this version would store them.

    Raises UnknownAgentError.
    """
    completion = agent_entry(name).completion
    return _load(completion)(content, discrete) if completion else {**asdict(config_class(name)()), **content}


def make_agent(name: str, task: TaskSpec, config: Any, seed: int, pulse: Pulse = no_pulse) -> Agent:
    """Build the named agent with fresh weights drawn from ``seed``. Raises UnknownAgentError."""
    agent: Agent = _load(agent_entry(name).agent)(task, config, seed, pulse)
    return agent


def _load(path: str) -> Any:
    module, name = path.split(":")
    return getattr(import_module(module), name)
