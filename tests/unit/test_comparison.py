"""Runs side by side: ranking, areas, time to the goal, settings that differ, and the files of all that."""

from __future__ import annotations

import csv
import errno
import json
import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agents.bc.config import DAggerConfig
from racetui.cli import main
from racetui.comparison import compare, contestant_of
from racetui.comparison.export import Shown, export
from racetui.comparison.figures import comparison_text
from racetui.comparison.png import write_png
from racetui.comparison.ranking import area, reached
from racetui.comparison.settings import ABSENT, differences, settings_of
from racetui.comparison.svg import Labels, Line, svg
from racetui.counters import Counters
from racetui.runs.model import HardwareRow, RunState, Series
from racetui.runs.paths import RunPaths
from racetui.runs.positions import Axis
from racetui.runs.store import RunStore
from racetui.runs.writer import RunWriter
from racetui.spec import Budget, RunSpec


def curve(*values: float, first: int = 100, step: int = 100) -> Series:
    frames = np.arange(first, first + step * len(values), step)
    return Series(frames, frames / 10.0, np.array(values))


@pytest.mark.parametrize(
    ("series", "end", "expected"),
    [
        (curve(10.0, 10.0, 10.0), 300, 10.0),
        (curve(0.0, 100.0), 200, 50.0),
        (curve(0.0, 100.0, 100.0), 200, 50.0),  # what lies beyond does not count
        (curve(0.0, 100.0), 150, 25.0),  # half the way up the line
        (curve(0.0, math.nan, 200.0), 300, 100.0),  # the line goes over the gap
        (curve(0.0, 100.0), 900, 50.0),  # it ends before
        (curve(7.0), 100, 7.0),
        (curve(7.0, 9.0), 100, 7.0),
        (curve(7.0), 50, None),
        (curve(math.nan), 100, None),
        (curve(), 100, None),
    ],
)
def test_area_is_the_mean_height_up_to_an_end(series: Series, end: int, expected: float | None) -> None:
    assert area(series, end) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("series", "expected"),
    [(curve(899.9, 900.0, 950.0), 200), (curve(1.0, 899.0), None), (curve(math.nan, 901.0), 200), (curve(), None)],
)
def test_the_goal_is_reached_at_the_first_point_that_is_it(series: Series, expected: int | None) -> None:
    assert reached(series, 900.0) == expected


def test_settings_are_those_that_set_knows() -> None:
    settings = settings_of(RunSpec(name="one", budget=Budget(frames=5)))
    assert settings["budget.frames"] == "5"
    assert settings["collector.lanes"] == "8" and settings["task.frame_skip"] == "4"
    assert settings["tracking.aim"] == "true" and settings["pipeline"] == "null"
    assert "name" not in settings


