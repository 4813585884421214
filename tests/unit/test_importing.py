"""What an import leaves: an ordinary checkpoint or an ended run, or nothing at all."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from agents.checkpoint import build_agent, load_checkpoint, read_pointer
from agents.exchange import export_policy
from agents.exchange.policy import actions_of
from agents.ppo.config import PPOConfig
from agents.registry import make_agent
from carracing.task import TaskConfig, task_spec
from racetui.cli import main
from racetui.evaluation import EvaluationSettings, evaluate
from racetui.importing import ImportRequest, import_file
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from tests.policies import STRAIGHT, TASK, make_policy


@pytest.fixture
def model(tmp_path: Path) -> Path:
    _, checkpoint = make_policy(TASK, distribution="gaussian", always=STRAIGHT)
    export_policy(checkpoint, tmp_path / "good driver.zip")
    return tmp_path / "good driver.zip"


OPTIONS = ("--set", "task.frame_skip=50")


def test_a_run_that_can_be_evaluated_and_exported(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", str(model), *OPTIONS]) == 0
    out, err = capsys.readouterr()
    assert out == "1\n" and "13 tensors" in err and "agent.init_from=" in err
    with RunReader(RunStore().find("import-good-driver")) as reader:
        summary = reader.summary()
        assert (summary.state.value, summary.detail) == ("stopped", "imported from good driver.zip")
        assert reader.spec().task.frame_skip == 50
        assert reader.spec().agent_config.distribution == "gaussian"
    assert main(["eval", "1", "--seeds", "100-101", "--backend", "fast", "--cores", "1"]) == 0
    assert main(["export", "1", "--to", str(model.with_name("again.zip"))]) == 0
    capsys.readouterr()
    assert main(["train", "--resume", "1"]) == 2
    assert "agent.init_from=" in capsys.readouterr().err
    assert (model.with_name("again.zip")).exists()


def test_the_run_drives_as_the_policy_did(model: Path) -> None:
    settings = EvaluationSettings(episodes=2, seed=100, backend="fast")
    wanted = evaluate(make_policy(TASK, distribution="gaussian", always=STRAIGHT)[1], settings)
    imported = import_file(ImportRequest(model, overrides=("task.frame_skip=50",)))
    assert evaluate(imported.checkpoint, settings).episodes == wanted.episodes


def test_a_checkpoint_directory_that_another_run_starts_from(model: Path, tmp_path: Path) -> None:
    assert main(["import", str(model), *OPTIONS, "--out", str(tmp_path / "policy")]) == 0
    checkpoint = load_checkpoint(tmp_path / "policy")
    assert (checkpoint.agent, checkpoint.collector_state) == ("ppo", None)
    config = PPOConfig(distribution="gaussian", init_from=str(tmp_path / "policy"))
    agent = make_agent("ppo", task_spec(TASK), config, seed=9)
    agent.begin()  # type: ignore[attr-defined]
    observations = np.zeros((3, 4, 84, 84), np.uint8)
    assert (actions_of(agent, observations) == actions_of(build_agent(checkpoint), observations)).all()
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")) == []


def test_nothing_is_overwritten(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "there").mkdir()
    for out, word in ((tmp_path / "there", "overwritten"), (tmp_path / "no" / "where", "no directory")):
        assert main(["import", str(model), *OPTIONS, "--out", str(out)]) == 2
        assert word in capsys.readouterr().err
    assert list((tmp_path / "there").iterdir()) == []
    for expected in ("twice", "twice-2"):
        assert main(["import", str(model), *OPTIONS, "--name", "twice"]) == 0
        assert RunReader(RunStore().find(expected)).summary().name == expected


def test_what_is_refused_leaves_no_run(model: Path, store_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options, code, word in (
        (("--observation", "vector"), 1, "task.observation"),
        (("--set", "task.action=native"), 1, "task.action"),
        (("--set", "agent.network=nature"), 1, "network nature"),
        (("--set", "agent.network=wide"), 2, "wide"),
        (("--set", "agent.nonsense=1"), 2, "nonsense"),
        (("--name", "no/name"), 2, "--name"),
    ):
        assert main(["import", str(model), *options]) == code
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1) and word in err
    assert not (store_home / "runs").exists()


def test_an_export_of_ours_says_what_it_is(tmp_path: Path) -> None:
    task = TaskConfig(action="discrete", stack=2, frame_skip=8)
    _, checkpoint = make_policy(task)
    export_policy(checkpoint, tmp_path / "a.safetensors")
    imported = import_file(ImportRequest(tmp_path / "a.safetensors"))
    assert imported.checkpoint.task == asdict(task)
    changed = import_file(ImportRequest(tmp_path / "a.safetensors", overrides=("task.frame_skip=4",)))
    assert changed.checkpoint.task["frame_skip"] == 4


def test_a_disk_that_takes_no_more_leaves_a_failed_run(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from agents.errors import UnwritableCheckpointError
    from racetui import importing

    def full(*_: object) -> Path:
        raise UnwritableCheckpointError("no space left on device")

    monkeypatch.setattr(importing, "save_checkpoint", full)
    assert main(["import", str(model), *OPTIONS]) == 1
    assert "no space left" in capsys.readouterr().err
    paths = RunStore().find("1")
    summary = RunReader(paths).summary()
    assert (summary.state.value, "no space" in summary.detail) == ("failed", True)
    assert _checkpoints(paths) is None


def _checkpoints(paths: RunPaths) -> str | None:
    return read_pointer(paths.checkpoints, "LATEST")
