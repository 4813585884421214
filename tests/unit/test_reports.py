"""Figures and reports of runs: what they say, what stands against comparing, and that nothing is half-written."""

from __future__ import annotations

import errno
import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from racetui.cli import main
from racetui.counters import Counters
from racetui.reports import METRICS_FILE, benchmark_metrics, write_benchmark_metrics
from racetui.reports.caveats import caveats, kinds
from racetui.reports.curves import spread, together
from racetui.reports.folder import MARK, ReportPlaceError, write_whole
from racetui.reports.page import Page
from racetui.runs.model import HardwareRow, RunState
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.runs.writer import RunWriter
from racetui.spec import Budget, RunSpec
from tests.runs import episode, new_run


def trained(name: str, returns: list[float], **spec: Any) -> RunPaths:
    """A run that ended, with an episode every 1000 frames and every two seconds of training."""
    paths = RunStore().create(RunSpec(name=name, budget=Budget(frames=10_000), **spec))
    with RunWriter(paths) as writer:
        for number, value in enumerate(returns, 1):
            done = Counters(1000 * number, 250 * number, number, number, 2.0 * number)
            writer.metrics(done.frames, {"return_mean": value, **done.curves()})
            writer.episodes([episode(number, value)], done.frames)
            writer.beat(done.frames, done.steps, done.episodes, done.seconds, value, 500.0, 0.5)
            writer.hardware(HardwareRow(1e9 + number, 100.0 + number, 900 << 20, (500 + number) << 20, 3))
        row = writer.evaluation_started(1000, "periodic", 10, 1_000_000, True, "fast")
        writer.evaluation_finished(row, {"mean": 700.0, "std": 2.5, "min": 600.0})
        writer.set_state(RunState.FINISHED)
    return paths


def test_the_figures_are_those_of_the_store(store_home: Path) -> None:
    document = benchmark_metrics(trained("one", [100.0, 300.0, 200.0, 400.0]))
    assert document["schema"] == "racetui/benchmark-metrics/1"
    assert (document["frames"], document["steps"], document["episodes"]) == (4000, 1000, 4)
    assert (document["training_seconds"], document["frames_per_second"]) == (8.0, 500.0)
    assert (document["steps_per_second"], document["episodes_per_second"]) == (125.0, 0.5)
    rewards = document["rewards"]
    assert (rewards["mean"], rewards["last_100_mean"], rewards["best"], rewards["worst"]) == (
        250.0,
        250.0,
        400.0,
        100.0,
    )
    assert document["evaluations"]["best"]["mean"] == 700.0
    assert (document["memory_peak_bytes"], document["cpu_percent_mean"]) == (504 << 20, 102.5)
    assert document["configuration"]["settings"]["budget.frames"] == "10000"
    assert (document["versions"], document["hardware"]) == (None, None), "its process wrote nothing"


def test_the_file_says_where_it_trained_and_a_later_look_keeps_that(store_home: Path) -> None:
    paths = trained("one", [float("nan"), 1.0])
    write_benchmark_metrics(paths)
    text = (paths.root / METRICS_FILE).read_text()
    written = json.loads(text, parse_constant=pytest.fail)
    assert written["versions"]["racetui"] and written["hardware"]["usable_cores"] >= 1
    assert written["rewards"]["mean"] is None, "JSON has no NaN"
    assert benchmark_metrics(paths)["versions"] == written["versions"]
    (paths.root / METRICS_FILE).write_text(text[:20])
    assert benchmark_metrics(paths)["versions"] is None


