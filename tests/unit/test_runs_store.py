"""The run store: making, listing and finding runs."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import platformdirs
import pytest

from racetui.runs.errors import AmbiguousRun, NotADirectory, RunNotFound
from racetui.runs.model import RunState
from racetui.runs.paths import home
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.runs.writer import RunWriter
from racetui.spec import Budget, RunSpec
from tests.runs import new_run


def test_home_is_the_users_data_directory_unless_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RACETUI_HOME")
    assert home() == platformdirs.user_data_path("racetui")
    monkeypatch.setenv("RACETUI_HOME", "")
    assert home() == platformdirs.user_data_path("racetui")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RACETUI_HOME", "here")
    assert home() == tmp_path / "here"


def test_store_that_is_not_there_yet_is_empty_and_stays_unmade(store_home: Path) -> None:
    assert RunStore().list() == []
    assert not store_home.exists()


def test_new_run_is_queued_and_has_everything_its_spec_says(store_home: Path) -> None:
    spec = RunSpec(name="first", collector="sync", seed=7, budget=Budget(steps=10, seconds=2.5))
    paths = RunStore().create(spec)
    assert paths.root == store_home / "runs" / "1"
    assert {entry.name for entry in paths.root.iterdir()} == {"spec.yaml", "run.db", "checkpoints", "evals", "tb"}
    (run,) = RunStore().list()
    assert (run.id, run.name, run.path, run.state, run.detail) == ("1", "first", paths.root, RunState.QUEUED, "")
    assert (run.agent, run.collector, run.seed, run.budget) == ("ppo", "sync", 7, spec.budget)
    assert (run.lanes, run.workers) == (spec.collector_config.lanes, spec.collector_config.workers)
    assert (run.frames, run.progress, run.eta_seconds, run.pid, run.best_mean) == (0, 0.0, None, None, None)
    read = RunReader(paths).spec()
    assert (read.name, read.seed, read.budget, read.task) == ("first", 7, spec.budget, spec.task)


def test_ids_count_up_and_names_stay_unique() -> None:
    created = [new_run(name) for name in ("a", "a", "b", "a", "a-2")]
    assert [paths.id for paths in created] == ["1", "2", "3", "4", "5"]
    runs = RunStore().list()
    assert [run.id for run in runs] == ["5", "4", "3", "2", "1"]
    assert [run.name for run in runs] == ["a-2-2", "a-3", "b", "a-2", "a"]
    assert RunReader(created[1]).spec().name == "a-2"


def test_a_number_somebody_else_took_is_left_alone(store_home: Path) -> None:
    new_run()
    (store_home / "runs" / "2").write_text("a file")
    assert new_run().id == "3"
    assert (store_home / "runs" / "2").read_text() == "a file"


def test_what_a_process_that_died_had_begun_is_cleaned_up(store_home: Path) -> None:
    left = store_home / "runs" / ".new-4242-0badcafe" / "checkpoints"
    left.mkdir(parents=True)
    new_run()
    assert {entry.name for entry in (store_home / "runs").iterdir()} == {".lock", "1"}


def test_the_longest_name_still_gets_its_number() -> None:
    names = [RunStore().find(new_run("x" * 64).id).id for _ in range(3)]
    assert names == ["1", "2", "3"]
    assert [run.name for run in RunStore().list()] == ["x" * 62 + "-3", "x" * 62 + "-2", "x" * 64]


def test_find_prefers_exact_id_then_exact_name_then_a_unique_prefix() -> None:
    for name in ("alpha", "alpine", "beta", "x", *["many"] * 8):
        new_run(name)
    store = RunStore()
    found = {reference: store.find(reference).id for reference in ("1", "12", "alpha", "alpi", "b", "many", "many-8")}
    assert found == {"1": "1", "12": "12", "alpha": "1", "alpi": "2", "b": "3", "many": "5", "many-8": "12"}


@pytest.mark.parametrize("reference", ["al", "a"])
def test_find_lists_the_candidates_of_an_ambiguous_reference(reference: str) -> None:
    for name in ("alpha", "alpine", "beta"):
        new_run(name)
    with pytest.raises(AmbiguousRun, match=r"2 \(alpine\), 1 \(alpha\)"):
        RunStore().find(reference)


@pytest.mark.parametrize("reference", ["gamma", "", "9", "lpha", "ALPHA"])
def test_find_lists_what_there_is_when_there_is_no_such_run(reference: str) -> None:
    new_run("alpha")
    with pytest.raises(RunNotFound, match=r"1 \(alpha\)"):
        RunStore().find(reference)


def test_find_in_an_empty_store_says_so(store_home: Path) -> None:
    with pytest.raises(RunNotFound, match=str(store_home)):
        RunStore().find("1")


def test_a_store_that_remembers_ended_runs_sees_every_change() -> None:
    paths, store = new_run(), RunStore()
    with RunWriter(paths) as writer:
        for frames, state in enumerate((RunState.FINISHED, RunState.FAILED, RunState.STOPPED)):
            writer.set_state(state)
            writer.beat(frames, frames, 0, 0.0, None, None, None)
            assert [(run.state, run.frames) for run in store.list()] == [(state, frames)]
            assert [(run.state, run.frames) for run in store.list()] == [(state, frames)]


def test_a_file_in_place_of_the_runs_is_named(store_home: Path) -> None:
    store_home.mkdir()
    (store_home / "runs").write_text("")
    for use in (RunStore().list, new_run):
        with pytest.raises(NotADirectory, match="RACETUI_HOME"):
            use()


def test_fifty_runs_are_listed_in_well_under_a_tenth_of_a_second() -> None:
    for number in range(50):
        paths = new_run(f"run-{number}")
        if number % 2:
            with RunWriter(paths) as writer:
                writer.set_state(RunState.FINISHED)
    seconds = []  # of this process: how busy the machine is proves nothing
    for _ in range(3):
        started = time.process_time()
        assert len(RunStore().list()) == 50
        seconds.append(time.process_time() - started)
    assert min(seconds) < 0.1


def test_using_the_store_loads_nothing_heavy() -> None:
    code = (
        "import sys, json\n"
        "import racetui.runs.control, racetui.runs.log\n"
        "from racetui.runs.store import RunStore\n"
        "from racetui.runs.reader import RunReader\n"
        "from racetui.spec import RunSpec\n"
        "RunReader(RunStore().create(RunSpec(name='a'))).spec()\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = {name.partition(".")[0] for name in json.loads(out)}
    assert not loaded & {"torch", "gymnasium", "numba", "stable_baselines3", "textual"}
