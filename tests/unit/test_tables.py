"""Runs as CSV."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from racetui.cli import main
from racetui.runs.paths import RunPaths
from racetui.runs.writer import RunWriter
from tests.runs import episode, new_run


@pytest.fixture
def paths() -> RunPaths:
    paths = new_run("table")
    with RunWriter(paths) as writer:
        writer.metrics(100, {"return_mean": 1.5, "loss/policy": float("nan")})
        writer.metrics(200, {"return_mean": 2.5, "lap_frames": 800.0})
        writer.episodes([episode(0, -20.5), episode(1)], 200)
        row = writer.evaluation_started(200, "periodic", 2, 7, True, "fast")
        writer.evaluation_finished(row, {"mean": 3.0, "std": 1.0, "lap_frames": None, "returns": [2.0, 4.0]})
        writer.evaluation_started(200, "asked", 5, 9, False, "gymnasium")
    return paths


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_metrics_have_a_row_for_each_round(paths: RunPaths, tmp_path: Path) -> None:
    assert main(["export", "table", "--to", str(tmp_path / "a.csv")]) == 0
    first, second = table(tmp_path / "a.csv")
    assert list(first) == ["frames", "time", "lap_frames", "loss/policy", "return_mean"]
    assert (first["frames"], first["return_mean"], first["lap_frames"]) == ("100", "1.5", "")
    assert first["loss/policy"] == "nan"
    assert (second["lap_frames"], second["loss/policy"]) == ("800.0", "")
    assert float(second["time"]) >= float(first["time"]) > 1e9


def test_episodes(paths: RunPaths, tmp_path: Path) -> None:
    assert main(["export", paths.id, "--to", str(tmp_path / "a.csv"), "--table", "episodes"]) == 0
    first, second = table(tmp_path / "a.csv")
    assert (first["episode"], first["seed"], first["episode_return"]) == ("0", "1000", "-20.5")
    assert (second["end"], second["missed_tiles"], second["frames"]) == ("truncated", "4.0", "100")


def test_evaluations(paths: RunPaths, tmp_path: Path) -> None:
    assert main(["export", paths.id, "--to", str(tmp_path / "a.csv"), "--table", "evaluations"]) == 0
    first, second = table(tmp_path / "a.csv")
    assert (first["state"], first["mean"], first["lap_frames"], first["seed"]) == ("finished", "3.0", "", "7")
    assert (second["purpose"], second["mean"], second["deterministic"]) == ("asked", "", "False")


def test_what_goes_together(paths: RunPaths, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options, word in (
        (("--to", "a.zip", "--table", "episodes"), "--table"),
        (("--to", "a.csv", "--checkpoint", "best"), "--checkpoint"),
        (("--to", "a.txt"), ".csv"),
    ):
        assert main(["export", paths.id, *options]) == 2
        assert word in capsys.readouterr().err
    assert main(["export", "nobody", "--to", str(tmp_path / "a.csv")]) == 4
    assert main(["export", paths.id, "--to", str(tmp_path / "no" / "a.csv")]) == 1
    assert list(tmp_path.glob("*.csv")) == []
