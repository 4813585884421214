"""Runs that learn from a recorded set: what they take over from it, and how its passes become a budget."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents.bc.config import NO_SET
from agents.demonstrations import DemonstrationsError, DemonstrationSet
from agents.registry import AGENTS
from carracing.task import task_spec
from racetui.config import ConfigError
from racetui.spec import RunSpec

EPOCHS = 10
"""Passes over the set where nobody says how long to learn."""


def with_task_of_set(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with the set's task wherever it names none of its own. Raises ConfigError for a broken set."""
    demonstrations = _opened(document)
    if demonstrations is None:
        return dict(document)
    task = document.get("task") or {}
    if not isinstance(task, Mapping):
        return dict(document)  # load_spec says what is wrong
    return {**document, "task": {**demonstrations.header.task, **task}}


def budget_of(document: Mapping[str, Any], epochs: int | None) -> dict[str, Any]:
    """The document with a budget of so many passes where it has none. Raises ConfigError where they do not go."""
    demonstrations = _opened(document)
    if demonstrations is None:
        if epochs is not None:
            raise ConfigError(
                f"--epochs counts passes over a recorded set, which agent {document.get('agent')} has not"
            )
        return dict(document)
    budget = document.get("budget")
    if epochs is None and budget:
        return dict(document)
    if epochs is not None and budget and budget.get("steps"):
        raise ConfigError("--epochs and --steps are the same limit in other units: give one of them")
    steps = (EPOCHS if epochs is None else epochs) * len(demonstrations)
    return {**document, "budget": {**(budget or {}), "steps": steps}}


def check_set(spec: RunSpec) -> None:
    """Raise ConfigError unless the set that the run learns from is whole and of the run's task."""
    if AGENTS[spec.agent].offline and spec.budget.episodes:
        raise ConfigError(f"budget.episodes: {spec.agent} drives no episodes that could be counted: use --epochs")
    if AGENTS[spec.agent].offline and spec.agent_config is not None:
        if not spec.agent_config.demos:
            raise ConfigError(NO_SET)
        try:
            _open(spec.agent_config.demos, spec.task.stack).check_task(task_spec(spec.task))
        except DemonstrationsError as error:
            raise ConfigError(f"agent_config.demos: {error}") from None


def _opened(document: Mapping[str, Any]) -> DemonstrationSet | None:
    """The set that the document's agent learns from; None where it learns otherwise, or names none."""
    entry = AGENTS.get(str(document.get("agent")))
    settings = document.get("agent_config") or {}
    if entry is None or not entry.offline or not isinstance(settings, Mapping) or not settings.get("demos"):
        return None
    try:
        return _open(str(settings["demos"]), 1)
    except DemonstrationsError as error:
        raise ConfigError(f"agent_config.demos: {error}") from None


def _open(directory: str, stack: int) -> DemonstrationSet:
    return DemonstrationSet(Path(directory).expanduser(), stack)
