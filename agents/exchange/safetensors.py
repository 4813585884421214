"""Tensors by name, with what they are of: for other programs, and for ours to import again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from agents.checkpoint.building import build_agent, task_of
from agents.exchange.importing import import_policy
from agents.exchange.policy import Policy, actions_of
from agents.exchange.reading import read_foreign
from carracing.task import Array


def write_safetensors(policy: Policy, path: Path) -> None:
    """All that the policy learned, without optimizer."""
    state = policy.checkpoint.agent_state.tensors
    slots = policy.portable.slots()
    tensors = {slot.names[0]: np.ascontiguousarray(state[key]) for key, slot in slots.items() if key in state}
    save_file(tensors, path, policy.origin)


def act_safetensors(policy: Policy, path: Path, observations: Array) -> Array:
    """What the policy does when it is imported again."""
    checkpoint = policy.checkpoint
    again = import_policy(read_foreign(path), checkpoint.agent, task_of(checkpoint), {})
    return actions_of(build_agent(again), observations)
