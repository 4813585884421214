"""From a file's weights to an ordinary checkpoint of one of our agents, untrained but for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import msgspec

from agents.api import State, StateError
from agents.checkpoint.content import Checkpoint
from agents.errors import ForeignFileError, UnsupportedTaskError
from agents.exchange.matching import filled, problems
from agents.exchange.portable import Portable, make_portable, portable_class
from agents.exchange.reading import Foreign
from agents.exchange.spaces import other_task
from agents.registry import config_class, make_agent
from carracing.environments.task import EnvTask
from carracing.task import TaskConfig, TaskSpec, task_spec

COUNTERS = {"frames": 0, "steps": 0, "episodes": 0, "rounds": 0, "seconds": 0.0}
"""Of a policy that this program has not trained."""


def import_policy(
    foreign: Foreign, agent: str, task: TaskConfig | EnvTask, settings: Mapping[str, Any], seed: int = 0
) -> Checkpoint:
    """A checkpoint of ``agent`` on ``task`` with the weights of ``foreign``; ``seed`` draws what the file lacks.

    Of the agent's settings those that decide the networks are found by trying, unless ``settings`` has them or the
    file is an export of ours.
    Optimizers, normalisers and counters begin anew. Raises ForeignFileError for weights that do not fit, naming the
    tensor and what was expected, UnknownAgentError, UnsupportedTaskError, ExportError for an agent without policy.
    """
    spec = task_spec(task)
    if other := other_task(foreign.model, spec):
        raise ForeignFileError(f"{foreign.path} is a policy for another task: {other}")
    config, portable = _fitting(foreign, agent, spec, settings)
    if unlike := portable.unlike(_arguments(foreign.model)):
        raise ForeignFileError(f"{foreign.path} has another policy of the same shape: {unlike}")
    slots = portable.slots()
    weights = filled(slots, foreign.tensors, foreign.path)
    made = make_agent(agent, spec, replace(config, device="cpu") if hasattr(config, "device") else config, seed)
    fresh = made.state()
    weights = {name: value for name, value in weights.items() if slots[name].needed or name in fresh.tensors}
    try:
        made.restore(State({**fresh.tensors, **weights}, fresh.facts))
    except StateError as error:
        raise ForeignFileError(f"{foreign.path} does not fit agent {agent}: {error}") from error
    return Checkpoint(
        agent=agent,
        agent_config=asdict(config),
        task=asdict(task),
        counters=dict(COUNTERS),
        agent_state=made.state(),
        extra={"imported_from": foreign.path.name, "imported_tensors": len(weights)},
    )


def _fitting(foreign: Foreign, agent: str, task: TaskSpec, settings: Mapping[str, Any]) -> tuple[Any, Portable]:
    """The first settings whose networks the weights fill. Raises ForeignFileError by the closest ones."""
    found: list[tuple[int, str]] = []
    refused: UnsupportedTaskError | None = None
    told = foreign.told("agent_config") if foreign.origin.get("agent") == agent else {}
    for guess in portable_class(agent).guesses(task):
        known = {key: told[key] for key in guess if key in told}
        tried = {**guess, **known, **settings}
        config = msgspec.convert(tried, config_class(agent))
        try:
            portable = make_portable(agent, task, config)
        except UnsupportedTaskError as error:
            refused = error
            continue
        wrong = problems(portable.slots(), foreign.tensors)
        if not wrong:
            return config, portable
        words = ", ".join(f"{key} {tried[key]}" for key in guess)
        found.append((len(wrong), f"with {words}: {'; '.join(wrong[:3])}"))
    if not found:
        raise refused or ForeignFileError(f"agent {agent} has no policy for this task")
    raise ForeignFileError(f"{foreign.path} does not fit agent {agent} on this task; closest {min(found)[1]}")


def _arguments(model: Mapping[str, Any]) -> dict[str, Any]:
    """The readable part of the model's ``policy_kwargs``; empty for files that say nothing of theirs."""
    if not model:
        return {}
    arguments = model.get("policy_kwargs")
    return {"use_sde": model.get("use_sde", False), **(arguments if isinstance(arguments, dict) else {})}
