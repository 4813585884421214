"""What people run into with checkpoints that are not what they were: a named reason, and nothing is overwritten."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from agents.checkpoint.content import MANIFEST, TENSORS
from carracing.task import Array
from racetui.cli import main
from racetui.evaluation import EvaluationSettings, evaluate
from tests.policies import save_policy
from tests.program import TINY, racetui, show
from tests.unit.checkpoints import forge

WEIGHT = "agent/policy/action_net.weight"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save_policy(tmp_path / "policies")


def content_of(path: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in sorted(path.iterdir())}


def with_tensors(path: Path, edit: Callable[[dict[str, Array]], object]) -> None:
    """Change the tensors; the manifest says so, with checksums that are right."""
    tensors = {name: value.copy() for name, value in load((path / TENSORS).read_bytes()).items()}
    edit(tensors)
    (path / TENSORS).write_bytes(save(tensors))
    entries = {name: {"dtype": value.dtype.name, "shape": list(value.shape)} for name, value in tensors.items()}
    forge(path, lambda content: content.update(tensors=entries))


def _poison(tensors: dict[str, Array]) -> None:
    tensors[WEIGHT][0, 0] = np.nan


def _set(section: str, key: str, value: Any) -> Callable[[Path], None]:
    return lambda path: forge(path, lambda content: content[section].update({key: value}))


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut short": (lambda path: (path / TENSORS).write_bytes((path / TENSORS).read_bytes()[:-1]), "use another"),
    "edited": (lambda path: (path / MANIFEST).write_text((path / MANIFEST).read_text() + " x"), MANIFEST),
    "another shape": (
        lambda path: with_tensors(path, lambda tensors: tensors.update({WEIGHT: np.zeros((7, 256), np.float32)})),
        "policy/action_net.weight",
    ),
    "another kind of number": (
        lambda path: with_tensors(path, lambda tensors: tensors.update({WEIGHT: tensors[WEIGHT].astype(np.float64)})),
        "policy/action_net.weight",
    ),
    "a tensor missing": (lambda path: with_tensors(path, lambda tensors: tensors.pop(WEIGHT)), "action_net.weight"),
    "a tensor too many": (
        lambda path: with_tensors(path, lambda tensors: tensors.update({"agent/more": np.zeros(2)})),
        "'more'",
    ),
    "not a number": (lambda path: with_tensors(path, _poison), f"{WEIGHT}' has NaN"),
    "another observation": (_set("task", "observation", "vector"), "disagree"),
    "another stack": (_set("task", "stack", 2), "disagree"),
    "other actions": (_set("task", "action", "discrete"), "disagree"),
    "no such task": (_set("task", "observation", "sonar"), "impossible value"),
    "another network": (_set("agent_config", "network", "nature"), "disagree"),
    "settings of the future": (_set("agent_config", "telepathy", True), "telepathy"),
    "another agent": (lambda path: forge(path, lambda content: content.update(agent="hal9000")), "hal9000"),
    "no frames": (
        lambda path: forge(path, lambda content: content["counters"].pop("frames")),
        "counters need frames",
    ),
    "pickle inside": (lambda path: (path / "policy.pkl").write_bytes(b"\x80\x04N."), "policy.pkl"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_checkpoint_is_refused_by_name(
    path: Path, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage, words = DAMAGES[name]
    damage(path)
    before = content_of(path)
    (tmp_path / "out.safetensors").write_bytes(b"older")
    export = ["export", str(path), "--to", str(tmp_path / "out.safetensors")]
    for command in (["eval", str(path), "--episodes", "1"], export):
        assert main(command) == 1
        out, err = capsys.readouterr()
        assert out == "" and words in err.splitlines()[-1] and "unexpected" not in err
    assert content_of(path) == before
    assert (tmp_path / "out.safetensors").read_bytes() == b"older"


def test_a_checkpoint_of_a_version_with_fewer_settings_drives_as_it_did(path: Path) -> None:
    settings = EvaluationSettings(episodes=2, seed=100, backend="fast")
    wanted = evaluate(path, settings).episodes
    since = ("missed_penalty", "random_start")

    def older(content: dict[str, Any]) -> None:
        for key in since:
            del content["task"][key]
        for key in ("init_from", "pull", "pull_until", "value_warmup", "entropy_schedule"):
            del content["agent_config"][key]

    forge(path, older)
    assert not set(since) & set(json.loads((path / MANIFEST).read_text())["task"])
    assert evaluate(path, settings).episodes == wanted


def test_a_run_whose_checkpoint_is_of_another_kind_is_not_resumed(store_home: Path) -> None:
    trained = racetui("train", *TINY, "--collector", "sync", "--frames", "256", "--json")
    assert trained.code == 0, trained.err
    root = store_home / "runs" / "1"
    checkpoint = root / "checkpoints" / str(trained.json["frames"])
    spec, before = (root / "spec.yaml").read_text(), content_of(checkpoint)

    def resumed(words: str) -> None:
        result = racetui("train", "--resume", "1", "--frames", "512")
        assert result.code == 1
        assert words in show("1")["detail"]
        assert show("1")["state"] == "failed"

    (root / "spec.yaml").write_text(spec.replace("network: small", "network: nature"))
    resumed("another agent_config: network small, not nature")
    assert content_of(checkpoint) == before
    (root / "spec.yaml").write_text(spec)
    saved = (checkpoint / MANIFEST).read_bytes()
    forge(checkpoint, lambda content: content.update(agent="dagger"))
    of_another = content_of(checkpoint)
    resumed("the checkpoint is of agent dagger, but the run now asks for ppo")
    assert content_of(checkpoint) == of_another
    (checkpoint / MANIFEST).write_bytes(saved)
    with_tensors(checkpoint, _poison)
    poisoned = content_of(checkpoint)
    resumed("has NaN or infinite numbers")
    assert content_of(checkpoint) == poisoned
