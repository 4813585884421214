"""From a checkpoint to a working agent: built by our registry, so a file cannot choose what code runs."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import msgspec

from agents.api import Agent, Pulse, StateError, no_pulse
from agents.checkpoint.content import Checkpoint
from agents.errors import EditedCheckpointError, ForeignCheckpointError, UnsupportedTaskError
from agents.registry import UnknownAgentError, completed_config, config_class, make_agent
from carracing.environments.task import EnvTask, task_class
from carracing.task import TaskConfig, task_spec


def build_agent(checkpoint: Checkpoint, seed: int = 0, pulse: Pulse = no_pulse) -> Agent:
    """The agent as it was when the checkpoint was taken, on the CPU, whatever it learned on; to act or be exported.

    Bulky chunks are left out.

    ``seed`` only draws weights that are then replaced. Raises ForeignCheckpointError for an agent this version does
    not have, EditedCheckpointError for settings or a state that do not fit it.
    """
    config, task = config_of(checkpoint), task_spec(task_of(checkpoint))
    if hasattr(config, "device"):
        config = replace(config, device="cpu")
    try:
        agent = make_agent(checkpoint.agent, task, config, seed, pulse)
        agent.restore(replace(checkpoint.agent_state, chunks={}))
    except (StateError, UnsupportedTaskError) as error:
        raise EditedCheckpointError(f"the checkpoint's state and settings disagree: {error}") from error
    return agent


def task_of(checkpoint: Checkpoint) -> TaskConfig | EnvTask:
    """The task it was trained on. Raises EditedCheckpointError for one that does not exist."""
    task: TaskConfig | EnvTask = _convert(checkpoint.task, task_class(checkpoint.task), "task")
    return task


def config_of(checkpoint: Checkpoint) -> Any:
    """The agent's settings, those that did not exist yet as they were then.

    Raises ForeignCheckpointError, EditedCheckpointError.
    """
    try:
        wanted = config_class(checkpoint.agent)
    except UnknownAgentError as error:
        raise ForeignCheckpointError(f"the checkpoint is of an agent this version does not have: {error}") from error
    discrete = checkpoint.task.get("action") == "discrete"
    return _convert(completed_config(checkpoint.agent, checkpoint.agent_config, discrete), wanted, "agent_config")


def _convert(content: dict[str, Any], wanted: type[Any], what: str) -> Any:
    unknown = sorted(set(content) - {field.name for field in fields(wanted)})
    if unknown:
        raise EditedCheckpointError(f"the checkpoint's {what} has a key this version does not know: {unknown[0]}")
    try:
        return msgspec.convert(content, wanted, strict=True)
    except (msgspec.ValidationError, ValueError) as error:
        raise EditedCheckpointError(f"the checkpoint's {what} has an impossible value: {error}") from error
