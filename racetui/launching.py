"""Starting runs, for the command line and the panel alike: from a request to a live trainer."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from agents.registry import AGENTS
from carracing.environments.task import EnvTask, task_class
from carracing.task import TaskConfig
from collectors.ray_session import check_cluster, check_ray
from collectors.registry import check_config
from profiles import detect
from racetui.cloning import budget_of, check_set, with_task_of_set
from racetui.config import ConfigError, apply_overrides, dump_spec, load_spec, read_config_file
from racetui.environment import with_environment
from racetui.fitness import check_agent
from racetui.init_from import start_checkpoint
from racetui.likeness import beneath, document_like
from racetui.measured import read_knowledge
from racetui.pipeline.building import check_stages, with_usual_stages
from racetui.pipeline.config import PREVIOUS
from racetui.pipeline.stages import Measured, rows_of, stages_of
from racetui.pipeline.workers import plan_workers
from racetui.planning import measures_of, usable_cores, usual_collector, with_plan
from racetui.presets import with_preset
from racetui.queueing import in_turn, queue_limits
from racetui.runs.errors import NotWritable
from racetui.runs.launch import launch
from racetui.runs.limits import used_up
from racetui.runs.model import RunSummary
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.runs.writer import RunWriter
from racetui.spec import Budget, RunSpec
from racetui.usual import usual_task, with_usual


class NothingToResumeError(ValueError):
    """The run cannot go on: no checkpoint, or its budget is used up."""


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What a person asked for; None leaves the choice to the config file, then to the defaults."""

    agent: str | None = None
    collector: str | None = None
    profile: str | None = None
    env: str | None = None
    """Another environment than CarRacing, by its id."""
    backend: str | None = None
    observation: str | None = None
    lanes: int | None = None
    cars: int | None = None
    workers: int | None = None
    seed: int | None = None
    seeds: str | None = None
    """A strategy; curriculum with its episodes, as curriculum:200."""
    seed_base: int | None = None
    select: str | None = None
    name: str | None = None
    frames: int | None = None
    steps: int | None = None
    episodes: int | None = None
    seconds: float | None = None
    epochs: int | None = None
    """Passes over the recorded set that the agent learns from."""
    eval_every: int | None = None
    checkpoint_every: int | None = None
    preset: str | None = None
    """Settings by name, beneath those of the config file."""
    config: Path | None = None
    overrides: tuple[str, ...] = ()
    """KEY=VALUE as ``--set`` takes them; they win over everything else."""
    like: str | None = None
    """A run whose settings lie beneath all others, as people name it."""
    now: bool = False
    """Start at once, though other runs take what it needs."""


_KEYS = {
    "agent": "agent",
    "collector": "collector",
    "profile": "profile",
    "env": "task.env",
    "backend": "backend",
    "observation": "task.observation",
    "lanes": "collector_config.lanes",
    "cars": "collector_config.cars",
    "workers": "collector_config.workers",
    "seed": "seed",
    "seed_base": "seeds.seed_base",
    "select": "collector_config.select",
    "name": "name",
    "eval_every": "evaluation.every",
    "checkpoint_every": "checkpoint.every",
}
DEFAULTS = RunSpec("default", task=TaskConfig(**usual_task({}, RunSpec("default").backend)))
"""What a run is where nobody asked for anything else."""
IMPORTED = "import"
"""Why a checkpoint was written that another program's file was taken over into."""
_LIMITS = ("frames", "steps", "episodes", "seconds")


def build_spec(request: StartRequest, stages: Mapping[str, Any] | None = None) -> RunSpec:
    """Turn a request into a complete, checked spec, with lanes, workers and threads planned for this machine.

    ``stages`` is the section ``pipeline`` where the request's file has none. Raises ConfigError, which names the
    key, ProfileError, PlanError and CollectorConfigError.
    """
    document, machine = _asked_for(request, stages), detect()
    document.setdefault("agent", DEFAULTS.agent)
    profile = document.setdefault("profile", DEFAULTS.profile)
    if document.get("pipeline") is not None:
        document = with_usual_stages(document, plan_workers(usable_cores(profile, machine)))
    document = with_environment(document)
    document = _with_usual_settings(with_task_of_set(budget_of(document, request.epochs)))
    document.setdefault("backend", DEFAULTS.backend)
    document.setdefault("collector", usual_collector(profile))
    document.setdefault("name", f"{document['agent']}-{document['collector']}")
    hardware = machine if request.now else in_turn(machine, RunStore().runs)
    queue_limits(hardware)  # what is wrong with them is said while there is no run yet
    measures = measures_of(read_knowledge(hardware).calibration)
    spec = load_spec(with_plan(_completed(document), hardware, measures), str(request.config or "command line"))
    check_agent(spec, hardware.memory_free)
    check_stages(spec, hardware.memory_free)
    check_set(spec)
    check_config(spec.collector, spec.collector_config)
    if spec.collector == "ray":
        check_ray(spec.collector_config)
    return spec


