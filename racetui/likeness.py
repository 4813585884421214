"""Runs like another one: its whole configuration beneath what is asked for, without what no longer fits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from carracing.registry import OBSERVED
from carracing.task import TRAINING_ONLY
from profiles.strict_yaml import parse_yaml
from racetui.config import ConfigError, dump_spec
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.spec import RunSpec

_SPREAD = ("lanes", "cars", "workers", "threads")
"""Numbers that were planned together for a collector, a simulator and a profile."""
_SIMULATED = (*TRAINING_ONLY, "lap_rule")
"""Keys of a task that not every backend can have."""
_SEEN = ("network", "precision", "replay", "init_from", "freeze_encoder", "spread", "value_warmup", "pull")
"""Settings of agents that go with what they see."""


def document_like(named: str) -> dict[str, Any]:
    """The configuration of a run, complete. Raises RunNotFound, StoreError."""
    return document_of(RunReader(RunStore().find(named)).spec())


def document_of(spec: RunSpec) -> dict[str, Any]:
    """A run's configuration as a file for ``--config`` would have it."""
    document = parse_yaml(dump_spec(spec), spec.name)
    if not isinstance(document, dict):
        raise TypeError("a run's configuration has keys")
    return document


def beneath(other: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """``document`` with what another run's says wherever it says nothing itself.

    Of that is left out what was planned or chosen for a collector, backend or observation that is now another, so
    that it is planned anew. Raises ConfigError for another agent, whose settings are others.
    """
    if document.get("agent") not in (None, other["agent"]):
        raise ConfigError(
            f"the run to be like is of agent {other['agent']}, whose settings are not {document['agent']}'s: "
            f"leave out --like, or the agent"
        )
    kept = _still_fitting(other, document)
    result = dict(document)
    for key, value in kept.items():
        mine = result.get(key)
        if key == "budget" and mine:
            continue  # limits of two budgets would add up
        result[key] = {**value, **mine} if isinstance(value, dict) and isinstance(mine, Mapping) else (mine or value)
    return result


def _still_fitting(other: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: dict(value) if isinstance(value, dict) else value for key, value in other.items()}
    numbers, task = _mapping(document.get("collector_config")), _mapping(document.get("task"))
    changed = {key for key in ("collector", "backend", "profile") if document.get(key) not in (None, other[key])}
    if changed or any(key in numbers for key in _SPREAD):
        kept.pop("threads")
        for key in _SPREAD:
            kept["collector_config"].pop(key)
    if "collector" in changed:
        kept.pop("collector_config")
    if isinstance(other["task"].get("env"), str):  # an environment that another library has is another one
        return kept
    if "backend" in changed:
        kept.pop("evaluation")
        for key in _SIMULATED:
            kept["task"].pop(key)
    was, backend = other["task"]["observation"], document.get("backend") or other["backend"]
    if task.get("observation", was) != was or was not in OBSERVED.get(str(backend), ()):
        kept["task"].pop("observation")
        kept["task"].pop("stack")
        for key in _SEEN:
            kept["agent_config"].pop(key, None)
    return kept


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
