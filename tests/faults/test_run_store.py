"""What may happen to a run store: crowds, damage, copies, full disks, places that cannot be written."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from racetui.runs.control import InvalidOrder, kill, send
from racetui.runs.database import side_file
from racetui.runs.errors import DamagedRun, NewerSchema, NotADirectory, NotWritable, StoreError
from racetui.runs.model import RunState
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.runs.writer import RunWriter
from racetui.spec import Budget, RunSpec
from tests.runs import make_first_version, new_run, spawn

WRITING = """
    from racetui.runs.model import RunState
    from racetui.runs.writer import RunWriter
    rounds = int(sys.argv[2])
    with RunWriter(paths) as writer:
        writer.identify()
        writer.set_state(RunState.RUNNING)
        print("writing", flush=True)
        for frames in range(1, rounds + 1):
            with writer.transaction():
                writer.beat(frames, frames, 0, 1.0, None, None, None)
                writer.metrics(frames, {"a": float(frames), "b": -float(frames)})
        print("written", flush=True)
        sys.stdin.read()
"""


def test_processes_that_create_runs_at_once_get_runs_of_their_own(store_home: Path) -> None:
    code = """
        from racetui.runs.store import RunStore
        from racetui.spec import RunSpec
        import racetui.config  # noqa: F401 - imported now, so that all begin together
        store = RunStore(paths.root)
        print("ready", flush=True)
        sys.stdin.readline()
        print(*(store.create(RunSpec(name="same")).id for _ in range(8)))
    """
    crowd = [spawn(code, store_home) for _ in range(4)]
    for process in crowd:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in crowd:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    ids = [number for process in crowd for number in process.communicate(timeout=60)[0].split()]
    assert sorted(map(int, ids)) == list(range(1, 33))
    runs = RunStore().list()
    assert {run.state for run in runs} == {RunState.QUEUED}
    assert {run.name for run in runs} == {"same", *(f"same-{number}" for number in range(2, 33))}
    assert {RunReader(RunPaths(run.path)).spec().name for run in runs} == {run.name for run in runs}
    assert {entry.name for entry in (store_home / "runs").iterdir()} == {".lock", *ids}


def test_reader_sees_only_whole_commits_while_thousands_are_made() -> None:
    paths = new_run()
    writer = spawn(WRITING, paths.root, 4000)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"
    reader, looks, seen, known, seq = RunReader(paths), 0, 0, RunReader(paths).series("none"), 0
    while seen < 4000:
        run = reader.summary()
        news, seq = reader.series_since("a", seq)
        known = known.joined(news)
        other = reader.series("b", after=max(0, seq - 100))
        assert seen <= run.frames <= len(known.frames) <= len(reader.series("a").frames)
        assert run.state is RunState.RUNNING
        assert len(other.frames) >= min(seq, 100)
        looks, seen = looks + 1, run.frames
    writer.communicate("", timeout=10)
    known = known.joined(reader.series("a", after=seq))
    np.testing.assert_array_equal(known.values, np.arange(1.0, 4001.0))
    np.testing.assert_array_equal(reader.series("b").values, -np.arange(1.0, 4001.0))
    assert looks > 10


def test_orders_from_a_crowd_reach_a_busy_writer() -> None:
    paths = new_run()
    code = """
        from racetui.runs.control import send
        print(*(send(paths, "checkpoint") for _ in range(25)))
    """
    with RunWriter(paths) as writer:
        writer.identify()
        writer.set_state(RunState.RUNNING)
        crowd = [spawn(code, paths.root) for _ in range(3)]
        while any(process.poll() is None for process in crowd):
            writer.metrics(1, {"a": 1.0})
        sent = {int(number) for process in crowd for number in process.communicate()[0].split()}
        assert sent == {command.id for command in writer.pending_commands()} == set(range(1, 76))


def _empty(database: Path) -> None:
    database.write_bytes(b"")


def _garbage(database: Path) -> None:
    database.write_bytes(b"not a database at all\n" * 5000)


def _half(database: Path) -> None:
    os.truncate(database, database.stat().st_size // 2 // 4096 * 4096)


def _stub(database: Path) -> None:
    os.truncate(database, 1000)


def _holed(database: Path) -> None:
    content = database.read_bytes()
    database.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))


def _missing(database: Path) -> None:
    database.unlink()


def _directory(database: Path) -> None:
    database.unlink()
    database.mkdir()


def _no_run(database: Path) -> None:
    _sql(database, "DELETE FROM run")


def _no_table(database: Path) -> None:
    _sql(database, "DROP TABLE evaluations")


def _odd_state(database: Path) -> None:
    _sql(database, "UPDATE run SET state = 'dreaming'")


def _odd_types(database: Path) -> None:
    _sql(database, "UPDATE run SET frames = 'many', name = x'ff'")


def _odd_text(database: Path) -> None:
    _sql(database, "UPDATE run SET name = cast(x'fffe' AS TEXT)")


def _no_budget(database: Path) -> None:
    _sql(database, "UPDATE run SET budget_frames = 0")


def _sql(database: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    "damage",
    [
        *(_empty, _garbage, _half, _stub, _holed, _missing, _directory, _no_run, _no_table),
        *(_odd_state, _odd_types, _odd_text, _no_budget),
    ],
)
def test_damaged_run_is_listed_as_such_and_harms_no_other(damage: Callable[[Path], None], store_home: Path) -> None:
    first, damaged, last = new_run("first"), new_run("damaged"), new_run("last")
    damage(damaged.database)
    runs = RunStore().list()
    assert [(run.id, run.state) for run in runs] == [("3", "queued"), ("2", "failed"), ("1", "queued")]
    assert str(damaged.database) in runs[1].detail
    assert runs[1].detail.isprintable()
    assert runs[1].path == damaged.root
    with pytest.raises(StoreError) as caught:
        RunReader(damaged).summary()
    assert "\n" not in str(caught.value)
    assert str(damaged.database) in str(caught.value)
    with pytest.raises(StoreError):
        send(damaged, "pause")
    with pytest.raises(StoreError):
        kill(damaged)
    assert RunStore().find("2") == damaged
    assert RunStore().find("last") == last
    assert RunStore().find("first") == first
    assert new_run("next").id == "4"


@pytest.mark.parametrize("open_it", [lambda paths: RunReader(paths).summary(), RunWriter])
def test_newer_database_asks_for_an_upgrade(open_it: Callable[[RunPaths], object]) -> None:
    paths = new_run()
    _sql(paths.database, "PRAGMA user_version = 99")
    with pytest.raises(NewerSchema, match="made by a newer racetui: upgrade"):
        open_it(paths)
    (run,) = RunStore().list()
    assert (run.state, "upgrade" in run.detail) == (RunState.FAILED, True)


@pytest.mark.parametrize("damage", [_empty, _garbage, _stub, _missing])
def test_writer_refuses_a_damaged_database_and_leaves_it_as_it_is(damage: Callable[[Path], None]) -> None:
    paths = new_run()
    damage(paths.database)
    before = paths.database.read_bytes() if paths.database.exists() else None
    with pytest.raises(DamagedRun):
        RunWriter(paths)
    assert (paths.database.read_bytes() if paths.database.exists() else None) == before


def test_spec_that_is_damaged_or_gone_is_named() -> None:
    paths = new_run()
    for spoil in (
        lambda: paths.spec.write_text("name: [1"),
        lambda: paths.spec.write_bytes(b"\xff\xfe"),
        paths.spec.unlink,
    ):
        spoil()
        with pytest.raises(DamagedRun, match=r"spec\.yaml") as caught:
            RunReader(paths).spec()
        assert "\n" not in str(caught.value)
    assert RunReader(paths).summary().name == "run"


def test_copy_of_a_run_in_use_has_its_facts_but_not_its_process(tmp_path: Path) -> None:
    paths = new_run("original")
    writer = spawn(WRITING, paths.root, 500)
    assert writer.stdout is not None
    writer.stdout.readline()
    assert writer.stdout.readline() == "written\n"  # nothing is merged yet: most of it is beside the database
    copy = tmp_path / "elsewhere" / "runs" / "7"
    shutil.copytree(paths.root, copy)
    (run,) = RunStore(tmp_path / "elsewhere").list()
    assert (run.id, run.name, run.frames, run.path) == ("7", "original", 500, copy)
    assert (run.state, run.pid) == (RunState.CRASHED, None)
    np.testing.assert_array_equal(RunReader(RunPaths(copy)).series("a").values, np.arange(1.0, 501.0))
    with pytest.raises(InvalidOrder):
        kill(RunPaths(copy))
    with pytest.raises(InvalidOrder):
        send(RunPaths(copy), "stop")
    assert RunReader(paths).summary().state is RunState.RUNNING
    with RunWriter(RunPaths(copy)) as mine:  # and can be gone on with
        mine.identify()
        mine.set_state(RunState.RUNNING)
        mine.metrics(501, {"a": 501.0})
    assert len(RunReader(RunPaths(copy)).series("a").values) == 501
    assert len(RunReader(paths).series("a").values) == 500
    assert writer.poll() is None
    writer.communicate("", timeout=10)


def test_copies_made_amid_writing_are_whole_or_say_that_they_are_damaged(tmp_path: Path) -> None:
    paths = new_run("original")
    writer = spawn(WRITING, paths.root, 4000)
    assert writer.stdout is not None
    writer.stdout.readline()
    for number in range(1, 16):
        shutil.copytree(paths.root, tmp_path / "copies" / "runs" / str(number))
    writer.communicate("", timeout=60)
    runs = RunStore(tmp_path / "copies").list()
    assert len(runs) == 15
    whole = [run for run in runs if run.state is RunState.CRASHED]
    assert all(run.state is RunState.FAILED and "damaged" in run.detail for run in runs if run not in whole)
    assert whole
    for run in whole:
        with contextlib.suppress(DamagedRun):
            series = RunReader(RunPaths(run.path)).series("a")
            np.testing.assert_array_equal(series.values, np.arange(1.0, len(series.values) + 1))


@pytest.mark.parametrize("home", ["file", "file/below", "/proc/racetui", "/proc"])
def test_places_that_cannot_hold_a_store_are_named_in_one_line(home: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    store = RunStore(tmp_path / home)
    with pytest.raises((NotADirectory, NotWritable), match="RACETUI_HOME") as caught:
        store.create(RunSpec(name="run"))
    assert str(store.home) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "file").read_text() == "mine"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@contextlib.contextmanager
def _unprivileged(directory: Path) -> Iterator[None]:
    """Be someone who may read ``directory`` but not write it: for root, chmod is not enough."""
    modes = {path: path.stat().st_mode & 0o777 for path in (directory, *directory.rglob("*"))}
    for path, mode in modes.items():
        path.chmod(mode & 0o555 | 0o444)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if was_root:
            os.seteuid(0)
        for path, mode in modes.items():
            path.chmod(mode)


@pytest.fixture
def open_store() -> Iterator[RunStore]:
    """A store with one run where other users may look: pytest's own directories are closed to them."""
    home = Path(tempfile.mkdtemp(prefix="racetui-"))
    home.chmod(0o755)
    store = RunStore(home)
    with RunWriter(store.create(RunSpec(name="shelved", budget=Budget(frames=10)))) as writer:
        writer.metrics(1, {"a": 1.0})
        writer.set_state(RunState.FINISHED)
    yield RunStore(home)
    shutil.rmtree(home)


