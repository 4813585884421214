"""Runs of SAC and DQN through the command line: saved, killed and resumed with their replay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psutil
import pytest

from racetui.runs.control import send, wait_for
from racetui.runs.model import RunState, RunSummary
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from tests.program import racetui, until

pytestmark = pytest.mark.timeout(400)

FRAMES = 10_000
SMALL = (
    *("--set", "agent.round=64", "--set", "agent.warmup=200", "--set", "agent.batch=64", "--set", "agent.replay=900"),
    *("--set", "agent.updates_per_step=0.25", "--set", "task.early_stop=60", "--set", "collector.lanes=4"),
    *("--set", "threads=1", "--eval-every", "0", "--frames", str(FRAMES)),
)
"""Long enough that the replay is overwritten."""
RUNS = {
    "sac": ("--agent", "sac", "--observation", "vector", "--collector", "async", *SMALL),
    "dqn": ("--agent", "dqn", "--observation", "grey-fast", "--collector", "sync", *SMALL, "--set", "agent.batch=8"),
}


def final(home: Path, run: str) -> tuple[bytes, dict[str, Any]]:
    """The last checkpoint: its tensors, and the checksums of its replay in a manifest without times."""
    checkpoints = RunPaths(home / "runs" / run).checkpoints
    directory = checkpoints / (checkpoints / "LATEST").read_text().strip()
    manifest = json.loads((directory / "manifest.json").read_text())
    del manifest["counters"]["seconds"]
    for changing in ("time", "reason", "sha256"):
        manifest.pop(changing)
    assert any(name.startswith("replay/frames-") for name in manifest["files"])
    return (directory / "tensors.safetensors").read_bytes(), manifest


def started(agent: str) -> str:
    result = racetui("train", "--detach", *RUNS[agent])
    assert result.code == 0, result.err
    return result.out.strip()


def summary_of(paths: RunPaths) -> RunSummary:
    with RunReader(paths) as reader:
        return reader.summary()


def ordered(paths: RunPaths, name: str) -> str:
    return wait_for(paths, send(paths, name), 60.0).outcome


@pytest.mark.parametrize("agent", RUNS)
def test_saved_killed_and_resumed_it_comes_to_the_same_end(agent: str, store_home: Path) -> None:
    done = racetui("train", *RUNS[agent], "--name", "undisturbed", "--json")
    assert (done.code, done.json["state"]) == (0, "finished"), done.err
    undisturbed = final(store_home, done.json["id"])
    with RunReader(RunPaths(store_home / "runs" / done.json["id"])) as reader:
        assert reader.series("replay/steps").values[-1] > 800
        assert reader.series("updates").values[-1] > 150

    paths = RunPaths(store_home / "runs" / started(agent))
    until(lambda: summary_of(paths).frames >= 1200, what="updates")
    assert ordered(paths, "pause") == ordered(paths, "checkpoint") == ordered(paths, "resume") == "ok"
    psutil.Process(summary_of(paths).pid).kill()
    until(lambda: summary_of(paths).state is RunState.CRASHED, what="crashed")
    assert 1200 <= (summary_of(paths).checkpoint_frames or 0) < FRAMES
    assert racetui("train", "--resume", paths.id).code == 0
    assert final(store_home, paths.id) == undisturbed


def test_a_touched_replay_is_refused_by_name_and_its_policy_can_still_be_evaluated(store_home: Path) -> None:
    result = racetui("train", *RUNS["sac"], "--frames", "1600", "--json")
    assert result.code == 0, result.err
    paths = RunPaths(store_home / "runs" / result.json["id"])
    directory = paths.checkpoints / str(result.json["frames"])
    assert racetui("eval", paths.id, "--episodes", "1").code == 0

    file = directory / "replay" / "frames-00000.npy"
    whole = file.read_bytes()
    file.write_bytes(whole[:1000] + b"?" + whole[1001:])
    resumed = racetui("train", "--resume", paths.id, "--frames", "4000")
    assert resumed.code == 1
    assert "frames-00000.npy is not as it was written" in resumed.err
    assert sorted(entry.name for entry in paths.checkpoints.iterdir()) == [directory.name, "LATEST"]

    file.write_bytes(whole)
    paths.spec.write_text(paths.spec.read_text().replace("replay: 900", "replay: 800"))
    resumed = racetui("train", "--resume", paths.id, "--frames", "4000")
    assert resumed.code == 1
    assert "agent_config" in resumed.err and "replay 900, not 800" in resumed.err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--agent", "sac", "--set", "agent.replay=50000000"), "at its peak, and"),
        (("--agent", "dqn", "--set", "task.action=native"), "set task.action to discrete"),
        (("--agent", "sac", "--set", "task.action=discrete"), "set task.action to steer-accel or native"),
        (("--agent", "sac", "--observation", "vector", "--set", "agent.network=nature"), "network nature"),
        (("--agent", "dqn", "--set", "agent.epsilon_end=2.0"), "epsilon_end"),
        (("--agent", "dqn", "--set", "agent.shift=4"), "unknown key shift"),
    ],
)
def test_wrong_settings_are_named_and_nothing_is_made(
    arguments: tuple[str, ...], named: str, store_home: Path
) -> None:
    result = racetui("train", "--detach", *arguments)
    assert (result.code, result.out) == (2, "")
    assert named in result.err
    assert result.err.count("\n") == 1, result.err
    assert not list(store_home.glob("runs/*"))