def _asked_for(request: StartRequest, stages: Mapping[str, Any] | None) -> dict[str, Any]:
    """The configuration that the request itself says, with what it names beneath. Raises ConfigError, StoreError."""
    document = read_config_file(request.config) if request.config else {}
    if request.like is not None and request.preset is not None:
        raise ConfigError("--like and --preset each say what the run is: leave one out")
    other = document_like(request.like) if request.like is not None else {}
    if request.preset is not None:
        document = with_preset(request.preset, document)
    if stages is not None and document.get("pipeline") is None:
        document["pipeline"] = dict(stages)
    for field, key in _KEYS.items():
        value = getattr(request, field)
        if value is not None:
            _put(document, key, value)
    if request.seeds is not None:
        strategy, colon, episodes = request.seeds.partition(":")
        _put(document, "seeds.strategy", strategy)
        _put(document, "seeds.curriculum", int(episodes) if episodes.isdecimal() else episodes if colon else 0)
    limits = {limit: getattr(request, limit) for limit in _LIMITS if getattr(request, limit) is not None}
    if limits:
        document["budget"] = limits
    if other and document.get("agent") is None:
        document["agent"] = other["agent"]  # whose settings the options may be about
    document = apply_overrides(document, request.overrides)
    return beneath(other, document) if other else document


def start_run(request: StartRequest, store: RunStore | None = None) -> RunPaths:
    """Create the run and launch its trainer as a process of its own, which outlives this one.

    It waits its turn where other runs take what it needs, unless it is to start now.
    """
    return start_spec(build_spec(request), store, now=request.now)


def start_spec(
    spec: RunSpec,
    store: RunStore | None = None,
    measured: Mapping[str, Measured] | None = None,
    now: bool = False,
) -> RunPaths:
    """The same for a spec that is complete, with what was measured of its stages beforehand, by their names."""
    _check_machines(spec)
    paths = (store or RunStore()).create(spec)
    if spec.pipeline is not None:
        with RunWriter(paths) as writer, writer.transaction():
            writer.stages.plan(rows_of(spec, measured))
    launch(paths, now=now)
    return paths


def resume_run(paths: RunPaths, budget: Budget | None = None, now: bool = False) -> None:
    """Launch the trainer of an ended run again, from its latest checkpoint; ``budget`` replaces the old one.

    It waits its turn as a new run does. One that never began (it was stopped, or died, before its turn) begins. A
    pipeline goes on in the stage that it was in; with a new budget, and all stages over, in its last training.
    Raises NothingToResumeError, RunBusy, NotWritable, CollectorConfigError.
    """
    reader = RunReader(paths)
    summary, spec = reader.summary(), reader.spec()
    if spec.pipeline is not None:
        _check_stages_left(summary, budget)
    elif summary.begun:
        _check_training_left(paths, reader, budget or spec.budget)
    _check_machines(spec)
    if budget is not None:
        _replace_text(paths.spec, dump_spec(replace(spec, budget=budget)))
        if summary.stages and summary.stage is None:
            training = next(stage for stage in stages_of(spec) if stage.name == spec.agent)
            with RunWriter(paths) as writer:
                writer.stages.reopen(training.number)
    launch(paths, resume=summary.begun, now=now)


def _check_machines(spec: RunSpec) -> None:
    """Raise CollectorConfigError where the other machines that the run is to use cannot be reached."""
    if spec.collector == "ray":
        check_cluster(spec.collector_config)


def _check_stages_left(summary: RunSummary, budget: Budget | None) -> None:
    if summary.stages and summary.stage is None and budget is None:
        raise NothingToResumeError(
            f"run {summary.id} has done all its stages: give its last training more, for example --frames "
            f"{2 * summary.budget.frames or summary.frames}"
        )


def _check_training_left(paths: RunPaths, reader: RunReader, wanted: Budget) -> None:
    summary = reader.summary()
    if summary.checkpoint_frames is None:
        raise NothingToResumeError(f"run {summary.id} has no checkpoint to resume from: start a new one")
    if reader.checkpoints()[-1].reason == IMPORTED:
        raise NothingToResumeError(
            f"run {summary.id} was imported and has no training to go on with: start one from it, "
            f"with --set agent.init_from={paths.checkpoints / str(summary.checkpoint_frames)}"
        )
    if used_up(summary, wanted):
        raise NothingToResumeError(
            f"run {summary.id} has used its budget ({summary.checkpoint_frames:,} frames): give it more, "
            f"for example --frames {summary.checkpoint_frames * 2}"
        )


def command_line(request: StartRequest) -> str:
    """The ``racetui train`` line that does the same."""
    words = ["racetui", "train"]
    for field in fields(request):
        value = getattr(request, field.name)
        if value is None or value is False or field.name == "overrides":
            continue
        if value is True:
            words.append(f"--{field.name}")
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
        elsewhere = section == "task" and task_class(place) is EnvTask
        if isinstance(place, dict) and place.get(last) is None and not elsewhere:
            _put(document, key, value)
    return document


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with usual values, and the checkpoint that ``init_from`` names."""
    document, settings = with_usual(document), document.get("agent_config")
    if isinstance(settings, dict) and isinstance(settings.get("init_from"), str) and settings["init_from"]:
        if settings["init_from"] == PREVIOUS and document.get("pipeline") is not None:
            return document  # there is none before the stage begins
        settings = settings | {"init_from": start_checkpoint(settings["init_from"])}
        document = document | {"agent_config": settings}
    return document


def _put(document: dict[str, Any], key: str, value: Any) -> None:
    *sections, last = key.split(".")
    for section in sections:
        if document.get(section) is None:
            document[section] = {}
        document = document[section]
    document[last] = value


def _replace_text(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.write_text(text)
        temporary.replace(path)
    except OSError as error:
        raise NotWritable(
            f"cannot write to {path}: {error.strerror}; make it writable, or copy the store and set RACETUI_HOME"
        ) from error