def test_only_what_differs_is_told() -> None:
    found = differences([{"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}])
    assert [(one.key, one.values) for one in found] == [("b", ("2", "3")), ("c", (ABSENT, "4"))]
    assert differences([{"a": "1"}]) == differences([]) == ()


def trained(name: str, returns: list[float], best: float | None = None, **spec: object) -> RunPaths:
    """A run that ended, with a point every 1000 frames and every two seconds of training."""
    paths = RunStore().create(RunSpec(name=name, budget=Budget(frames=10_000), **spec))  # type: ignore[arg-type]
    with RunWriter(paths) as writer:
        for number, value in enumerate(returns, 1):
            done = Counters(1000 * number, 250 * number, number, number, 2.0 * number)
            writer.metrics(done.frames, {"return_mean": value, "loss/value": 1.0 / number, **done.curves()})
            writer.beat(done.frames, done.steps, done.episodes, done.seconds, value, 500.0, 0.5)
            writer.hardware(HardwareRow(0.0, 100.0, 900 << 20, (500 + number) << 20, 3))
        if best is not None:
            row = writer.evaluation_started(1000, "periodic", 10, 1_000_000, True, "fast")
            writer.evaluation_finished(row, {"mean": best, "std": 2.5})
        writer.set_state(RunState.FINISHED)
    return paths


@pytest.fixture
def runs(store_home: Path) -> list[RunPaths]:
    return [
        trained("low", [0.0, 100.0, 100.0, 100.0], best=120.0),
        trained("high", [500.0, 950.0], best=910.0, seed=7),
        trained("unproven", [800.0, 850.0, 900.0]),
    ]


def test_the_best_evaluation_comes_first_and_no_evaluation_last(runs: list[RunPaths]) -> None:
    comparison = compare([contestant_of(paths) for paths in runs])
    assert [standing.run.name for standing in comparison.standings] == ["high", "low", "unproven"]
    assert [standing.rank for standing in comparison.standings] == [1, 2, 3]
    high, low, unproven = comparison.standings
    assert comparison.horizon == 2000, "what all of them have"
    assert (high.area, low.area, unproven.area) == (725.0, 50.0, 825.0)
    assert (high.seconds_to_goal, low.seconds_to_goal, unproven.seconds_to_goal) == (4.0, None, 6.0)
    assert (high.frames_to_goal, unproven.frames_to_goal) == (2000, 3000)
    assert high.frames_per_second == 500.0
    assert low.peak_memory == 504 << 20
    assert [(one.key, one.values) for one in comparison.differences] == [("seed", ("1", "7", "1"))]
    assert comparison.metrics == ("count/episodes", "count/seconds", "count/steps", "loss/value", "return_mean")


def test_what_an_expert_drove_is_not_what_a_run_has_learned(store_home: Path) -> None:
    led = trained("led", [950.0, 940.0, 900.0], best=300.0, agent="dagger", agent_config=DAggerConfig())
    with RunWriter(led) as writer:
        for frames, purpose, mean in ((2000, "asked", 990.0), (3000, "final", 910.0)):
            row = writer.evaluation_started(frames, purpose, 10, 1_000_000, True, "fast")
            writer.evaluation_finished(row, {"mean": mean, "std": 2.5})
    alone = trained("alone", [0.0, 100.0, 950.0])
    comparison = compare([contestant_of(led), contestant_of(alone)])
    assert [standing.frames_to_goal for standing in comparison.standings] == [3000, 3000]
    assert comparison.standings[0].seconds_to_goal == 6.0
    assert comparison.standings[0].area == 605.0, "the mean height of the line from 300 to 910"
    assert "where an expert drove at first (run 1)" in comparison.notes
    never = trained("never", [950.0], agent="dagger", agent_config=DAggerConfig(led=0.0))
    assert not contestant_of(never).led


def test_long_curves_are_compared_in_few_points(store_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    values = np.linspace(0.0, 890.0, 1500) - 300.0 * (random.random(1500) < 0.1)
    values[1200] = 950.0
    paths = trained("long", values.tolist())
    whole = contestant_of(paths)
    monkeypatch.setattr("racetui.runs.curves.MOST_POINTS", 300)
    few = contestant_of(paths)
    assert all(len(series.frames) <= 450 for series in few.series.values()) and len(few.level.frames) <= 300
    (expected,), (found,) = compare([whole]).standings, compare([few]).standings
    assert expected.area == pytest.approx(area(curve(*values), 150_000))
    assert found.area == pytest.approx(expected.area, rel=0.005), "rare lows weigh what they weigh"
    assert (found.frames_to_goal, expected.frames_to_goal) == (1_201_000, 1_201_000)
    assert found.seconds_to_goal == pytest.approx(expected.seconds_to_goal)
    assert compare([few]).horizon == compare([whole]).horizon == 1_500_000


def test_runs_without_counts_or_anything_can_be_compared(store_home: Path) -> None:
    old = RunStore().create(RunSpec(name="old"))
    with RunWriter(old) as writer:
        writer.metrics(1000, {"return_mean": 950.0})
    new = RunStore().create(RunSpec(name="new"))
    comparison = compare([contestant_of(old), contestant_of(new)])
    assert [standing.frames_to_goal for standing in comparison.standings] == [1000, None]
    assert [standing.seconds_to_goal for standing in comparison.standings] == [None, None]
    assert "1,000 frames" in comparison_text(comparison)
    assert "all settings are the same" in comparison_text(comparison)
    new.spec.write_text("name: [broken")
    damaged = compare([contestant_of(old), contestant_of(new)])
    assert "settings of run 2 cannot be read" in comparison_text(damaged)


def test_the_command_line_prints_ranking_and_settings(
    runs: list[RunPaths], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", "low", "high", "3"]) == 0
    printed = capsys.readouterr().out
    first = next(line for line in printed.splitlines() if " high " in line)
    assert first.split() == ["1", "2", "high", "finished", "910.0", "±", "2.5", "725.0", "4s", "500", "526M"]
    assert ["seed", "1", "7", "1"] in [line.split() for line in printed.splitlines()]
    assert main(["compare", "1", "2", "low", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["run"] for row in document["ranking"]] == ["2", "1"], "each once"
    assert document["ranking"][0]["seconds_to_goal"] == 4.0
    assert document["differences"] == {"seed": {"1": "1", "2": "7"}}
    assert main(["compare", "1", "nobody"]) == 4
    assert "nobody" in capsys.readouterr().err


def test_an_export_has_everything_and_a_name_of_its_own(runs: list[RunPaths], store_home: Path) -> None:
    comparison = compare([contestant_of(paths, ["loss/value"]) for paths in runs])
    shown = Shown("loss/value", Axis.TRAINING, log=True, slots=(3, 0, 1))
    first, second = (export(comparison, shown, RunStore().home) for _ in range(2))
    assert first != second and first.parent == RunStore().home / "comparisons"
    with (first / "curves.csv").open(newline="") as file:
        points = list(csv.DictReader(file))
    assert len(points) == 9
    assert (points[4]["run"], points[4]["frames"], points[4]["loss/value"]) == ("2", "1000", "1.0")
    with (first / "ranking.csv").open(newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["high", "low", "unproven"]
    assert (first / "settings.csv").read_text() == "setting,1,2,3\nseed,1,7,1\n"
    assert (first / "comparison.txt").read_text() == comparison_text(comparison)
    assert json.loads((first / "comparison.json").read_text())["axis"] == "training time"
    picture = (first / "chart.svg").read_text()
    assert "loss/value, log scale" in picture and "training time" in picture and "2 high" in picture
    assert not list(first.parent.glob(".new-*"))
    pixels = np.asarray(Image.open(first / "chart.png").convert("RGB"))
    assert pixels.shape[:2] == (2 * 540, 2 * 960)
    for colour in ((0xCC, 0x79, 0xA7), (0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00)):
        assert (pixels == colour).all(axis=2).any(), "a line of each run's own colour"


def test_a_picture_that_cannot_be_drawn_says_why(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"chart\.png cannot be drawn: .*No such file"):
        write_png([], Labels("return", "frames"), tmp_path / "absent" / "chart.png")


def test_an_export_that_fails_leaves_nothing(runs: list[RunPaths], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("racetui.comparison.export.svg", full)
    with pytest.raises(OSError, match="No space left"):
        export(compare([contestant_of(runs[0])]), Shown(), RunStore().home)
    assert list((RunStore().home / "comparisons").iterdir()) == []


def test_a_picture_has_a_line_for_each_stretch_and_escapes_names() -> None:
    x = np.arange(400.0)
    y = np.where((x > 100) & (x < 200), np.nan, x)
    picture = svg([Line("a <b> & c", 0, x, y), Line("dashed", 1, x, y / 2)], Labels("return", "frames"))
    tree = ElementTree.fromstring(picture)
    space = "{http://www.w3.org/2000/svg}"
    lines = tree.findall(f"{space}polyline")
    assert len(lines) == 4
    assert lines[0].get("stroke") != lines[2].get("stroke")
    assert lines[0].get("stroke-dasharray") != lines[2].get("stroke-dasharray"), "told apart without colours"
    assert "a <b> & c" in [text.text for text in tree.findall(f"{space}text")]
    ElementTree.fromstring(svg([], Labels("nothing", "frames")))
    ElementTree.fromstring(svg([Line("none", 0, x, -x - 1)], Labels("nothing", "frames", log=True)))
