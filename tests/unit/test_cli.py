"""What the reading commands print, over a store without any trainer."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agents.api import End
from collectors.api import EpisodeRecord, Heat
from racetui import __version__
from racetui.cli import main
from racetui.cli.attach import follow
from racetui.cli.output import plain, span, table
from racetui.exits import Exit
from racetui.runs.model import RunState
from racetui.runs.paths import RunPaths
from racetui.runs.store import RunStore
from racetui.runs.writer import RunWriter
from racetui.spec import RunSpec
from tests.program import racetui
from tests.runs import Looks


@pytest.fixture
def finished(store_home: Path) -> RunPaths:
    paths = RunStore().create(RunSpec(name="first"))
    with RunWriter(paths) as writer:
        record = EpisodeRecord(0, 7, 0, 0, 1, 250, 1000, 512.5, End.TRUNCATED, {"missed_tiles": 3.0})
        writer.beat(1000, 250, 1, 12.5, 512.5, 80.0, 0.1)
        writer.episodes([record], 1000)
        row = writer.evaluation_started(1000, "periodic", 2, 5, True, "gymnasium")
        writer.evaluation_finished(row, {"mean": 500.0, "std": 10.0, "returns": [490.0, 510.0]})
        writer.checkpoint(1000, 1 << 20, "end")
        writer.tag_checkpoint("latest", 1000)
        writer.set_state(RunState.FINISHED)
    paths.log.write_text("2020-01-02 03:04:05,678 INFO one\ntwo\nthree \x1b]0;stolen title\x07done\n")
    return paths


def test_an_empty_store_is_no_error() -> None:
    result = racetui("runs", "--json")
    assert (result.code, result.json) == (0, [])
    assert "no runs yet" in racetui("runs").out


def test_runs_as_people_and_programs_read_them(finished: RunPaths) -> None:
    (run,) = racetui("runs", "--json").json
    wanted = {
        "id",
        "name",
        "state",
        "agent",
        "collector",
        "frames",
        "episodes",
        "return_mean",
        "frames_per_second",
        "pid",
    }
    assert wanted <= run.keys()
    assert (run["id"], run["name"], run["state"], run["frames"]) == ("1", "first", "finished", 1000)
    assert run["return_mean"] == 512.5
    lines = racetui("runs").out.splitlines()
    assert lines[0].split()[:3] == ["id", "name", "state"]
    assert lines[1].split()[:3] == ["1", "first", "finished"]


def test_show_tells_everything(finished: RunPaths) -> None:
    shown = racetui("show", "first", "--json").json
    assert shown["spec"]["agent"] == "ppo"
    assert shown["evaluations"][0]["results"]["mean"] == 500.0
    assert shown["checkpoints"][0]["tags"] == ["latest"]
    text = racetui("show", "1").out
    assert "500.0 ± 10.0" in text
    assert "1,000 frames" in text


def test_a_run_whose_specification_is_damaged_is_shown_all_the_same(finished: RunPaths) -> None:
    finished.spec.write_text("garbage: [")
    result = racetui("show", "1")
    assert (result.code, result.err.count("\n")) == (0, 1)
    assert "spec.yaml" in result.err
    assert "500.0 ± 10.0" in result.out
    shown = racetui("show", "1", "--json").json
    assert (shown["spec"], shown["evaluations"][0]["results"]["mean"]) == (None, 500.0)


def test_what_is_damaged_is_no_wrong_usage_and_doctor_tells_of_it(finished: RunPaths) -> None:
    finished.spec.write_text("garbage: [")
    resumed = racetui("train", "--resume", "1", "--frames", "9k")
    assert (resumed.code, "spec.yaml" in resumed.err) == (Exit.FAILURE, True)
    told = racetui("doctor", RACETUI_QUEUE="cores=none", RACETUI_READONLY="no")
    assert told.code == Exit.FAILURE
    failed = [line for line in told.out.splitlines() if line.startswith("FAIL")]
    for words in ("spec.yaml", "RACETUI_QUEUE=cores=none", "RACETUI_READONLY"):
        assert any(words in line for line in failed), failed
    queue = racetui("queue", RACETUI_QUEUE="cores=none")
    assert (queue.code, "RACETUI_QUEUE=cores=none" in queue.err) == (Exit.USAGE, True)


def test_a_place_that_cannot_be_written_is_named(finished: RunPaths, capsys: pytest.CaptureFixture[str]) -> None:
    finished.spec.with_name(".spec.yaml.new").mkdir()  # root may write to what is read-only
    assert main(["train", "--resume", "1", "--frames", "9k"]) == Exit.USAGE
    assert f"cannot write to {finished.spec}: Is a directory; make it writable" in capsys.readouterr().err
    place = finished.log / "report"
    assert main(["compare", "1", "--out", str(place)]) == Exit.USAGE
    assert f"cannot write to {place}: {finished.log} is a file; name another" in capsys.readouterr().err


def test_checkpoints_that_are_not_there_are_not_found(finished: RunPaths, capsys: pytest.CaptureFixture[str]) -> None:
    for order in (["--promote", "5"], ["--delete", "5", "--yes"]):
        assert main(["checkpoints", "1", *order]) == Exit.NOT_FOUND
        assert "there is no checkpoint at 5 frames" in capsys.readouterr().err


def test_no_time_to_measure_in_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["calibrate", "--seconds", "0"])
    assert refused.value.code == Exit.USAGE
    assert "must be more than 0" in capsys.readouterr().err


def test_a_run_without_an_evaluation_has_no_best_yet(capsys: pytest.CaptureFixture[str]) -> None:
    RunStore().create(RunSpec(name="fresh"))
    assert main(["show", "1"]) == Exit.OK
    assert "      best  none yet\n" in capsys.readouterr().out


def test_an_interrupt_while_racetui_is_imported_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("racetui.cli.parser.make_parser", interrupted)
    assert main(["runs"]) == Exit.INTERRUPTED
    early = "import sys, racetui.cli; sys.exit('argparse' in sys.modules)"  # what takes long comes within main
    assert subprocess.run([sys.executable, "-c", early], check=False).returncode == 0


def test_a_locale_that_lacks_a_character_costs_that_character(finished: RunPaths) -> None:
    with RunWriter(finished) as writer:
        writer.event("info", "note", "caf\N{LATIN SMALL LETTER E WITH ACUTE}")
    for command, wanted in (("show", "500.0 ? 10.0"), ("logs", "caf?")):
        result = racetui(command, "1", PYTHONIOENCODING="ascii")
        assert (result.code, result.err) == (0, "")
        assert wanted in result.out


def test_logs_cannot_drive_the_terminal(finished: RunPaths) -> None:
    *printed, finished_event = racetui("logs", "1", "-n", "3").out.splitlines()
    assert printed == ["two", "three done"]
    assert finished_event.endswith(" finished")
    assert racetui("logs", "1", "-f").out.splitlines()[0] == "2020-01-02 03:04:05 one"  # ended: so does following


def test_logs_have_events_among_what_was_printed(finished: RunPaths) -> None:
    with RunWriter(finished) as writer:
        writer.event("warning", "worker", "worker 1 died; \x1b[31mreplaced")
    lines = racetui("logs", "1", "--json").json
    assert [line["text"] for line in lines] == ["one", "two", "three done", "finished", "worker 1 died; replaced"]
    assert [line["level"] for line in lines] == ["info", "output", "output", "info", "warning"]
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)
    assert racetui("logs", "1", "-n", "1").out.endswith(" warning: worker 1 died; replaced\n")
    assert racetui("logs", "1", "-n", "0").out == ""
    assert racetui("logs", "1", "-f", "--json").code == 2


def test_waiting_for_an_ended_run_is_over_at_once(finished: RunPaths) -> None:
    result = racetui("wait", "1", "--json")
    assert (result.code, result.json["state"]) == (0, "finished")


def test_doctor_looks_at_everything(store_home: Path) -> None:
    result = racetui("doctor", "--json")
    assert result.code == 0, result.out
    names = {check["name"] for check in result.json["checks"]}
    assert {
        "python",
        "torch",
        "sqlite",
        "run store",
        "cores",
        "memory",
        "gpu",
        "file descriptors",
        "disk of the store",
    } <= names
    assert result.json["hardware"]["usable_cores"] >= 1
    refused = racetui("doctor", RACETUI_HOME="/dev/null/store")
    assert refused.code == 1
    assert "RACETUI_HOME" in refused.out


def test_profiles_plan_explain_and_refuse(tmp_path: Path) -> None:
    mine = tmp_path / "config" / "racetui" / "profiles"
    mine.mkdir(parents=True)
    (mine / "mine.yaml").write_text("title: Mine\npurpose: Testing.\ncores: 1\nlanes: 4\n")
    (mine / "wrong.yaml").write_text("title: Wrong\npurpose: Testing.\ncore: 1\n")
    result = racetui("profiles", "--agent", "sac", "--json")
    assert result.code == 0
    assert {"hardware", "store", "recommended", "collectors"} <= result.json.keys()
    found = {each["name"]: each for each in result.json["profiles"]}
    plan = found["mine"]["plan"]
    assert (plan["lanes"], plan["workers"], plan["threads"], plan["replay"]) == (4, 1, 1, 30_000)
    assert found["auto"]["plan"]["reasons"]
    assert found["mine"]["stages"]["demos"] == 1
    assert "unknown key core: did you mean cores?" in found["wrong"]["error"]
    told = racetui("profiles", "mine")
    assert (told.code, "4 lanes: as the profile says." in told.out) == (0, True)
    assert racetui("profiles", "yours").code == 2
    assert (
        "cannot give task.observation grey-fast"
        in racetui("profiles", "--backend", "gymnasium", "--observation", "grey-fast").err
    )
    assert "wrong.yaml: unknown key core" in racetui("profiles", "wrong").err


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"racetui {__version__}\n"
    with pytest.raises(SystemExit, match="0"):
        main(["train", "--help"])
    assert "--resume RUN" in capsys.readouterr().out


def test_output_helpers() -> None:
    assert plain({"a": (1.5, float("nan"), Path("x")), 2: None}) == {"a": [1.5, None, "x"], "2": None}
    assert [span(value) for value in (None, 0.4, 59, 61, 3599, 7260)] == [
        "-",
        "0s",
        "59s",
        "1m01s",
        "59m59s",
        "2h01m",
    ]
    assert table(("n", "v"), [("a", "1,000"), ("bb", "-")]) == "n       v\na   1,000\nbb      -"


def test_show_tells_who_won_and_what_holds_the_run_back(finished: RunPaths) -> None:
    assert "winner" not in racetui("show", "1").out and "limit" not in racetui("show", "1").out
    with RunWriter(paths := finished) as writer:
        writer.heats([Heat(n, 70 + n, 8, (3, 3, 5)[n], 8 * n, 300.0 + n, 120.25) for n in range(3)], 1000)
        writer.metrics(1000, {"time/env": 0.1, "time/act": 0.1, "time/learn": 0.75, "time/other": 0.05})
    text = racetui("show", paths.id).out
    assert "lane 5, best of 8 cars with 302.0, spread 120.2, on track 72; lane 3 won 2 of the last 3" in text
    assert "limit  learning holds the run back: 75% of the time: fewer agent.epochs" in text
    shown = racetui("show", "1", "--json").json
    assert [heat["lane"] for heat in shown["heats"]] == [3, 3, 5]
    assert shown["recent_metrics"]["time/learn"] == 0.75
    assert shown["remarks"][0]["text"].startswith("learning holds the run back")


def test_every_episode_is_told_if_asked(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The run begins with episodes that are known; then it goes back before them, and on with two others."""
    paths, looks = RunStore().create(RunSpec(name="told")), Looks(monkeypatch)
    begun = threading.Event()

    def train() -> None:
        with RunWriter(paths) as writer:
            writer.identify()
            writer.set_state(RunState.RUNNING)
            writer.episodes([_record(0, 1.0), _record(1, 2.0)], 1000)
            begun.set()
            looks.wait()
            writer.rewind(500, 0)
            looks.wait()
            writer.episodes([_record(0, 3.5), _record(2, -4.0, End.TERMINATED)], 1000)
            writer.set_state(RunState.FINISHED)

    thread = threading.Thread(target=train)
    thread.start()
    begun.wait(10)
    assert follow(paths, verbose=True) is False
    thread.join(10)
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("episode")]
    assert lines == [
        "episode 0  seed 7  lane 2  return 3.5  1000 frames  truncated",
        "episode 2  seed 7  lane 2  return -4.0  1000 frames  terminated",
    ]


def _record(episode: int, episode_return: float, end: End = End.TRUNCATED) -> EpisodeRecord:
    return EpisodeRecord(episode, 7, 2, 0, 1, 250, 1000, episode_return, end, {})


def test_telling_episodes_and_leaving_do_not_go_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--detach", "--verbose"]) == Exit.USAGE
    assert "--verbose prints episodes as they end" in capsys.readouterr().err
