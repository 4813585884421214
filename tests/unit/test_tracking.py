"""Curves for other tools: TensorBoard and Aim get every point, and neither can end a training."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from racetui.cli import main
from racetui.cli.parser import make_parser
from racetui.cli.train import request_of
from racetui.launching import build_spec
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.spec import RunSpec, TrackingConfig
from racetui.trainer.tracking import Aim, Tracking, open_tracking
from tests.program import TINY, racetui
from tests.runs import new_run

SPEC = RunSpec("tracked")
NO_AIM = replace(SPEC, tracking=TrackingConfig(aim=False))

FAKE_AIM = """
import json, os
from pathlib import Path

class Run:
    def __init__(self, run_hash=None, *, repo, experiment, system_tracking_interval, log_system_params,
                 capture_terminal_logs):
        if os.environ.get("AIM_IS_BROKEN"):
            raise RuntimeError("the repository is locked")
        assert system_tracking_interval is None and not log_system_params and not capture_terminal_logs
        self.hash = run_hash or "abc123"
        self._file = Path(repo) / f"{self.hash}.jsonl"
        self._tell("experiment", experiment)

    def _tell(self, *what):
        with self._file.open("a") as file:
            file.write(json.dumps(what) + "\\n")

    def __setitem__(self, key, value):
        self._tell("set", key, value)

    def track(self, value, name, step):
        self._tell("track", name, step, value)

    def close(self):
        self._tell("close")
"""


@pytest.fixture
def paths() -> RunPaths:
    return new_run("tracked")


@pytest.fixture
def aim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Installs a stand-in for Aim, for this process and those it starts; returns where its repository will be."""
    package = tmp_path / "site" / "aim"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(FAKE_AIM)
    monkeypatch.syspath_prepend(str(package.parent))
    real = sys.modules.pop("aim", None)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(package.parent), *sys.path]))
    yield tmp_path / "store" / "aim"
    sys.modules.pop("aim", None)
    if real is not None:
        sys.modules["aim"] = real


def told(repository: Path) -> list[Any]:
    return [json.loads(line) for line in (repository / "abc123.jsonl").read_text().splitlines()]


def curve(paths: RunPaths, name: str) -> list[tuple[int, float]]:
    events = EventAccumulator(str(paths.tensorboard))
    events.Reload()
    return [(event.step, event.value) for event in events.Scalars(name)]


def test_tensorboard_goes_back_with_a_resumed_run(paths: RunPaths) -> None:
    tracking = open_tracking(paths, NO_AIM, 0, pytest.fail)
    for frames in (100, 200, 300):
        tracking.write(frames, {"return_mean": float(frames), "loss": math.nan})
    tracking.close()
    tracking = open_tracking(paths, NO_AIM, 200, pytest.fail)
    tracking.write(250, {"return_mean": 2.5})
    tracking.close()
    assert curve(paths, "return_mean") == [(100, 100.0), (200, 200.0), (250, 2.5)]
    assert len(curve(paths, "loss")) == 2


def test_aim_goes_on_with_a_resumed_run(paths: RunPaths, aim: Path) -> None:
    for frames in (100, 200):
        tracking = open_tracking(paths, SPEC, 0, pytest.fail)
        tracking.write(frames, {"return_mean": 1.5})
        tracking.close()
    lines = told(aim)
    assert [line for line in lines if line[0] == "track"] == [
        ["track", "return_mean", 100, 1.5],
        ["track", "return_mean", 200, 1.5],
    ]
    assert lines[0] == ["experiment", "ppo"] and lines[-1] == ["close"]
    (specs,) = {json.dumps(line[2]) for line in lines if line[:2] == ["set", "spec"]}
    assert json.loads(specs)["name"] == "tracked"
    assert (paths.root / "aim").read_text() == "abc123\n"


