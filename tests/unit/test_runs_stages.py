"""Stages in the run store: what a trainer writes is what readers see, and what follows for progress and time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from racetui.cli.stages import NO_SPEED_UP, stages_document, stages_text
from racetui.counters import Counters
from racetui.runs.model import EvaluationRow, RunState, StageRow
from racetui.runs.reader import RunReader
from racetui.runs.stages import stages_eta, stages_progress
from racetui.runs.writer import RunWriter
from tests.runs import new_run

NOTHING = Counters()
DEMOS = StageRow(1, "demos", "demos", 1, RunState.QUEUED, None, None, NOTHING, NOTHING, 0.0, 100.0, 50.0)
PPO = replace(DEMOS, number=2, name="ppo", kind="training", workers=2, one_core_rate=10.0, planned_seconds=150.0)


def over(stage: StageRow, frames: int, seconds: float) -> StageRow:
    return replace(
        stage, state=RunState.FINISHED, started=1.0, done=Counters(frames, frames // 4, seconds=seconds), share=1.0
    )


def test_stages_are_in_the_state_of_their_run_while_they_go_on() -> None:
    paths = new_run()
    with RunWriter(paths) as writer, RunReader(paths) as reader:
        assert reader.summary().stages == ()
        writer.identify()
        writer.stages.plan([DEMOS, PPO])
        assert reader.summary().stages == (DEMOS, PPO)
        writer.set_state(RunState.RUNNING)
        writer.stages.begin(1, NOTHING)
        writer.stages.progress(1, Counters(frames=2000, steps=500, seconds=10.0), 0.5)
        run = reader.summary()
        assert run.stage == run.stages[0]
        assert (run.stages[0].state, run.stages[1].state) == (RunState.RUNNING, RunState.QUEUED)
        assert run.progress == pytest.approx(0.5 * 50 / 200)
        assert run.eta_seconds == pytest.approx(10 + 150)
        writer.set_state(RunState.PAUSED)
        assert reader.summary().stages[0].state is RunState.PAUSED
        writer.stages.finish(1)
        start = Counters(4000, 1000, 0, 0, 20.0)
        writer.stages.begin(2, start)
        writer.set_state(RunState.STOPPED, "by cli")
        run = reader.summary()
        assert [stage.state for stage in run.stages] == [RunState.FINISHED, RunState.STOPPED]
        assert (run.stage, run.stages[1].start, run.eta_seconds) == (run.stages[1], start, None)
        writer.stages.finish(2)
        assert (reader.summary().stage, reader.summary().progress) == (None, 1.0)
        writer.stages.reopen(2)
        assert [stage.state for stage in reader.summary().stages] == [RunState.FINISHED, RunState.STOPPED]


def test_progress_and_time_left_without_estimates() -> None:
    unknown = [replace(stage, planned_seconds=None) for stage in (over(DEMOS, 100, 5.0), PPO)]
    assert stages_progress(unknown) == 0.5
    assert stages_eta(unknown) is None
    assert stages_eta([unknown[0]]) == 0
    going = replace(PPO, state=RunState.RUNNING, done=Counters(seconds=30.0), share=0.25, planned_seconds=None)
    assert stages_eta([going]) == 90, "its own pace is known"


def test_the_report_has_speed_ups_of_what_was_measured() -> None:
    results = {
        "mean": 912.3,
        "std": 4.0,
        "min": 880.0,
        "p10": 900.0,
        "finish_rate": 1.0,
        "missed_tiles": 0.5,
        "lap_frames": 700.0,
        "returns": [912.3, 912.3],
        "frames": [700, 700],
        "seconds": 3.0,
    }
    score = EvaluationRow(1, 4000, "score", "finished", "", 2, 2_000_000, True, "fast", 1.0, 2.0, results)
    stages = [over(DEMOS, 2000, 20.0), over(PPO, 2000, 100.0)]
    text = stages_text(stages, [score])
    assert text.splitlines()[1].split()[-4:] == ["50s", "20s", "20s", "1.00"]
    assert text.splitlines()[2].split()[-4:] == ["2m30s", "1m40s", "3m20s", "2.00"]
    assert "2m00s at work; at the speeds measured on one core it would be 3m40s: 1.83 times as fast" in text
    assert NO_SPEED_UP in text
    assert "score of the checkpoint at 4,000 frames: mean 912.3 ± 4.0 over 2 tracks, min 880.0, p10 900.0" in text
    assert text.endswith("that checkpoint is of ppo")
    clone = replace(over(PPO, 4000, 50.0), name="bc")
    both = stages_text([stages[0], clone, replace(stages[1], start=Counters(4000))], [score])
    assert "of bc: ppo came to nothing better in the evaluations beside training, so it was kept" in both
    document = stages_document(stages, [score])
    assert [stage["speed_up"] for stage in document["stages"]] == [1.0, 2.0]
    assert document["stages"][1]["frames_per_second"] == 20
    assert document["score"]["p10"] == 900.0
    assert stages_document((), [score]) == {}
    unmeasured = [replace(stage, one_core_rate=None) for stage in stages]
    assert "no speed-up is known" in stages_text(unmeasured, [])