def test_read_only_store_can_be_read_and_refuses_the_rest_in_one_line(open_store: RunStore) -> None:
    paths = RunPaths(open_store.runs / "1")
    with _unprivileged(open_store.home):
        assert not side_file(paths.database).exists()
        (run,) = open_store.list()
        assert (run.name, run.state) == ("shelved", RunState.FINISHED)
        reader = RunReader(paths)
        assert list(reader.series("a").values) == [1.0]
        assert reader.spec().name == "shelved"
        with pytest.raises(NotWritable, match="cannot write"):
            open_store.create(RunSpec(name="run"))
        with pytest.raises(NotWritable, match="cannot write"), RunWriter(paths) as writer:
            writer.set_state(RunState.STARTING)
        assert not side_file(paths.database).exists()
    with RunWriter(paths) as writer:  # someone who may write goes on with it: the reader must not stay with the past
        writer.metrics(2, {"a": 2.0})
        assert list(reader.series("a").values) == [1.0, 2.0]
    assert {entry.name for entry in open_store.runs.iterdir()} == {"1", ".lock"}


def test_an_older_run_that_cannot_be_written_is_read_as_it_is(open_store: RunStore) -> None:
    paths = RunPaths(open_store.runs / "1")
    make_first_version(paths)
    before = paths.database.read_bytes()
    with _unprivileged(open_store.home), RunReader(paths) as reader:
        assert (reader.summary().name, reader.summary().cars) == ("shelved", 1)
        assert reader.heats() == [] and list(reader.series("a").values) == [1.0]
        with pytest.raises(NotWritable, match="cannot write"):
            RunWriter(paths)
    assert paths.database.read_bytes() == before


