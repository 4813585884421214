"""Takes a run through its stages, from the one that it is in to the last."""

from __future__ import annotations

import logging
from dataclasses import replace

from agents.checkpoint import Checkpoint, read_pointer, resolve
from agents.demonstrations import DemonstrationSet
from carracing.registry import scoring_backend
from racetui.counters import Counters
from racetui.evaluation import EvaluationSettings
from racetui.pipeline.config import DemosStage, ScoreStage
from racetui.pipeline.recording import recording_plan
from racetui.pipeline.stages import Given, Stage, rows_of, stages_of, training_spec
from racetui.runs.model import RunState, StageRow
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.writer import RunWriter
from racetui.spec import RunSpec
from racetui.trainer.assembly import Training, assembled, attended, counters_of, warm_up_for
from racetui.trainer.evaluations import EvaluationOrder
from racetui.trainer.latest import latest_checkpoint
from racetui.trainer.loop import Attendants, wait_for_evaluations
from racetui.trainer.orders import Orders, Stop
from racetui.trainer.progress import Stopwatch
from racetui.trainer.recording import Recording
from racetui.trainer.requests import refuse_requests


class UnscoredError(RuntimeError):
    """The last evaluation of a pipeline came to no result."""


def run_stages(paths: RunPaths, writer: RunWriter, orders: Orders, spec: RunSpec) -> RunState:
    """Do what is left of the run's stages; FINISHED, or STOPPED where somebody said so.

    A stage that was begun goes on: a training from the latest checkpoint if that was saved in it, else from its
    beginning; demonstrations with the blocks that are missing; the score by driving all tracks again.
    """
    latest = _latest(paths)
    with RunReader(paths) as reader:
        rows = reader.summary().stages
    if not rows:
        writer.stages.plan(rows_of(spec))
    reached = counters_of(latest) if latest else _recorded(rows)
    with attended(paths, writer, orders, spec, reached.frames) as run:
        return _Pipeline(run, spec, reached, latest).run()


