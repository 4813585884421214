"""Other environments than CarRacing in a run's configuration: looked up, looked at, and written into it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from carracing.environments.finding import found
from carracing.environments.task import EnvTask, UnknownEnvironmentError, UnsupportedSpacesError, task_class
from carracing.registry import EVERY_BACKEND, LIBRARIES
from carracing.task import TaskConfig
from profiles.strict import DocumentError, convert
from racetui.config import ConfigError

OWN = "CarRacing-v3"
"""What a run drives where nobody names an environment; asked of Gymnasium by this id, it is that."""


def with_environment(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with all that is to be known of the environment that it names; another's is left as it is.

    Makes the environment once, and loads Gymnasium for it. Raises ConfigError.
    """
    task, backend = document.get("task"), document.get("backend")
    if task_class(task) is not EnvTask or not isinstance(task, Mapping):
        return dict(document)
    library = backend or task.get("library") or LIBRARIES[0]
    if library not in LIBRARIES and library in EVERY_BACKEND:
        raise ConfigError(
            f"backend {library} simulates CarRacing alone: for env {task['env']} use {' or '.join(LIBRARIES)}"
        )
    if task["env"] == OWN and library == LIBRARIES[0] and not task.get("options"):
        return {**document, "task": {key: value for key, value in task.items() if key not in ("env", "library")}}
    _refuse_rules(task)
    try:
        known = found(convert({**task, "library": library, "spaces": None}, EnvTask, "env", path="task"))
    except (DocumentError, UnknownEnvironmentError, UnsupportedSpacesError) as error:
        raise ConfigError(str(error)) from None
    return {"name": _name(document.get("agent"), known.env), **document, "backend": library, "task": asdict(known)}


def _refuse_rules(task: Mapping[str, Any]) -> None:
    """Raise ConfigError for rules that only CarRacing has."""
    own = {field.name for field in fields(EnvTask)}
    theirs = [field.name for field in fields(TaskConfig) if field.name in task and field.name not in own]
    if theirs:
        rest = ", ".join(f"task.{key}" for key in sorted(own - {"spaces", "library"}))
        raise ConfigError(f"task.{theirs[0]} is for CarRacing, and {task['env']} does not have it: it takes {rest}")


def _name(agent: object, env: str) -> str:
    short = re.sub(r"[^A-Za-z0-9._-]+", "-", re.split(r"[:/]", env)[-1])
    return f"{agent}-{short}"[:64]
