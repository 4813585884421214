"""Starting runs, for the command line and the panel alike: from a request to a live trainer."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import platformdirs

from agents.registry import AGENTS
from carracing.registry import THREADED
from collectors.registry import COLLECTORS
from profiles import detect, load_profile, plan
from racetui.cloning import budget_of, check_set, with_task_of_set
from racetui.config import apply_overrides, dump_spec, load_spec, read_config_file
from racetui.runs.control import launch
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.spec import Budget, RunSpec


class NothingToResumeError(ValueError):
    """The run cannot go on: no checkpoint, or its budget is used up."""


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What a person asked for; None leaves the choice to the config file, then to the defaults."""

    agent: str | None = None
    collector: str | None = None
    profile: str | None = None
    backend: str | None = None
    observation: str | None = None
    seed: int | None = None
    name: str | None = None
    frames: int | None = None
    steps: int | None = None
    episodes: int | None = None
    seconds: float | None = None
    epochs: int | None = None
    """Passes over the recorded set that the agent learns from."""
    eval_every: int | None = None
    checkpoint_every: int | None = None
    config: Path | None = None
    overrides: tuple[str, ...] = ()
    """KEY=VALUE as ``--set`` takes them; they win over everything else."""


_KEYS = {
    "agent": "agent",
    "collector": "collector",
    "profile": "profile",
    "backend": "backend",
    "observation": "task.observation",
    "seed": "seed",
    "name": "name",
    "eval_every": "evaluation.every",
    "checkpoint_every": "checkpoint.every",
}
DEFAULTS = RunSpec("default")
"""What a run is where nobody asked for anything else."""
_LIMITS = ("frames", "steps", "episodes", "seconds")


def user_profiles() -> Path:
    """Where people keep profiles of their own, as YAML files; perhaps not there."""
    return platformdirs.user_config_path("racetui") / "profiles"


def build_spec(request: StartRequest) -> RunSpec:
    """Turn a request into a complete, checked spec, with lanes, workers and threads planned for this machine.

    Raises ConfigError, which names the key, and ProfileError.
    """
    document = read_config_file(request.config) if request.config else {}
    for field, key in _KEYS.items():
        value = getattr(request, field)
        if value is not None:
            _put(document, key, value)
    limits = {limit: getattr(request, limit) for limit in _LIMITS if getattr(request, limit) is not None}
    if limits:
        document["budget"] = limits
    document = apply_overrides(document, request.overrides)
    document.setdefault("agent", DEFAULTS.agent)
    document = _with_usual_settings(with_task_of_set(budget_of(document, request.epochs)))
    document.setdefault("collector", DEFAULTS.collector)
    document.setdefault("backend", DEFAULTS.backend)
    document.setdefault("name", f"{document['agent']}-{document['collector']}")
    spec = load_spec(_planned(document), str(request.config or "command line"))
    check_set(spec)
    return spec


def start_run(request: StartRequest, store: RunStore | None = None) -> RunPaths:
    """Create the run and launch its trainer as a process of its own, which outlives this one."""
    paths = (store or RunStore()).create(build_spec(request))
    launch(paths)
    return paths


def resume_run(paths: RunPaths, budget: Budget | None = None) -> None:
    """Launch the trainer of an ended run again, from its latest checkpoint; ``budget`` replaces the old one.

    Raises NothingToResumeError, RunBusy.
    """
    reader = RunReader(paths)
    summary = reader.summary()
    if summary.checkpoint_frames is None:
        raise NothingToResumeError(f"run {summary.id} has no checkpoint to resume from: start a new one")
    spec = reader.spec()
    wanted = budget or spec.budget
    done = (summary.checkpoint_frames, summary.steps, summary.episodes, summary.seconds)
    limits = (wanted.frames, wanted.steps, wanted.episodes, wanted.seconds)
    if any(limit and used >= limit for used, limit in zip(done, limits, strict=True)):
        raise NothingToResumeError(
            f"run {summary.id} has used its budget ({summary.checkpoint_frames:,} frames): give it more, "
            f"for example --frames {summary.checkpoint_frames * 2}"
        )
    if budget is not None:
        _replace_text(paths.spec, dump_spec(replace(spec, budget=budget)))
    launch(paths, resume=True)


def command_line(request: StartRequest) -> str:
    """The ``racetui train`` line that does the same."""
    words = ["racetui", "train"]
    for field in fields(request):
        value = getattr(request, field.name)
        if value is None or field.name == "overrides":
            continue
        option = "duration" if field.name == "seconds" else field.name.replace("_", "-")
        words += [f"--{option}", f"{value:g}s" if field.name == "seconds" else str(value)]
    for override in request.overrides:
        words += ["--set", override]
    return shlex.join(words)


def _with_usual_settings(document: dict[str, Any]) -> dict[str, Any]:
    """The document with what its agent usually goes with, where it does not say otherwise."""
    entry = AGENTS.get(str(document["agent"]))
    for key, value in (entry.usual if entry else {}).items():
        section, _, last = key.rpartition(".")
        place = document.get(section) or {} if section else document
        if isinstance(place, dict) and place.get(last) is None:
            _put(document, key, value)
    return document


def _planned(document: dict[str, Any]) -> dict[str, Any]:
    """The document with lanes, workers and threads decided; what is wrong with it is left to ``load_spec``."""
    given = document.get("collector_config") or {}
    profile = document.setdefault("profile", DEFAULTS.profile)
    if document["collector"] not in COLLECTORS or not isinstance(given, dict) or not isinstance(profile, str):
        return document
    lanes, workers = given.get("lanes"), given.get("workers")
    if not all(value is None or type(value) is int for value in (lanes, workers)):
        return document
    batched = document["backend"] in THREADED
    preset = load_profile(profile, extra=user_profiles())
    planned = plan(preset, detect(), document["collector"], lanes, workers, batched)
    decided = {"lanes": planned.lanes, "workers": planned.workers, "threads": planned.simulator_threads}
    collector = {**decided, **{key: value for key, value in given.items() if value is not None}}
    return document | {"collector_config": collector, "threads": document.get("threads") or planned.threads}


def _put(document: dict[str, Any], key: str, value: Any) -> None:
    *sections, last = key.split(".")
    for section in sections:
        if document.get(section) is None:
            document[section] = {}
        document = document[section]
    document[last] = value


def _replace_text(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text)
    temporary.replace(path)
