"""A pipeline's configuration: what is usual where it says nothing, and whether every stage can be done at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents.errors import UnsupportedTaskError
from agents.registry import AGENTS
from carracing.registry import BACKENDS, check_backend, scoring_backend, scoring_task
from racetui.config import ConfigError
from racetui.evaluation.settings import EvaluationSettings
from racetui.fitness import check_agent
from racetui.pipeline.config import (
    AFTER_CLONES,
    CLONES,
    EVALUATION,
    FRAMES,
    PREVIOUS,
    SETTINGS,
    DemosStage,
    ScoreStage,
    task_after_clone,
)
from racetui.pipeline.recording import recording_plan
from racetui.pipeline.stages import stages_of, training_spec
from racetui.pipeline.workers import Workers
from racetui.spec import RunSpec

_SHARED = ("network", "distribution")
"""Settings that the agents of all stages must agree on: each takes the network of the one before it over."""


def with_usual_stages(document: Mapping[str, Any], workers: Workers) -> dict[str, Any]:
    """A run's configuration with a section ``pipeline``, completed; ``agent`` it must have said.

    What is no mapping is left as it is, for others to complain of. Raises ConfigError for an agent that no pipeline
    can end with.
    """
    stages, settings = document["pipeline"], document.get("agent_config") or {}
    evaluation, task = (document.get(section) or {} for section in ("evaluation", "task"))
    if not all(isinstance(section, Mapping) for section in (stages, settings, evaluation, task)):
        return dict(document)
    agent, cloned = str(document["agent"]), any(clone in stages for clone in CLONES)
    _check_agent(agent, cloned)
    usual_frames = FRAMES.get(agent, FRAMES["ppo"])
    result: dict[str, Any] = {"name": "pipeline", "budget": {"frames": usual_frames}, **_given(document)}
    result["evaluation"] = {**EVALUATION, **_given(evaluation)}
    if cloned:
        settings = {"init_from": PREVIOUS, **SETTINGS.get(agent, {}), **_given(settings)}
        backend = str(document.get("backend") or RunSpec("usual").backend)
        result["task"] = {**task_after_clone(agent, backend), **_given(task)}
    result["agent_config"] = settings
    result["pipeline"] = _with_workers(_with_shared(stages, settings, agent), workers)
    return result


def check_stages(spec: RunSpec, memory_free: int) -> None:
    """Raise ConfigError unless every stage can be done: by its agent, on its task, with so many bytes of memory."""
    if spec.pipeline is None:
        return
    _check_start(spec)
    for stage in stages_of(spec):
        match stage.section:
            case DemosStage() as demos:
                recording_plan(spec, demos, Path("demos"))
            case ScoreStage() as score:
                _check_score(spec, score)
            case _:
                try:
                    check_agent(training_spec(spec, stage.name), memory_free)
                except (ValueError, UnsupportedTaskError) as error:
                    raise ConfigError(f"stage {stage.name}: {error}") from None


def _check_score(spec: RunSpec, score: ScoreStage) -> None:
    backend = score.backend or scoring_backend(spec.task)
    if backend not in BACKENDS:
        raise ConfigError(f"pipeline.score.backend must be one of {', '.join(BACKENDS)}, not {backend}")
    try:
        EvaluationSettings(score.episodes, score.seed, backend=backend, cores=score.cores)
    except ValueError as error:
        raise ConfigError(f"pipeline.score: {error}") from None
    check_backend(backend, scoring_task(spec.task, backend))


def _check_agent(agent: str, cloned: bool) -> None:
    if agent in CLONES:
        raise ConfigError(f"agent {agent} clones, which is a stage before the run's own agent: choose ppo for that")
    if cloned and agent in AGENTS and agent not in AFTER_CLONES:
        raise ConfigError(f"agent {agent} cannot go on from a clone: choose {' or '.join(AFTER_CLONES)}")


def _check_start(spec: RunSpec) -> None:
    cloned = spec.pipeline is not None and (spec.pipeline.bc is not None or spec.pipeline.dagger is not None)
    if cloned and spec.agent_config.init_from != PREVIOUS:
        raise ConfigError(
            f"agent_config.init_from must be {PREVIOUS} in a pipeline that clones, not "
            f"{spec.agent_config.init_from!r}: leave it out"
        )


def _with_shared(stages: Mapping[str, Any], settings: Mapping[str, Any], agent: str) -> dict[str, Any]:
    """The stages with clones whose networks are the run's own agent's, where they say nothing."""
    shared = AFTER_CLONES.get(agent) or {key: settings[key] for key in _SHARED if key in settings}
    result = dict(stages)
    for clone in CLONES:
        stage = stages.get(clone, 0) or {}
        if clone in stages and isinstance(stage, Mapping) and isinstance(stage.get("agent_config") or {}, Mapping):
            result[clone] = {**stage, "agent_config": {**shared, **(stage.get("agent_config") or {})}}
    return result


def _with_workers(stages: dict[str, Any], workers: Workers) -> dict[str, Any]:
    """The stages with numbers of processes, where they say nothing."""
    if isinstance(demos := stages.get("demos", 0) or {}, Mapping) and "demos" in stages:
        stages["demos"] = {"workers": workers.demos, **_given(demos)}
    bc = stages.get("bc")
    if isinstance(bc, Mapping) and isinstance(bc["agent_config"], Mapping):
        stages["bc"] = {**bc, "agent_config": {"workers": workers.loaders, **_given(bc["agent_config"])}}
    if isinstance(score := stages.get("score", 0) or {}, Mapping) and "score" in stages:
        stages["score"] = {"cores": workers.cores, **_given(score)}
    return stages


def _given(section: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in section.items() if value is not None}