def test_read_only_run_with_unmerged_commits_says_what_to_do(open_store: RunStore) -> None:
    paths = RunPaths(open_store.runs / "1")
    copy = RunPaths(open_store.runs / "2")
    with RunWriter(paths) as writer:
        writer.metrics(2, {"a": 2.0})
        copy.root.mkdir()
        for name in ("run.db", "run.db-wal"):
            shutil.copy(paths.root / name, copy.root / name)
    with _unprivileged(open_store.home), pytest.raises(NotWritable, match="copy it to where it can be written"):
        RunReader(copy).summary()
    assert list(RunReader(copy).series("a").values) == [1.0, 2.0]


FILLING = """
    import resource
    from racetui.runs.errors import StoreFull
    from racetui.runs.model import RunState
    from racetui.runs.store import RunStore
    from racetui.runs.writer import RunWriter
    from racetui.spec import RunSpec
    writer = RunWriter(paths)
    writer.identify()
    writer.set_state(RunState.RUNNING)
    full = 400 * 1024  # no file may grow beyond: the disk is full
    resource.setrlimit(resource.RLIMIT_FSIZE, (full, full))
    frames = 0
    try:
        while True:
            with writer.transaction():
                writer.beat(frames + 1, frames + 1, 0, 1.0, None, None, None)
                writer.metrics(frames + 1, {f"metric/{n}": float(frames + 1) for n in range(50)})
            frames += 1
    except StoreFull as error:
        print(frames)
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, full))
    try:
        RunStore(paths.root.parents[1]).create(RunSpec(name="second"))
    except StoreFull as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (full, full))
"""