def test_only_what_is_asked_for_and_there(paths: RunPaths, aim: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    neither = replace(SPEC, tracking=TrackingConfig(tensorboard=False, aim=False))
    tracking = open_tracking(paths, neither, 0, pytest.fail)
    tracking.write(100, {"return_mean": 1.5})
    tracking.close()
    assert list(paths.tensorboard.iterdir()) == [] and not aim.exists()
    monkeypatch.setattr("racetui.trainer.tracking.find_spec", lambda name: None)
    open_tracking(paths, SPEC, 0, pytest.fail).close()
    assert not aim.exists()


class _Failing:
    def __init__(self, after: int) -> None:
        self.after = after

    def write(self, frames: int, values: Any) -> None:
        if frames >= self.after:
            raise OSError("no space left on device")

    def close(self) -> None:
        raise OSError("still no space")


def test_a_tracker_that_fails_is_told_of_once_and_the_others_go_on(paths: RunPaths) -> None:
    troubles: list[str] = []
    board = open_tracking(paths, NO_AIM, 0, pytest.fail)
    tracking = Tracking([_Failing(after=200), board], troubles.append)
    for frames in (100, 200, 300):
        tracking.write(frames, {"return_mean": 1.0})
    tracking.close()
    assert troubles == ["no more curves for _Failing: OSError: no space left on device"]
    assert [step for step, _ in curve(paths, "return_mean")] == [100, 200, 300]
    closing = Tracking([_Failing(after=900)], troubles.append)
    closing.close()
    assert len(troubles) == 2


def test_an_aim_that_cannot_start_is_told_of(paths: RunPaths, aim: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIM_IS_BROKEN", "1")
    troubles: list[str] = []
    open_tracking(paths, SPEC, 0, troubles.append).close()
    assert troubles == ["no more curves for Aim: RuntimeError: the repository is locked"]


def test_options_switch_them_off() -> None:
    options = make_parser().parse_args(["train", "--no-aim", "--set", "agent.epochs=2"])
    assert build_spec(request_of(options)).tracking == TrackingConfig(tensorboard=True, aim=False)
    options = make_parser().parse_args(["train", "--no-tensorboard"])
    assert build_spec(request_of(options)).tracking == TrackingConfig(tensorboard=False, aim=True)
    assert build_spec(request_of(make_parser().parse_args(["train"]))).tracking == TrackingConfig()


def test_a_resumed_run_tracks_as_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--resume", "1", "--no-aim"]) == 2
    assert "--no-aim" in capsys.readouterr().err


def test_a_run_of_a_version_without_tracking_has_the_usual_one(paths: RunPaths) -> None:
    text = paths.spec.read_text()
    assert "tracking:" in text
    head, _, _ = text.partition("tracking:")
    paths.spec.write_text(head)
    assert RunReader(paths).spec().tracking == TrackingConfig()


def test_a_real_run_writes_its_curves_and_scores(aim: Path, store_home: Path) -> None:
    evaluated = [option for option in TINY if option not in ("--eval-every", "0")]
    options = ("--frames", "256", "--collector", "sync", "--eval-every", "200", "--set", "evaluation.episodes=1")
    result = racetui("train", *evaluated, *options, "--no-tensorboard", "--json")
    assert result.code == 0, result.err
    names = {line[1] for line in told(aim) if line[0] == "track"}
    assert {"return_mean", "frames_per_second", "loss/policy", "evaluation/mean", "evaluation/p10"} <= names
    assert list((store_home / "runs" / "1" / "tb").iterdir()) == []


def test_aim_itself(paths: RunPaths, tmp_path: Path) -> None:
    aim = pytest.importorskip("aim")
    for frames, value in ((100, 1.0), (200, 2.0), (200, 3.0)):
        tracker = Aim(paths, SPEC, tmp_path / "aim")
        tracker.write(frames, {"return_mean": value})
        tracker.close()
    run = aim.Run(run_hash=(paths.root / "aim").read_text().strip(), repo=str(tmp_path / "aim"))
    (info,) = [info for info in run.iter_metrics_info() if info[0] == "return_mean"]
    _, values = run.get_metric(info[0], info[1]).values.sparse_list()  # its steps are hashes
    assert (sorted(values), run["spec"]["name"]) == ([1.0, 3.0], "tracked"), "the later point of 200 frames counts"
    run.close()
