"""A pipeline on real cars, through the command line: to its end, and killed in two of its stages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import psutil
import pytest

from racetui.runs import control
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from tests.program import racetui, show, until

CLONED = (
    *("--observation", "vector", "--no-probe", "--score-episodes", "2", "--eval-every", "0", "--no-tensorboard"),
    *("--clone-set", "minibatch=64", "--clone-set", "rollout=256", "--clone-set", "replay=2000"),
    *("--clone-set", "round=20", "--clone-set", "workers=0", "--epochs", "1", "--set", "collector.lanes=4"),
)
TINY = (*CLONED, "--set", "agent.rollout=256", "--set", "agent.minibatch=64", "--set", "agent.epochs=1")
"""Options of a pipeline whose rounds take a fraction of a second."""
SHORT = (*TINY, "--episodes", "8", "--dagger-frames", "2000", "--frames", "2000", "--set", "collector=sync")
LONG = (
    *(*TINY, "--episodes", "96", "--dagger-frames", "20000", "--frames", "4000"),
    *("--set", "collector=sync", "--set", "checkpoint.every=2000"),
)


def paths_of(home: Path) -> RunPaths:
    return RunPaths(home / "runs" / "1")


def summary_of(home: Path) -> Any:
    with RunReader(paths_of(home)) as reader:
        return reader.summary()


def final(home: Path) -> bytes:
    """The last checkpoint's tensors, bit for bit."""
    checkpoints = paths_of(home).checkpoints
    return (checkpoints / (checkpoints / "LATEST").read_text().strip() / "tensors.safetensors").read_bytes()


def test_a_pipeline_from_demonstrations_to_a_score(store_home: Path) -> None:
    done = racetui("pipeline", *SHORT, "--json", timeout=110)
    assert done.code == 0, done.err
    assert re.search(r"demos: \d+ worker", done.err)
    run = done.json
    assert run["state"] == "finished"
    assert [stage["name"] for stage in run["stages"]] == ["demos", "bc", "dagger", "ppo", "score"]
    assert all(stage["state"] == "finished" and stage["share"] == 1 for stage in run["stages"])
    assert all(stage["done"]["seconds"] > 0 and stage["speed_up"] is None for stage in run["stages"])
    ends = [stage["start"]["frames"] + stage["done"]["frames"] for stage in run["stages"][:4]]
    assert [stage["start"]["frames"] for stage in run["stages"]] == [0, *ends]
    assert run["frames"] == ends[-1]
    assert len(run["score"]["returns"]) == 2
    text = racetui("show", "1").out
    assert re.search(r"dagger +finished", text)
    assert "no speed-up is known" in text
    assert f"score of the checkpoint at {run['frames']:,} frames: mean {run['score']['mean']:.1f}" in text
    refused = racetui("train", "--resume", "1")
    assert refused.code == 2
    assert "has done all its stages" in refused.err


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_in_demonstrations_and_in_cloning_it_comes_to_the_same_end(store_home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "undisturbed"
    undisturbed = racetui("pipeline", *LONG, "--json", timeout=300, RACETUI_HOME=str(elsewhere))
    assert undisturbed.code == 0, undisturbed.err
    paused_while_recording(store_home)
    control.send(paths_of(store_home), "resume")
    kill_and_resume(store_home)

    def cloned_a_while() -> bool:
        summary = summary_of(store_home)
        stage = summary.stage
        return stage is not None and stage.name == "dagger" and (summary.checkpoint_frames or 0) > stage.start.frames

    until(cloned_a_while, timeout=200, what="a checkpoint in the middle of dagger")
    kill_and_resume(store_home)
    assert racetui("wait", "1", timeout=300).code == 0
    assert final(store_home) == final(elsewhere)
    assert show("1")["score"]["returns"] == undisturbed.json["score"]["returns"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_orders_are_obeyed_while_demonstrations_are_recorded_and_more_can_be_asked_for(store_home: Path) -> None:
    paused_while_recording(store_home)
    for order in ("checkpoint", "evaluate"):
        number = control.send(paths_of(store_home), order)
        assert "demonstrations are being recorded" in control.wait_for(paths_of(store_home), number, 30).outcome
    recorded = sorted((store_home / "runs" / "1" / "demos" / "blocks").iterdir())
    assert racetui("resume", "1").code == 0
    stopped = racetui("stop", "1", "--json")
    assert stopped.code == 0, stopped.err
    assert stopped.json["state"] == "stopped"
    assert sorted((store_home / "runs" / "1" / "demos" / "blocks").iterdir()) >= recorded
    done = racetui("train", "--resume", "1", "--json", timeout=300).json
    assert done["state"] == "finished"
    more = racetui("train", "--resume", "1", "--frames", "8000", "--json", timeout=300)
    assert more.code == 0, more.err
    assert more.json["stages"][3]["done"]["frames"] >= 8000 > done["stages"][3]["done"]["frames"]
    assert [row["purpose"] for row in show("1")["evaluations"]] == ["score", "score"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_while_sac_goes_on_from_the_clone_it_comes_to_the_same_end(store_home: Path, tmp_path: Path) -> None:
    options = (
        *(*CLONED, "--agent", "sac", "--episodes", "8", "--dagger-frames", "2000", "--frames", "12000"),
        *("--set", "agent.warmup=200", "--set", "agent.value_warmup=50", "--set", "agent.batch=16"),
        *("--set", "collector=sync", "--set", "checkpoint.every=2000"),
    )
    elsewhere = tmp_path / "undisturbed"
    undisturbed = racetui("pipeline", *options, "--json", timeout=300, RACETUI_HOME=str(elsewhere))
    assert undisturbed.code == 0, undisturbed.err
    assert racetui("pipeline", *options, "--detach").code == 0

    def learned_a_while() -> bool:
        summary = summary_of(store_home)
        stage = summary.stage
        return (
            stage is not None and stage.name == "sac" and (summary.checkpoint_frames or 0) > stage.start.frames + 2000
        )

    until(learned_a_while, timeout=200, what="a checkpoint in the middle of sac")
    kill_and_resume(store_home)
    assert racetui("wait", "1", timeout=300).code == 0
    assert final(store_home) == final(elsewhere)
    assert show("1")["score"]["returns"] == undisturbed.json["score"]["returns"]


def paused_while_recording(home: Path) -> None:
    """Start a pipeline and pause it with some of its blocks recorded."""
    started = racetui("pipeline", *LONG, "--detach")
    assert started.code == 0, started.err
    blocks = home / "runs" / "1" / "demos" / "blocks"
    until(lambda: list(blocks.glob("00000*")), what="a recorded block")
    control.send(paths_of(home), "pause")
    assert until(lambda: summary_of(home).state.value == "paused", what="paused")
    assert summary_of(home).stage.name == "demos"


def kill_and_resume(home: Path) -> None:
    trainer = psutil.Process(summary_of(home).pid)
    children = trainer.children(recursive=True)
    trainer.kill()
    until(lambda: summary_of(home).state.value == "crashed", what="crashed")
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
    resumed = racetui("train", "--resume", "1", "--detach")
    assert resumed.code == 0, resumed.err