def test_full_disk_is_named_and_loses_nothing_that_was_committed(store_home: Path) -> None:
    paths = new_run()
    frames, *errors = spawn(FILLING, paths.root).communicate(timeout=60)[0].splitlines()
    assert int(frames) > 5
    assert len(errors) == 2
    for error in errors:
        assert error.startswith(f"cannot write to {store_home / 'runs'}")
        assert error.endswith("free some space on its disk")
    reader = RunReader(paths)
    assert reader.summary().frames == int(frames)
    for number in range(50):
        np.testing.assert_array_equal(reader.series(f"metric/{number}").values, np.arange(1.0, int(frames) + 1))
    assert {entry.name for entry in (store_home / "runs").iterdir()} == {"1", ".lock"}
    with RunWriter(paths) as writer:  # there is space again
        writer.metrics(int(frames) + 1, {"metric/0": 0.0})
    assert len(reader.series("metric/0").values) == int(frames) + 1


def test_writer_killed_amid_writing_leaves_whole_commits() -> None:
    paths = new_run()
    writer = spawn(WRITING, paths.root, 10**6)
    assert writer.stdout is not None
    writer.stdout.readline()
    reader = RunReader(paths)
    while reader.summary().frames < 500:
        pass
    writer.kill()
    writer.wait()
    writer.stdout.close()
    run = RunReader(paths).summary()
    assert run.state is RunState.CRASHED
    assert len(reader.series("a").frames) == len(reader.series("b").frames) == run.frames
    with contextlib.closing(sqlite3.connect(paths.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
