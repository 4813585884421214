"""A run's life on the real CarRacing-v3, through the command line: paused, stopped, killed, resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.watch.lease import Lease, renew
from tests.program import RACETUI, TINY, racetui, show, started, until

pytestmark = pytest.mark.timeout(240)

ROUNDS = 16
FRAMES = ROUNDS * 64 * 4
LONG = ("--frames", "100M")


def paths_of(home: Path, run: str) -> RunPaths:
    return RunPaths(home / "runs" / run)


def state_of(home: Path, run: str) -> str:
    with RunReader(paths_of(home, run)) as reader:
        return reader.summary().state.value


def until_trained(home: Path, run: str, frames: int = 1) -> Any:
    def trained() -> Any:
        with RunReader(paths_of(home, run)) as reader:
            summary = reader.summary()
        assert not summary.state.ended, summary  # it was to go on: psutil takes no number for this very process
        return summary.frames >= frames and summary

    return until(trained, what=f"{frames} frames of run {run}")


def final(home: Path, run: str) -> tuple[bytes, dict[str, Any]]:
    """The last checkpoint: its tensors, bit for bit, and everything else but the time it took."""
    checkpoints = paths_of(home, run).checkpoints
    directory = checkpoints / (checkpoints / "LATEST").read_text().strip()
    manifest = json.loads((directory / "manifest.json").read_text())
    del manifest["counters"]["seconds"]
    for changing in ("time", "reason", "sha256"):
        manifest.pop(changing, None)
    return (directory / "tensors.safetensors").read_bytes(), manifest


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, dict[str, Any]]:
    """What a run comes to when nothing happens to it; the others must come to the same."""
    home = tmp_path_factory.mktemp("undisturbed")
    result = racetui("train", *TINY, "--frames", str(FRAMES), "--json", RACETUI_HOME=str(home), OMP_NUM_THREADS="1")
    assert result.code == 0, result.err
    summary = result.json
    assert (summary["state"], summary["agent"], summary["collector"]) == ("finished", "ppo", "async")
    assert summary["frames"] >= FRAMES
    assert summary["return_mean"] is not None
    assert list((home / "runs" / "1" / "tb").glob("events*"))
    return final(home, "1")


def test_pause_checkpoint_resume_stop_and_resume_to_the_same_end(
    store_home: Path, undisturbed: tuple[bytes, dict[str, Any]]
) -> None:
    run = started("--frames", str(FRAMES))
    lent = paths_of(store_home, run).weights
    until(lambda: _watched(store_home, run) and lent.exists(), what="its weights are lent to who watches")
    until_trained(store_home, run)
    assert racetui("pause", run).code == 0
    paused = show(run)
    assert paused["state"] == "paused"
    assert racetui("pause", run).code == 1  # it is paused already, and says so
    saved = racetui("checkpoint", run, "--json")
    assert saved.json["checkpoint_frames"] == paused["frames"] > 0
    assert show(run)["frames"] == paused["frames"]
    assert racetui("resume", run).code == 0
    stopped = racetui("stop", run, "--now", "--json")
    assert stopped.code == 0, stopped.err
    assert stopped.json["state"] == "stopped"
    assert stopped.json["checkpoint_frames"] == stopped.json["frames"] < FRAMES
    assert not lent.exists()
    assert racetui("train", "--resume", run).code == 0
    assert final(store_home, run) == undisturbed


def _watched(home: Path, run: str) -> bool:
    renew(paths_of(home, run), Lease("training"))
    return True


def test_killed_trainer_shows_as_crashed_leaves_no_worker_and_resumes_to_the_same_end(
    store_home: Path, undisturbed: tuple[bytes, dict[str, Any]]
) -> None:
    run = started("--frames", str(FRAMES), "--checkpoint-every", "256")
    until(lambda: show(run)["checkpoint_frames"], what="a checkpoint")
    trainer = psutil.Process(until_trained(store_home, run).pid)
    children = trainer.children(recursive=True)
    assert children
    trainer.kill()
    until(lambda: state_of(store_home, run) == "crashed", what="crashed")
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive
    waited = racetui("wait", run)
    assert waited.code == 1
    assert "crashed" in waited.out
    resumed = racetui("train", "--resume", run)
    assert resumed.code == 0, resumed.err
    assert final(store_home, run) == undisturbed


def test_killed_worker_is_named_and_replaced_and_changes_nothing(
    store_home: Path, undisturbed: tuple[bytes, dict[str, Any]]
) -> None:
    run = started("--frames", str(FRAMES))
    until_trained(store_home, run)
    workers = [process for process in _descendants(until_trained(store_home, run).pid) if _is_worker(process)]
    assert len(workers) == 2
    workers[0].kill()
    assert racetui("wait", run).code == 0
    incidents = [event["text"] for event in show(run)["events"] if event["kind"] == "worker"]
    assert len(incidents) == 1
    assert str(workers[0].pid) in incidents[0]
    assert "replaced" in incidents[0]
    assert final(store_home, run) == undisturbed


def test_sigterm_stops_with_a_checkpoint(store_home: Path) -> None:
    run = started(*LONG)
    summary = until_trained(store_home, run)
    os.kill(summary.pid, signal.SIGTERM)
    assert racetui("wait", run).code == 0
    stopped = show(run)
    assert stopped["state"] == "stopped"
    assert stopped["checkpoint_frames"] == stopped["frames"] > 0


def test_kill_is_the_third_rung(store_home: Path) -> None:
    run = started(*LONG)
    pid = until_trained(store_home, run).pid
    family = [psutil.Process(pid), *_descendants(pid)]
    killed = racetui("stop", run, "--kill", "--json")
    assert killed.code == 0, killed.err
    assert killed.json["state"] == "stopped"
    assert "kill" in killed.json["detail"]
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive
    assert racetui("stop", run).code == 1  # nothing left to stop


def test_killed_evaluation_is_named_and_training_goes_on(store_home: Path) -> None:
    run = started(*LONG, "--eval-every", "256", "--set", "evaluation.episodes=50")
    pid = until_trained(store_home, run).pid
    evaluation = until(lambda: [p for p in _descendants(pid) if _is_evaluation(p)], what="an evaluation")[0]
    evaluation.kill()

    def named() -> bool:
        return any("signal 9" in event["text"] for event in show(run)["events"] if event["kind"] == "evaluation")

    until(named, what="an event that names the killed evaluation")
    failed = [row for row in show(run)["evaluations"] if row["state"] == "failed"]
    assert "signal 9" in failed[0]["detail"]
    frames = show(run)["frames"]
    until_trained(store_home, run, frames + 256)
    assert racetui("stop", run, "--now").code == 0


def test_hangup_of_the_foreground_leaves_the_run_and_ctrl_c_stops_it(store_home: Path) -> None:
    command = [*RACETUI, "train", *TINY, *LONG]
    foreground = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    until(lambda: (store_home / "runs" / "1" / "run.db").exists(), what="the run")
    until_trained(store_home, "1")
    foreground.send_signal(signal.SIGHUP)
    foreground.communicate(timeout=30)
    until_trained(store_home, "1", show("1")["frames"] + 256)
    assert racetui("stop", "1").code == 0

    foreground = subprocess.Popen([*RACETUI, "train", "--resume", "1"], stderr=subprocess.PIPE, text=True)
    until(lambda: state_of(store_home, "1") == "running", what="running")
    foreground.send_signal(signal.SIGINT)
    _, told = foreground.communicate(timeout=60)
    assert foreground.returncode == 130
    assert "stopping with a checkpoint" in told
    assert state_of(store_home, "1") == "stopped"


def test_periodic_evaluation_keeps_best_and_last(store_home: Path) -> None:
    result = racetui(
        *("train", *TINY, "--frames", str(FRAMES), "--eval-every", "512", "--checkpoint-every", "256"),
        *("--set", "evaluation.episodes=1", "--json"),
        timeout=180,
    )
    assert result.code == 0, result.err
    run = show("1")
    finished = [row for row in run["evaluations"] if row["state"] == "finished"]
    assert finished[-1]["frames"] == run["frames"]
    assert len({row["frames"] for row in finished}) == len(finished)  # none twice
    assert run["best_mean"] == max(row["results"]["mean"] for row in finished)
    tags = {tag for row in run["checkpoints"] for tag in row["tags"]}
    assert tags == {"latest", "best"}
    kept = sorted(int(path.name) for path in paths_of(store_home, "1").checkpoints.iterdir() if path.is_dir())
    assert kept == sorted(row["frames"] for row in run["checkpoints"])
    assert len(kept) <= 4, "latest, best, and the two before the latest"


def test_training_that_diverges_fails_with_advice(store_home: Path) -> None:
    result = racetui(
        "train", *TINY, *LONG, "--set", "agent.value_coefficient=1e38", "--set", "agent.normalise_rewards=false"
    )
    assert result.code == 1
    assert "learning_rate" in result.err
    assert state_of(store_home, "1") == "failed"
    assert not list(paths_of(store_home, "1").checkpoints.glob("[0-9]*"))


def _descendants(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _is_evaluation(process: psutil.Process) -> bool:
    return "racetui.evaluation" in _command(process)


def _is_worker(process: psutil.Process) -> bool:
    """Env workers are forks of the fork server, which is a child of the trainer."""
    parent = process.parent()
    return parent is not None and "forkserver" in _command(parent)
