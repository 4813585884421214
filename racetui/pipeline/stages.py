"""Which stages a run has, and each training among them as an ordinary run: pure functions of its spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from agents.registry import AGENTS
from collectors.api import CollectorConfig
from collectors.seeds import SeedsConfig
from racetui.counters import Counters
from racetui.pipeline.config import PREVIOUS, BCStage, DAggerStage, DemosStage, ScoreStage
from racetui.runs.model import RunState, StageRow
from racetui.spec import MAX_SEED, Budget, RunSpec


class Kind(StrEnum):
    """What is done in a stage."""

    DEMOS = "demos"
    TRAINING = "training"
    SCORE = "score"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a pipeline."""

    number: int
    """From 1."""
    name: str
    """demos, score, or the agent that learns."""
    section: DemosStage | BCStage | DAggerStage | ScoreStage | None
    """Its part of the configuration; None of the run's own training."""
    workers: int
    """Processes that drive or load; cores, of the score."""

    @property
    def kind(self) -> Kind:
        """What is done in it."""
        match self.section:
            case DemosStage():
                return Kind.DEMOS
            case ScoreStage():
                return Kind.SCORE
            case _:
                return Kind.TRAINING


@dataclass(frozen=True, slots=True)
class Given:
    """What a training takes over from the stages before it."""

    demos: str = "demos"
    """Directory of the recorded set."""
    samples: int = 1
    """How many that set has."""
    start: str = PREVIOUS
    """Directory of the checkpoint that the training before it ended with."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found out about a stage before the run; None where nothing was."""

    one_core_rate: float | None = None
    """Frames per second on one core."""
    planned_seconds: float | None = None
    """It is expected to take as planned."""


def stages_of(spec: RunSpec) -> tuple[Stage, ...]:
    """The stages of a pipeline in order; none of a run that is no pipeline."""
    pipeline = spec.pipeline
    if pipeline is None:
        return ()
    drivers = spec.collector_config.workers
    found: list[Stage] = []

    def add(name: str, section: DemosStage | BCStage | DAggerStage | ScoreStage | None, workers: int) -> None:
        found.append(Stage(len(found) + 1, name, section, workers))

    if pipeline.demos is not None:
        add("demos", pipeline.demos, pipeline.demos.workers)
    if pipeline.bc is not None:
        add("bc", pipeline.bc, pipeline.bc.agent_config.workers)
    if pipeline.dagger is not None:
        add("dagger", pipeline.dagger, drivers)
    add(spec.agent, None, drivers)
    if pipeline.score is not None:
        add("score", pipeline.score, pipeline.score.cores)
    return tuple(found)


def rows_of(spec: RunSpec, measured: Mapping[str, Measured] | None = None) -> list[StageRow]:
    """The stages of a run before its first, with what was measured of them by name."""
    rows = []
    for stage in stages_of(spec):
        found = (measured or {}).get(stage.name, Measured())
        rows.append(
            StageRow(
                *(stage.number, stage.name, stage.kind.value, stage.workers, RunState.QUEUED, None, None),
                *(Counters(), Counters(), 0.0, found.one_core_rate, found.planned_seconds),
            )
        )
    return rows


def training_spec(spec: RunSpec, name: str, given: Given | None = None) -> RunSpec:
    """The training called ``name`` as a run that knows of no others: agent, settings, task, budget, collector.

    Cloning on the road gets tracks of its own, so that what follows does not drive the same again.
    """
    pipeline, given = spec.pipeline, given or Given()
    if pipeline is None:
        return spec
    alone = replace(spec, pipeline=None)
    trainings = [stage.name for stage in stages_of(spec) if stage.kind is Kind.TRAINING]
    start = "" if name == trainings[0] else given.start
    if name == "bc" and pipeline.bc is not None:
        return replace(
            alone,
            agent="bc",
            agent_config=replace(pipeline.bc.agent_config, demos=given.demos, init_from=start),
            collector="sequential",
            collector_config=CollectorConfig(lanes=1, workers=1),
            seeds=SeedsConfig(),
            budget=Budget(steps=pipeline.bc.epochs * given.samples),
        )
    if name == "dagger" and pipeline.dagger is not None:
        return replace(
            alone,
            agent="dagger",
            agent_config=replace(pipeline.dagger.agent_config, init_from=start),
            task=replace(alone.task, **_usual_task("dagger")),
            seed=(alone.seed + 1) % (MAX_SEED + 1),
            budget=Budget(frames=pipeline.dagger.frames),
        )
    return replace(alone, agent_config=replace(alone.agent_config, init_from=start)) if start else alone


def _usual_task(agent: str) -> dict[str, Any]:
    """What the agent usually goes with, as far as it concerns the task."""
    usual = AGENTS[agent].usual
    return {key.removeprefix("task."): value for key, value in usual.items() if key.startswith("task.")}
