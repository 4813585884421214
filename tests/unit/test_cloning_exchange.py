"""Policies of cloning agents on their way in and out: what they do stays the same, and they have no value."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stable_baselines3 import PPO

from agents.checkpoint import load_checkpoint, save_checkpoint
from agents.errors import ExportError
from agents.exchange import export_policy, import_policy, read_foreign
from carracing.task import TaskConfig
from racetui.cli import main
from racetui.importing import ImportRequest, import_file
from tests.policies import make_policy, save_policy
from tests.unit.test_exchange import acts, sb3_acts, sb3_model

GREY, VECTOR, DISCRETE = TaskConfig(), TaskConfig(observation="vector"), TaskConfig(action="discrete")
CASES: dict[str, tuple[str, TaskConfig, dict[str, Any]]] = {
    "bc": ("bc", GREY, {"distribution": "gaussian"}),
    "bc, vectors": ("bc", VECTOR, {"distribution": "gaussian", "network": "wide"}),
    "bc, discrete": ("bc", DISCRETE, {}),
    "dagger": ("dagger", replace(GREY, labels=True), {"distribution": "gaussian", "network": "nature"}),
}


@pytest.mark.parametrize("name", CASES)
def test_stable_baselines3_loads_it_and_it_comes_back_the_same(name: str, tmp_path: Path) -> None:
    agent, task, settings = CASES[name]
    _, checkpoint = make_policy(task, agent, **settings)
    for file in ("a.zip", "b.zip"):
        export_policy(checkpoint, tmp_path / file)
    wanted = acts(checkpoint, task)
    assert np.ptp(wanted) > 0.1, "a policy that does something"
    first, second = (PPO.load(tmp_path / file, device="cpu") for file in ("a.zip", "b.zip"))
    assert np.allclose(sb3_acts(first, task), wanted, atol=1e-5)
    values = [model.policy.state_dict()["value_net.weight"] for model in (first, second)]
    assert (values[0] == values[1]).all() and values[0].abs().max() > 0, "a value that can learn, always the same"
    again = import_policy(read_foreign(tmp_path / "a.zip"), agent, task, {})
    assert (acts(again, task) == wanted).all()
    assert not any("value_net" in name for name in again.agent_state.tensors)


@pytest.mark.parametrize("suffix", [".safetensors", ".onnx"])
@pytest.mark.parametrize(
    ("agent", "task", "settings"),
    [
        ("bc", GREY, {}),
        ("bc", VECTOR, {"distribution": "squashed"}),
        ("dagger", replace(VECTOR, labels=True), {}),
    ],
)
def test_other_files_act_alike(
    agent: str, task: TaskConfig, settings: dict[str, Any], suffix: str, tmp_path: Path
) -> None:
    _, checkpoint = make_policy(task, agent, **settings)
    export_policy(checkpoint, tmp_path / f"policy{suffix}")  # which is loaded back and compared
    if suffix == ".onnx":
        return
    foreign = read_foreign(tmp_path / "policy.safetensors")
    assert (foreign.origin["agent"], json.loads(foreign.origin["task"])["labels"]) == (agent, task.labels)
    imported = import_file(ImportRequest(tmp_path / "policy.safetensors")).checkpoint
    assert (imported.agent, imported.agent_config["distribution"]) == (agent, settings.get("distribution", "auto"))
    saved = load_checkpoint(save_checkpoint(tmp_path / "checkpoints", imported, "import"))
    assert (acts(saved, task) == acts(checkpoint, task)).all()


def test_what_has_a_value_becomes_a_clone_without(tmp_path: Path) -> None:
    model = sb3_model(VECTOR, PPO, "MlpPolicy")
    model.save(tmp_path / "model.zip")
    checkpoint = import_policy(read_foreign(tmp_path / "model.zip"), "bc", VECTOR, {})
    assert np.allclose(acts(checkpoint, VECTOR), sb3_acts(model, VECTOR), atol=1e-5)
    assert checkpoint.extra["imported_tensors"] == len(checkpoint.agent_state.tensors)


def test_policies_that_stable_baselines3_has_not_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"no beta policy.*onnx"):
        export_policy(make_policy(GREY, "bc")[1], tmp_path / "policy.zip")


def test_the_commands_take_a_clone_out_and_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, file = save_policy(tmp_path / "policy", agent="bc"), tmp_path / "clone.safetensors"
    assert main(["export", str(path), "--to", str(file)]) == 0
    assert main(["import", str(file), "--out", str(tmp_path / "again")]) == 0
    assert main(["eval", str(tmp_path / "again"), "--seeds", "100", "--backend", "fast", "--cores", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("mean ")
