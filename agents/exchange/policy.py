"""A checkpoint's policy, ready to be written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from agents.api import Agent, WeightsSnapshot
from agents.checkpoint.building import build_agent, config_of, task_of
from agents.checkpoint.content import Checkpoint
from agents.exchange.portable import Portable, make_portable
from agents.network_plans import policy_input_shape
from agents.random import EpisodeRandom
from carracing.task import Array, TaskSpec, task_spec

FORMAT = "racetui policy"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the writers of files need of it."""

    checkpoint: Checkpoint
    agent: Agent
    portable: Portable
    task: TaskSpec
    settings: Mapping[str, Any]
    """All of the agent's."""

    def inputs(self, observations: Array) -> Array:
        """(rows, stack, *observation_shape) as the network takes them: the stack joined to the channels."""
        return observations.reshape(len(observations), *policy_input_shape(self.task))

    @property
    def origin(self) -> dict[str, str]:
        """What files say of themselves, as text by name."""
        checkpoint = self.checkpoint
        return {
            "format": FORMAT,
            "agent": checkpoint.agent,
            "agent_config": json.dumps(dict(self.settings)),
            "task": json.dumps(checkpoint.task),
            "frames": str(checkpoint.counters["frames"]),
        }


def policy_of(checkpoint: Checkpoint) -> Policy:
    """The policy of a checkpoint. Raises CheckpointError, ExportError for an agent that cannot be exported."""
    agent = build_agent(checkpoint)
    task = task_spec(task_of(checkpoint))
    config = config_of(checkpoint)
    return Policy(checkpoint, agent, make_portable(checkpoint.agent, task, config), task, asdict(config))


def actions_of(agent: Agent, observations: Array) -> Array:
    """(rows, A) what the agent's actor does without exploring, for (rows, stack, *observation_shape)."""
    actor, snapshot, rows = agent.actor_spec().build(), agent.snapshot(), len(observations)
    actor.load(WeightsSnapshot(snapshot.version, snapshot.tensors, {"deterministic": 1.0}))
    rngs = EpisodeRandom(np.zeros(rows, np.uint64), np.zeros(rows, np.int64))
    actions: Array = actor.act(observations, rngs).env_actions
    return actions
