"""How long the stages of a pipeline will take, from speeds that were measured: pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from racetui.pipeline.stages import Measured, stages_of
from racetui.spec import Budget, RunSpec


@dataclass(frozen=True, slots=True)
class Speeds:
    """What was measured of each stage, by its name; a stage that could not be measured is missing."""

    rates: Mapping[str, float]
    """Frames per second: driven, or learned from."""
    episode_frames: Mapping[str, float]
    """Mean length of the episodes that were driven, of the stages that count episodes."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One stage; None where something was not measured."""

    name: str
    workers: int
    frames: float | None
    one_core_seconds: float | None
    planned_seconds: float | None


def estimates(spec: RunSpec, one_core: Speeds, planned: Speeds) -> list[Estimate]:
    """What each stage will take on one core and as planned. Starting processes and evaluations beside training, which
    share the cores with it, are not counted."""
    found = []
    for stage in stages_of(spec):
        frames = _frames_of(spec, stage.name, planned)
        rate, alone = planned.rates.get(stage.name), one_core.rates.get(stage.name)
        seconds = [frames / speed if frames and speed else None for speed in (alone, rate)]
        found.append(Estimate(stage.name, stage.workers, frames, *seconds))
    return found


def measured(found: list[Estimate], one_core: Speeds) -> dict[str, Measured]:
    """The same as it is kept with the run."""
    return {one.name: Measured(one_core.rates.get(one.name), one.planned_seconds) for one in found}


def total(parts: list[float | None]) -> float | None:
    """Their sum; None where one of them is not known."""
    known = [part for part in parts if part is not None]
    return sum(known) if parts and len(known) == len(parts) else None


def _frames_of(spec: RunSpec, name: str, speeds: Speeds) -> float | None:
    pipeline, lap = spec.pipeline, speeds.episode_frames
    if pipeline is None:
        return None
    demos = pipeline.demos.episodes * lap["demos"] if pipeline.demos and "demos" in lap else None
    if name == "demos":
        return demos
    if name == "bc" and pipeline.bc:
        return None if demos is None else pipeline.bc.epochs * demos
    if name == "dagger" and pipeline.dagger:
        return float(pipeline.dagger.frames)
    if name == "score" and pipeline.score:
        usual = lap.get("demos", lap.get("score"))
        return None if usual is None else pipeline.score.episodes * usual
    return _frames_within(spec.budget, spec.task.frame_skip, speeds.rates.get(name), lap.get("demos"))


def _frames_within(budget: Budget, frame_skip: int, rate: float | None, lap: float | None) -> float | None:
    """Frames until the first limit of the budget; None where that is not known."""
    limits = (
        (budget.frames, 1.0),
        (budget.steps, float(frame_skip)),
        (budget.seconds, rate),
        (budget.episodes, lap),
    )
    found = [limit * frames if frames is not None else None for limit, frames in limits if limit]
    known = [frames for frames in found if frames is not None]
    return min(known, default=None)
