"""From what a run is to how it spreads over a machine: what a plan must know of agents, tasks and simulators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from agents.bc.config import DAggerConfig
from agents.offpolicy.config import OffPolicyConfig
from agents.registry import UnknownAgentError, config_class
from agents.replay.sizes import replay_bytes
from carracing.environments.task import EnvTask, task_class
from carracing.registry import THREADED, check_backend
from carracing.task import TaskConfig, task_spec
from collectors.registry import COLLECTORS
from profiles import (
    USUAL_COLLECTOR,
    Given,
    Hardware,
    Kept,
    Measures,
    Plan,
    Profile,
    load_profile,
    plan,
    profile_names,
    within,
)
from profiles.strict import DocumentError, convert
from racetui.measured import Calibration
from racetui.spec import RunSpec
from racetui.usual import usual_task


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be planned."""

    agent: str
    backend: str
    task: TaskConfig | EnvTask
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The agent's, those that somebody gave."""


def user_profiles() -> Path:
    """Where people keep profiles of their own, as YAML files; perhaps not there."""
    return platformdirs.user_config_path("racetui") / "profiles"


def known_profiles() -> tuple[str, ...]:
    """Names of all profiles, the user's own among them."""
    return profile_names(user_profiles())


def named_profile(name: str) -> Profile:
    """A profile, the user's own rather than a preset of that name. Raises ProfileError."""
    return load_profile(name, user_profiles())


def usual_subject(agent: str, backend: str, observation: str | None = None) -> Subject:
    """A run of the agent where nobody asks for anything else. Raises UnsupportedTaskOptionError."""
    given = {} if observation is None else {"observation": observation}
    task = TaskConfig(**{**usual_task(given, backend, agent), **given})
    check_backend(backend, task)
    return Subject(agent, backend, task)


def subject_of(spec: RunSpec) -> Subject:
    """What a run's last training is, its agent's settings left out."""
    return Subject(spec.agent, spec.backend, spec.task)


def usual_collector(profile: object) -> str:
    """What to collect with under the named profile, where nobody says. Raises ProfileError."""
    return _collector_of(named_profile(profile)) if isinstance(profile, str) else USUAL_COLLECTOR


def usable_cores(profile: object, hardware: Hardware) -> int:
    """Cores that the named profile uses. Raises ProfileError."""
    return within(named_profile(profile), hardware).usable_cores if isinstance(profile, str) else 1


def plan_for(
    subject: Subject,
    profile: Profile,
    hardware: Hardware,
    collector: str = "",
    given: Given | None = None,
    measures: Measures | None = None,
) -> Plan:
    """Plan a run by what was measured here; without a collector, the profile's. Raises PlanError, DocumentError."""
    batched = subject.backend in THREADED
    return plan(profile, hardware, collector or _collector_of(profile), given, batched, _kept(subject), measures)


def measures_of(calibration: Calibration | None) -> Measures:
    """What plans use of a calibration; hybrid's workers do what those of async do."""
    if calibration is None:
        return Measures()
    sizes = {name: size for name, size in calibration.worker_bytes.items() if size > 0}
    if "async" in sizes:
        sizes["hybrid"] = sizes["async"]
    return Measures(sizes, calibration.best_threads)


def with_plan(document: dict[str, Any], hardware: Hardware, measures: Measures | None = None) -> dict[str, Any]:
    """A run's configuration with the numbers of its plan, where it says nothing itself.

    ``agent``, ``backend``, ``collector`` and ``profile`` it must have said. What is wrong with it is left to others
    to complain of. Raises ProfileError, PlanError.
    """
    given, settings = document.get("collector_config") or {}, document.get("agent_config") or {}
    collector, profile = str(document["collector"]), document["profile"]
    mappings = all(isinstance(section, dict) for section in (given, settings, document.get("memory") or {}))
    if collector not in COLLECTORS or not mappings or not isinstance(profile, str):
        return document
    asked = {key: given.get(key) for key in ("lanes", "cars", "workers")}
    if not all(value is None or type(value) is int for value in asked.values()):
        return document
    preset = named_profile(profile)
    try:
        task = convert(document.get("task"), task_class(document.get("task")), "task")
        subject = Subject(str(document["agent"]), str(document["backend"]), task, settings)
        numbers = Given(**asked, cluster=bool(given.get("ray_address")))
        planned = plan_for(subject, preset, hardware, collector, numbers, measures)
    except (DocumentError, UnknownAgentError):
        return document
    return _merged(document, planned, 0.0 if preset.memory == "auto" else preset.memory)


def _collector_of(profile: Profile) -> str:
    return USUAL_COLLECTOR if profile.collector == "auto" else profile.collector


def _merged(document: dict[str, Any], planned: Plan, limit: float) -> dict[str, Any]:
    numbers = {
        "lanes": planned.lanes,
        "cars": planned.cars,
        "workers": planned.workers,
        "threads": planned.simulator_threads,
    }
    memory = {"memory": {"limit": limit} | _given(document.get("memory"))} if limit else {}
    settings: dict[str, Any] = {} if planned.replay is None else {"replay": planned.replay}
    if planned.device != "auto":
        settings["device"] = planned.device
    return document | {
        "collector_config": numbers | _given(document.get("collector_config")),
        "agent_config": settings | _given(document.get("agent_config")),
        "threads": document.get("threads") or planned.threads,
        **memory,
    }


def _given(section: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (section or {}).items() if value is not None}


def _kept(subject: Subject) -> Kept | None:
    """What the agent keeps in memory to learn from again. Raises DocumentError for settings there are not."""
    config = convert(dict(subject.settings), config_class(subject.agent), "agent_config")
    task = task_spec(subject.task)
    if isinstance(config, OffPolicyConfig):
        if config.replay_directory:
            return None
        usual = config.sizes(task).replay
    elif isinstance(config, DAggerConfig):
        usual = config.replay
    else:
        return None
    return Kept(usual, replay_bytes(task, usual) / usual, usual if subject.settings.get("replay") else None)
