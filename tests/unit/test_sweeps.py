"""Sweeps: what a file asks for, in which words it is refused, and that the same file again goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from racetui.cli import main
from racetui.runs.model import RunState
from racetui.runs.paths import RunPaths
from racetui.runs.store import RunStore
from racetui.runs.writer import RunWriter
from racetui.spec import RunSpec
from racetui.sweeps import members, read_sweep
from racetui.sweeps.plan import alike

GRID = """
preset: ppo-fast
base: {task: {observation: vector}, budget: {frames: 1000}}
grid:
  agent.learning_rate: [1e-4, 3e-4]
  seed: [1, 2]
runs:
  - {collector: sync}
  - {collector: sequential}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rates.yaml"
    path.write_text(GRID)
    return path


def test_every_combination_is_a_run(file: Path) -> None:
    found = members(read_sweep(file))
    assert [member.name for member in found] == [f"rates-{number}" for number in range(1, 9)]
    assert found[1].varied == {"collector": "sync", "agent.learning_rate": 1e-4, "seed": 2}
    assert found[7].settings["task.observation"] == "vector" and found[7].settings["collector"] == "sequential"
    assert "agent.learning_rate=0.0003" in found[7].overrides
    groups = alike(found, ("seed",))
    assert [(title, len(alone)) for title, alone in groups][:2] == [
        ("collector=sync, agent.learning_rate=0.0001", 2),
        ("collector=sync, agent.learning_rate=0.0003", 2),
    ]


def test_names_sort_in_the_order_of_the_runs(tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    path.write_text(f"grid: {{seed: {list(range(12))}}}")
    assert [member.name for member in members(read_sweep(path))][::11] == ["many-01", "many-12"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gird: {seed: [1]}", "unknown key gird: did you mean grid?"),
        ("grid: {seed: 1}", "grid.seed must be a list of values to try, not 1"),
        ("grid: {seed: []}", "grid.seed must be a list"),
        ("grid: {seed: [1, 2, 1]}", "grid.seed has 1 twice"),
        ("grid: [1]", "grid must be keys with values"),
        ("runs: {seed: 1}", "runs must be a list"),
        ("runs: [7]", "runs: entry 1 must be settings with values, not 7"),
        ("runs: []", "runs must have an entry"),
        ("most: many", "most must be a whole number"),
        ("grid: {seed: [1, 2], agent.gamma: [0.9, 0.99]}\nmost: 3", "would be 4 runs, more than 3"),
        ("grid: {seed: [1]}\nruns: [{seed: 2}]", "seed is in the grid and in runs"),
        ("grid: {sed: [1]}", "run bad-1: --set sed=1: unknown key sed: did you mean seed?"),
        ("grid: {agent: [ppo, sarsa]}", "run bad-2: --set agent=\"sarsa\": unknown agent 'sarsa'"),
        ("preset: nope", "unknown preset 'nope'"),
        ("name: 'a b'", "a b"),
        ("grid: {seed: [1", "line 1"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_and_nothing_started(
    text: str, words: str, tmp_path: Path, store_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    assert main(["sweep", str(path)]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert not store_home.exists()


def test_a_dry_run_starts_nothing(file: Path, store_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", str(file), "--dry-run"]) == 0
    assert "rates-8  collector=sequential, agent.learning_rate=0.0003, seed=2" in capsys.readouterr().out
    assert main(["sweep", str(file), "--dry-run", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 8
    assert not store_home.exists()


def test_the_same_file_again_starts_what_is_missing_and_resumes_what_broke(
    file: Path, store_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun: list[str] = []

    def create(spec: RunSpec, store: RunStore) -> RunPaths:
        paths = store.create(spec)
        begun.append(spec.name)
        with RunWriter(paths) as writer:
            writer.set_state(RunState.FAILED if spec.name == "rates-3" else RunState.FINISHED)
        return paths

    monkeypatch.setattr("racetui.sweeps.starting.start_spec", create)
    monkeypatch.setattr("racetui.sweeps.starting.launch", lambda paths: begun.append(f"again {paths.id}"))
    assert main(["sweep", str(file)]) == 0
    assert begun == [f"rates-{number}" for number in range(1, 9)]
    begun.clear()
    capsys.readouterr()
    assert main(["sweep", str(file), "--json"]) == 0
    assert begun == ["again 3"]
    done = [entry["done"] for entry in json.loads(capsys.readouterr().out)]
    assert done == ["finished", "finished", "started", *["finished"] * 5]
    file.write_text(GRID.replace("frames: 1000", "frames: 2000"))
    assert main(["sweep", str(file)]) == 2
    assert "budget.frames 1000, not 2000" in capsys.readouterr().err


def test_waiting_ends_with_runs_of_a_kind_together(
    file: Path, store_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def create(spec: RunSpec, store: RunStore) -> RunPaths:
        paths = store.create(spec)
        with RunWriter(paths) as writer:
            row = writer.evaluation_started(1000, "periodic", 10, 1_000_000, True, "fast")
            writer.evaluation_finished(row, {"mean": 100.0 * int(spec.name[-1]), "std": 1.0})
            writer.set_state(RunState.FINISHED)
        return paths

    monkeypatch.setattr("racetui.sweeps.starting.start_spec", create)
    assert main(["sweep", str(file), "--wait", "--json", "--out", str(tmp_path / "out")]) == 0
    groups: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert [(group["best_mean"], group["best_std"]) for group in groups] == [
        (750, 50),
        (550, 50),
        (350, 50),
        (150, 50),
    ]
    assert groups[0]["runs"] == ["7", "8"]
    assert (tmp_path / "out" / "report.html").exists()
