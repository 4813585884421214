"""Stages of a pipeline as people and programs read them: what was expected, what they took, and the final score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from racetui import words
from racetui.cli.output import number, plain, span, table
from racetui.pipeline.estimate import Estimate, total
from racetui.pipeline.stages import Kind
from racetui.runs.model import EvaluationRow, StageRow

NO_SPEED_UP = "demos: one worker drove, as one core would, so there is no speed-up to speak of"


def estimate_text(estimates: Sequence[Estimate]) -> str:
    """What the stages will take, and all together."""
    rows = [
        (
            one.name,
            str(one.workers),
            number(one.frames, 0),
            span(one.one_core_seconds),
            span(one.planned_seconds),
        )
        for one in estimates
    ]
    alone, planned = _totals([one.one_core_seconds for one in estimates], [one.planned_seconds for one in estimates])
    rows.append(("all", "", "", span(alone), span(planned)))
    headings = ("stage", "workers", "frames", "on one core", "as planned")
    ratio = f"{alone / planned:.2f} x one core" if alone and planned else "not known"
    return (
        f"{table(headings, rows)}\n"
        f"expected speed-up: {ratio}, from speeds measured just now; starting processes and evaluations beside "
        "training come on top"
    )


def stages_text(stages: Sequence[StageRow], evaluations: Sequence[EvaluationRow]) -> str:
    """What the stages did and took, the speed-up over one core, and the score if there is one."""
    lines = [table(_HEADINGS, [_row(stage) for stage in stages])]
    began, ended = stages[0].started, stages[-1].ended
    if began is not None and ended is not None:
        lines.append(f"{span(ended - began)} by the clock, with starting processes, evaluations and pauses")
    over = [stage for stage in stages if stage.done.seconds]
    alone, took = _totals([stage.one_core_seconds for stage in over], [stage.done.seconds for stage in over])
    if alone is not None and took:
        lines.append(
            f"{span(took)} at work; at the speeds measured on one core it would be {span(alone)}: "
            f"{alone / took:.2f} times as fast"
        )
    elif over:
        lines.append("no speed-up is known: not every stage was measured on one core beforehand")
    if any(stage.kind == Kind.DEMOS and stage.workers == 1 for stage in over):
        lines.append(NO_SPEED_UP)
    if (score := score_of(evaluations)) is not None:
        lines.append(f"score of the checkpoint at {score.frames:,} frames: {scores_sentence(score.results)}")
        lines.append(_origin(stages, score.frames))
    return "\n".join(lines)


def stages_document(stages: Sequence[StageRow], evaluations: Sequence[EvaluationRow]) -> dict[str, Any]:
    """The same for programs; nothing of a run without stages."""
    if not stages:
        return {}
    score = score_of(evaluations)
    return {
        "stages": [
            plain(stage)
            | {
                "one_core_seconds": stage.one_core_seconds,
                "speed_up": stage.speed_up,
                "frames_per_second": _rate(stage.done.frames, stage),
                "steps_per_second": _rate(stage.done.steps, stage),
            }
            for stage in stages
        ],
        "score": None if score is None else {"frames": score.frames, **score.results},
    }


def score_of(evaluations: Sequence[EvaluationRow]) -> EvaluationRow | None:
    """The last evaluation of a pipeline, if it is over."""
    scores = [row for row in evaluations if row.purpose == Kind.SCORE and row.state == "finished"]
    return scores[-1] if scores else None


def scores_sentence(results: Mapping[str, Any]) -> str:
    """The scores of an evaluation in one line."""
    driven = "episode" if results["finish_rate"] is None else "track"
    parts = [
        f"mean {results['mean']:.1f} ± {results['std']:.1f} over {words.counted(len(results['returns']), driven)}",
        f"min {results['min']:.1f}",
        f"p10 {results['p10']:.1f}",
    ]
    if results["finish_rate"] is not None:
        parts.append(f"finished {results['finish_rate']:.0%}")
        parts.append(f"missed tiles {number(results['missed_tiles'], 2)}")
        parts.append(f"lap frames {number(results['lap_frames'], 0)}")
    parts.append(f"{sum(results['frames']):,} frames in {span(results['seconds'])}")
    return ", ".join(parts)


_HEADINGS = (
    "stage",
    "state",
    "workers",
    "frames",
    "frames/s",
    "samples/s",
    "expected",
    "took",
    "one core",
    "speed-up",
)


def _row(stage: StageRow) -> tuple[str, ...]:
    learns = stage.name == "bc"
    return (
        stage.name,
        stage.state.value,
        str(stage.workers),
        "-" if learns else number(stage.done.frames, 0),
        "-" if learns else number(_rate(stage.done.frames, stage), 0),
        number(_rate(stage.done.steps, stage), 0) if learns else "-",
        span(stage.planned_seconds),
        span(stage.done.seconds) if stage.started else "-",
        span(stage.one_core_seconds),
        "-" if stage.speed_up is None else f"{stage.speed_up:.2f}",
    )


def _origin(stages: Sequence[StageRow], frames: int) -> str:
    """Which stage a checkpoint is of, and what that says of those after it."""
    trainings = [stage for stage in stages if stage.kind == Kind.TRAINING]
    number = _reached_in(trainings, frames)
    later = " and ".join(stage.name for stage in trainings[number + 1 :])
    kept = f": {later} came to nothing better in the evaluations beside training, so it was kept" if later else ""
    return f"that checkpoint is of {trainings[number].name}{kept}"


def _reached_in(trainings: Sequence[StageRow], frames: int) -> int:
    """The place of the training that was at so many frames of the run."""
    begun = [place for place, stage in enumerate(trainings) if stage.started and stage.start.frames < frames]
    return begun[-1] if begun else 0


def _rate(count: int, stage: StageRow) -> float | None:
    return count / stage.done.seconds if stage.done.seconds and count else None


def _totals(alone: list[float | None], planned: list[float | None]) -> tuple[float | None, float | None]:
    return total(alone), total(planned)
