"""What the collectors' benchmark compares, and how its rows are made."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from agents.registry import config_class
from collectors.registry import COLLECTORS
from racetui.bench import collecting
from racetui.bench.cases import REFERENCE, Case, Setting, cases
from racetui.bench.collecting import MeasurementError, Row, measure, measure_all
from racetui.bench.measurement import Measurement
from racetui.bench.plot import plot
from racetui.bench.terminal import Terminal
from racetui.cli import bench_updates, main
from racetui.config import ConfigError
from tests.program import racetui


def _measured(frames: int) -> Measurement:
    return Measurement(2.0, frames // 4, frames, 3, 100.0, 150.0, 2, 1000, 2000)


def test_every_collector_is_compared_or_said_to_be_left_out() -> None:
    found, skipped = cases(Setting(workers=(1, 2)))
    compared = {case.spec.collector for case in found}
    left_out = {reason.split(":")[0] for reason in skipped}
    assert compared | left_out >= set(COLLECTORS)
    assert found[0].name == REFERENCE and found[0].spec.backend == "gymnasium"
    assert len({case.name for case in found}) == len(found)


def test_workers_are_swept() -> None:
    found, _ = cases(Setting(workers=(1, 2)), only=("sync", "async"))
    assert [(case.name, case.parallel) for case in found[1:]] == [
        ("sync x 1", 1),
        ("sync x 2", 2),
        ("async x 1", 1),
        ("async x 2", 2),
    ]


def test_numbers_have_no_pictures_to_compare() -> None:
    found, skipped = cases(Setting(observation="vector"))
    assert {case.kind for case in found} == {"ours", "bare"}
    assert any(reason.startswith("sb3:") for reason in skipped)


def test_a_wrong_setting_is_refused() -> None:
    with pytest.raises(ConfigError, match="frame_skip"):
        cases(Setting(overrides=("task.frame_skip=99",)))


def test_rows_are_medians_beside_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    speeds = {REFERENCE: [100, 300, 200], "sync x 1": [800, 700, 900], "sync x 2": [1200, 1200, 1200]}

    def fake(case: Case, seconds: float, learn: bool) -> Measurement:
        return _measured(2 * speeds[case.name].pop(0))

    monkeypatch.setattr(collecting, "measure", fake)
    found, _ = cases(Setting(workers=(1, 2)), only=("sync",))
    rows = {row.name: row for row in measure_all(found, 2.0, 3, False, lambda text: None)}
    assert rows[REFERENCE].frames_per_second == 200
    assert (rows["sync x 1"].lowest, rows["sync x 1"].frames_per_second, rows["sync x 1"].highest) == (700, 800, 900)
    assert rows["sync x 2"].speed_up == 6 and rows["sync x 2"].efficiency == 0.75
    assert rows["sync x 1"].seconds_per_episode == pytest.approx(100 / 200)


def test_a_contender_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = cases(Setting(), only=("sync",))
    monkeypatch.setattr(sys, "executable", "false")
    with pytest.raises(MeasurementError, match=REFERENCE):
        measure(found[0], 1.0)


def test_a_plot_of_rows_is_a_picture(tmp_path: Path) -> None:
    found, _ = cases(Setting(), only=("sync",))
    row = Row("a", "sync", "fast", 4, 1, 1, 10, 9, 11, 2.5, None, None, None, 2, None, 1, 1, 100, 1, 4)
    plot([row] * len(found), "title", tmp_path / "rows.png")
    assert (tmp_path / "rows.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_measures(tmp_path: Path) -> None:
    out = tmp_path / "table"
    options = ["--only", "sync", "bare", "--workers", "1", "--lanes", "4", "--seconds", "0.3", "--repeats", "1"]
    done = racetui("bench", "collectors", *options, "--json", "--out", str(out))
    assert done.code == 0, done.err
    document = done.json
    rows = {row["name"]: row for row in document["rows"]}
    assert rows["sync x 1"]["frames_per_second"] > rows[REFERENCE]["frames_per_second"] > 0
    assert rows["sync x 1"]["memory_end"] > 50 * 2**20 and rows["sync x 1"]["processes"] == 1
    assert json.loads(out.with_suffix(".json").read_text()) == document
    assert out.with_suffix(".png").stat().st_size > 1000


def test_a_program_that_shows_nothing_has_no_first_picture() -> None:
    with Terminal(("sleep", "60"), (80, 24), os.environ) as terminal, pytest.raises(TimeoutError, match="nothing"):
        terminal.first_picture(seconds=0.2)


def test_replays_are_measured_side_by_side() -> None:
    result = racetui("bench", "replay", "--steps", "600", "--seconds", "0.02s", "--repeats", "1", "--json")
    assert result.code == 0, result.err
    rows = {(row["name"], row["look_ahead"]): row for row in result.json["rows"]}
    assert set(rows) == {
        ("ours", 1),
        ("ours", 3),
        ("ours, mapped", 1),
        ("ours, mapped", 3),
        ("sb3", 1),
        ("sb3, n-step", 3),
    }
    assert rows["ours", 1]["gigabytes"] < 0.75 < 5 < rows["sb3", 1]["gigabytes"]
    assert all(row["milliseconds"] > 0 for row in rows.values())


@pytest.mark.parametrize(("agent", "observation"), [("sac", "grey-fast"), ("dqn", "vector")])
def test_gradient_steps_are_measured_beside_stable_baselines3s(
    agent: str, observation: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")  # the command sets it
    monkeypatch.setattr(bench_updates, "config_class", lambda agent: lambda: config_class(agent)(batch=4))
    options = ["--agent", agent, "--observation", observation, "--threads", "1", "--seconds", "0.01s"]
    assert main(["bench", "learner", *options, "--repeats", "1", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["name"] for row in rows] == ["stable-baselines3", "ours, float32", "ours, default"]
    assert all(row["updates_per_second"] > 0 for row in rows)