def test_a_report_leaves_the_file_with_a_run_that_died_without_and_with_no_other(
    store_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = trained("one", [1.0])
    file = paths.root / METRICS_FILE
    write_benchmark_metrics(paths)
    own = json.loads(file.read_text())
    with RunWriter(paths) as writer:
        writer.identify()
        writer.set_state(RunState.RUNNING)
    assert main(["report", "1"]) == 0
    assert json.loads(file.read_text()) == own, "it still trains"
    with sqlite3.connect(paths.database) as connection:
        connection.execute("UPDATE run SET process_started = 1.0")  # of a process that is gone
    connection.close()
    assert main(["report", "1"]) == 0
    document = json.loads(file.read_text())
    assert (document["state"], document["frames"]) == ("crashed", 1000)
    assert (document["versions"], document["hardware"]) == (own["versions"], own["hardware"])
    assert main(["runs"]) == 0
    assert json.loads(file.read_text()) == document
    capsys.readouterr()


def test_a_run_without_anything_has_figures_too(store_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new_run("empty")
    assert main(["report", "empty", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["frames"], document["frames_per_second"], document["rewards"]) == (0, None, {"count": 0})
    assert main(["report", "empty"]) == 0
    assert "queued" in capsys.readouterr().out


def test_a_report_is_whole_and_needs_nothing_else(store_home: Path, tmp_path: Path) -> None:
    trained("one", [100.0, 200.0, 300.0])
    assert main(["report", "1", "--out", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / MARK).read_text()
    assert page.count("data:image/png;base64,") == 2 and "http" not in page
    assert (tmp_path / "out" / "returns.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "out" / METRICS_FILE).read_text())["frames"] == 3000
    assert "700.0" in page and "agent.learning_rate" in page


def test_a_page_shows_text_as_text() -> None:
    page = Page("<b>bold</b>")
    page.paragraph("<script>")
    page.table(("<i>",), [("&",)])
    assert not {"<b>", "<script>", "<i>"} & set(re.findall("<[^>]*>", page.text))
    assert "&lt;script&gt;" in page.text and "&amp;" in page.text


def test_a_report_of_a_run_without_data_says_so(store_home: Path, tmp_path: Path) -> None:
    new_run("empty")
    assert main(["report", "empty", "--out", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / MARK).read_text()
    assert "None was made." in page and "data:image" not in page


def test_a_comparison_has_seeds_scaling_and_what_stands_against_it(
    store_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained("first", [100.0, 200.0, 300.0])
    trained("second", [200.0, 300.0, 500.0], seed=7)
    from collectors.api import CollectorConfig

    trained("third", [200.0, 300.0, 500.0, 600.0], collector_config=CollectorConfig(lanes=16))
    assert main(["compare", "1", "2", "3", "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "caution: they trained for different amounts: 3,000 to 4,000 frames" in printed
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {
        *(
            "returns.png",
            "seeds.png",
            "speed-memory.png",
            "scaling-lanes.png",
            "ranking.csv",
            "chart.png",
            "metrics.json",
            MARK,
        )
    }
    assert not (tmp_path / "out" / "scaling-workers.png").exists(), "all have as many workers"
    assert main(["compare", "1", "2", "--json"]) == 0
    assert any("luck" in caveat for caveat in json.loads(capsys.readouterr().out)["caveats"])


def test_a_place_with_other_things_is_refused_and_a_report_only_replaced_when_asked(
    store_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained("one", [1.0])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("all of it")
    assert main(["report", "1", "--out", str(tmp_path / "mine"), "--force"]) == 2
    assert "no report" in capsys.readouterr().err
    assert main(["report", "1", "--out", str(tmp_path / "mine" / "thesis.tex")]) == 2
    assert main(["report", "1", "--out", str(tmp_path / "new")]) == 0
    assert main(["report", "1", "--out", str(tmp_path / "new")]) == 2
    assert "--force" in capsys.readouterr().err
    assert main(["report", "1", "--out", str(tmp_path / "new"), "--force"]) == 0
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "all of it"


def test_a_full_disk_leaves_the_old_report_and_nothing_else(tmp_path: Path) -> None:
    def fill(text: str, place: Path) -> None:
        (place / MARK).write_text(text)
        if text == "new":
            raise OSError(errno.ENOSPC, "No space left on device")

    write_whole(tmp_path / "out", False, lambda place: fill("old", place))
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "out", True, lambda place: fill("new", place))
    assert (tmp_path / "out" / MARK).read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    with pytest.raises(ReportPlaceError):
        write_whole(tmp_path / "out", False, lambda place: fill("old", place))


def document(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "run": {"id": "1"},
        "state": "finished",
        "frames": 1000,
        "training_seconds": 10.0,
        "configuration": {"settings": {"seed": "1", "task.stack": "4", "backend": "fast"}},
        "versions": {"torch": "2"},
        "hardware": {"usable_cores": 2},
    }
    return base | changes


def settings(**changes: str) -> dict[str, Any]:
    return {"configuration": {"settings": {"seed": "1", "task.stack": "4", "backend": "fast"} | changes}}


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({}, ()),
        ({"frames": 1010}, ()),
        ({"frames": 2000}, ("different amounts: 1,000 to 2,000 frames",)),
        ({"state": "running"}, ("not final",)),
        (settings(**{"task.stack": "2"}), ("same task: task.stack",)),
        (settings(**{"task.early_stop": "9"}), ("different rules: task.early_stop",)),
        (settings(backend="gymnasium"), ("different backends",)),
        (settings(seed="2"), ("luck",)),
        (settings(**{"agent.gamma": "0.9"}), ("may be what you compare: agent.gamma",)),
        ({"versions": {"torch": "3"}}, ("different versions of torch",)),
        ({"hardware": {"usable_cores": 8}}, ("different machines: usable_cores",)),
        ({"versions": None, "hardware": None}, ("is not known",)),
        ({"configuration": None}, ("cannot be read",)),
    ],
)
def test_what_makes_runs_incomparable_is_named(other: dict[str, Any], words: tuple[str, ...]) -> None:
    found = caveats([document(), document(**other)])
    assert len(found) == len(words)
    for caveat, part in zip(found, words, strict=True):
        assert part in caveat


def test_runs_that_differ_by_luck_alone_are_one_kind() -> None:
    documents = [document(), document(**settings(seed="5")), document(**settings(backend="gymnasium"))]
    assert kinds([*documents, document(configuration=None), document(configuration=None)]) == [[0, 1], [2], [3], [4]]


def test_the_spread_is_over_the_episodes_of_each_piece(store_home: Path) -> None:
    paths = new_run("many")
    with RunWriter(paths) as writer:
        for frames, values in ((1000, range(101)), (2000, range(100, 201))):
            writer.episodes([episode(number, float(value)) for number, value in enumerate(values)], frames)
    band = spread(RunReader(paths).returns(), bins=2)
    assert band.x.tolist() == [500.0, 1500.0]
    assert (band.middle.tolist(), band.low.tolist(), band.high.tolist()) == ([50, 150], [10, 110], [90, 190])
    both = together([band, band], points=3)
    assert np.allclose(both.middle, [50, 100, 150]) and np.allclose(both.low, both.high)
    assert len(spread(RunReader(new_run("none")).returns()).x) == len(together([]).x) == 0