class _Pipeline:
    """The stages of one process of a run, one after the other."""

    def __init__(self, run: Attendants, spec: RunSpec, reached: Counters, latest: Checkpoint | None) -> None:
        self._run, self._spec, self._reached, self._latest = run, spec, reached, latest

    def run(self) -> RunState:
        """Do what is left."""
        writer, orders, stages = self._run.writer, self._run.orders, stages_of(self._spec)
        for stage in stages:
            row = self._row(stage)
            if row.state is RunState.FINISHED:
                continue
            orders.on_beat(self._rest)
            writer.event("info", "stage", f"stage {stage.number} of {len(stages)}: {stage.name}")
            logging.info("stage %d of %d: %s", stage.number, len(stages), stage.name)
            if not self._done(stage, row):
                orders.acknowledge_stops("ok")
                return RunState.STOPPED
            writer.stages.finish(stage.number)
        orders.acknowledge_stops("ok")
        return RunState.FINISHED

    def _done(self, stage: Stage, row: StageRow) -> bool:
        """Do the stage; False where it was stopped."""
        match stage.section:
            case DemosStage() as demos:
                return self._record(stage, row, demos)
            case ScoreStage() as score:
                return self._score(stage, score)
            case _:
                return self._train(stage, row)

    def _record(self, stage: Stage, row: StageRow, demos: DemosStage) -> bool:
        run = self._run
        run.writer.stages.begin(stage.number, Counters())
        refuse_requests(run, "demonstrations are being recorded, and kept as they are")
        plan = recording_plan(self._spec, demos, run.paths.root / "demos")
        warm_up_for(replace(self._spec, task=plan.task), run.writer, run.orders)
        if self._stopped():
            return False
        done = Recording(run, plan, demos.workers, stage.number, row.done).record()
        if done is None:
            return False
        run.writer.stages.progress(stage.number, done, 1.0)
        self._reached = done
        return True

    def _train(self, stage: Stage, row: StageRow) -> bool:
        run, begun = self._run, row.started is not None
        goes_on = begun and self._latest is not None and counters_of(self._latest).frames > row.start.frames
        start = row.start if goes_on else self._reached
        run.writer.stages.begin(stage.number, start)
        if begun and not goes_on:
            run.writer.rewind(start.frames, start.episodes)
        spec = training_spec(self._spec, stage.name, self._given())
        training = Training(spec, self._latest if goes_on else None, start, stage.number)
        self._latest = None  # a large replay is not to be kept for the sake of its counters
        with assembled(run, training) as trainer:
            state = trainer.run()
            self._reached = trainer.counters
        return state is RunState.FINISHED

    def _given(self) -> Given:
        """What has been made until now."""
        root, checkpoints = self._run.paths.root, self._run.paths.checkpoints
        start = str(resolve(checkpoints, "latest")) if read_pointer(checkpoints, "LATEST") else ""
        if self._spec.pipeline is None or self._spec.pipeline.demos is None:
            return Given(start=start)
        return Given(str(root / "demos"), len(DemonstrationSet(root / "demos", stack=1)), start)

    def _score(self, stage: Stage, score: ScoreStage) -> bool:
        """Drive unseen tracks with the best checkpoint, once all have been compared."""
        run = self._run
        refuse_requests(run, "training is over")
        run.orders.over = True
        run.writer.stages.begin(stage.number, self._reached)
        wait_for_evaluations(run.evaluations, run.writer, run.orders)
        if self._stopped():
            return False
        best_or_last = run.keeper.best, run.keeper.latest
        frames = next((found for found in best_or_last if found is not None), None)
        if frames is None:
            raise UnscoredError("there is no checkpoint to score")
        backend = score.backend or scoring_backend(self._spec.task)
        settings = EvaluationSettings(score.episodes, score.seed, backend=backend, cores=score.cores)
        watch = Stopwatch()
        run.evaluations.order(EvaluationOrder(frames, settings, "score"))
        run.evaluations.poll()
        run.orders.on_beat(lambda: self._beat(stage, watch))
        wait_for_evaluations(run.evaluations, run.writer, run.orders)
        if self._stopped():
            return False
        self._tell_score(stage)
        return True

    def _rest(self) -> None:
        """The beat while no stage has one of its own."""
        self._run.writer.show_life()
        self._run.writer.hardware(self._run.usage.sample())
        self._run.guard.look()
        self._run.keeper.poll()
        self._run.evaluations.poll()

    def _beat(self, stage: Stage, watch: Stopwatch) -> None:
        self._run.writer.stages.progress(stage.number, Counters(seconds=watch.seconds), 0.0)
        self._rest()

    def _tell_score(self, stage: Stage) -> None:
        with RunReader(self._run.paths) as reader:
            last = reader.evaluations()[-1]
        if last.purpose != "score" or last.state != "finished":
            raise UnscoredError("the last evaluation failed: see the log; resuming does it again")
        frames, seconds = sum(last.results["frames"]), last.results["seconds"]  # as of others, without its start
        done = Counters(frames=frames, episodes=last.episodes, seconds=seconds)
        self._run.writer.stages.progress(stage.number, done, 1.0)

    def _stopped(self) -> bool:
        return self._run.orders.stop is not Stop.NOT

    def _row(self, stage: Stage) -> StageRow:
        with RunReader(self._run.paths) as reader:
            return reader.summary().stages[stage.number - 1]


def _latest(paths: RunPaths) -> Checkpoint | None:
    return latest_checkpoint(paths) if read_pointer(paths.checkpoints, "LATEST") else None


def _recorded(rows: tuple[StageRow, ...]) -> Counters:
    """What was done before the first checkpoint: the demonstrations, if they are complete."""
    over = [row.done for row in rows if row.state is RunState.FINISHED]
    return over[-1] if over else Counters()
