"""Starting from what another agent learned: the policy of a checkpoint, checked against the network it goes into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agents.checkpoint.building import task_of
from agents.checkpoint.content import Checkpoint
from agents.checkpoint.reading import load_checkpoint
from agents.errors import CheckpointError, StartError, UnsupportedTaskError
from agents.network_plans import choose_distribution, policy_input_shape
from agents.registry import completed_config
from carracing.task import Array, Discrete, TaskSpec, task_spec

PREFIX = "policy/"
"""What the names of a network's tensors begin with in a checkpoint, of every agent that acts from a PolicyNetwork."""
NETWORKS = "networks/"
"""The same of agents that learn from a replay."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a checkpoint's agent learned of acting."""

    tensors: Mapping[str, Array]
    """The network's parameters by their names; the value's too where the agent had one."""
    return_moments: Array | None
    """(3,) mean, variance and weight of the discounted returns, where the agent normalised rewards by them."""


def load_policy(path: str, task: TaskSpec, distribution: str) -> Policy:
    """Read the policy of the checkpoint in directory ``path`` for a run on ``task`` with this distribution.

    Raises StartError.
    """
    checkpoint = _loaded(path)
    _check_task(path, checkpoint, task, distribution)
    tensors = checkpoint.agent_state.tensors
    return Policy(
        {name.removeprefix(PREFIX): value for name, value in tensors.items() if name.startswith(PREFIX)},
        tensors.get("returns/moments"),
    )


def load_networks(path: str, agent: str, task: TaskSpec) -> Mapping[str, Array]:
    """Networks of the checkpoint in directory ``path``, by their names there: of ``agent``, or a clone's policy.

    For a run of ``agent`` on ``task``. Raises StartError.
    """
    checkpoint = _loaded(path)
    prefix = NETWORKS if checkpoint.agent == agent else PREFIX
    other = _task_of(path, checkpoint)
    _check_same_task(path, other, task)
    tensors = checkpoint.agent_state.tensors
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def check_parameters(path: str, needed: Mapping[str, tuple[int, ...]], found: Mapping[str, Array]) -> None:
    """Raise StartError unless ``found`` has every parameter needed, float32 and of that shape."""
    for name, shape in needed.items():
        value = found.get(name)
        if value is None:
            raise StartError(
                f"cannot start from {path}: its policy has no {name}. It must have this run's network, "
                "distribution and kind of observation"
            )
        if value.shape != shape or value.dtype != "float32":
            raise StartError(
                f"cannot start from {path}: its {name} is {value.dtype} {value.shape}, and this run's network "
                f"needs float32 {shape}. It must have the same network, stack and kind of observation"
            )


def _loaded(path: str) -> Checkpoint:
    try:
        return load_checkpoint(Path(path))
    except CheckpointError as error:
        raise StartError(f"cannot start from {path}: {error}") from error


def _task_of(path: str, checkpoint: Checkpoint) -> TaskSpec:
    try:
        return task_spec(task_of(checkpoint))
    except (TypeError, ValueError, KeyError, CheckpointError) as error:
        raise StartError(f"cannot start from {path}: its settings are not ones of this version ({error})") from error


def _check_same_task(path: str, theirs: TaskSpec, ours: TaskSpec) -> None:
    try:
        shape = policy_input_shape(theirs)
    except UnsupportedTaskError as error:
        raise StartError(f"cannot start from {path}: its settings are not ones of this version ({error})") from error
    if (shape, theirs.action) != (policy_input_shape(ours), ours.action):
        raise StartError(
            f"cannot start from {path}: its policy sees {shape} and gives {theirs.action}, "
            f"and this run's sees {policy_input_shape(ours)} and gives {ours.action}. Set task.observation, "
            "task.stack and task.action as there"
        )


def _check_task(path: str, checkpoint: Checkpoint, task: TaskSpec, distribution: str) -> None:
    other = _task_of(path, checkpoint)
    _check_same_task(path, other, task)
    try:
        settings = completed_config(checkpoint.agent, checkpoint.agent_config, isinstance(other.action, Discrete))
        theirs = choose_distribution(str(settings.get("distribution")), other)
    except (TypeError, ValueError, KeyError, UnsupportedTaskError) as error:
        raise StartError(f"cannot start from {path}: its settings are not ones of this version ({error})") from error
    if theirs != distribution:
        raise StartError(
            f"cannot start from {path}: its policy's distribution is {theirs}, and this run's is {distribution}. "
            f"Set agent.distribution={theirs}"
        )
