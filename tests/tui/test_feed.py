"""Pictures of a real store: what is new is found, and only that is read."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from collectors.api import Heat
from racetui.runs.logbook import LogLine, merged
from racetui.runs.model import RunState
from racetui.runs.store import RunStore
from racetui.runs.writer import RunWriter
from racetui.tui.clockwork import Clockwork
from racetui.tui.feed import Feed
from racetui.tui.picture import Compared, Picture
from tests.program import until
from tests.tui import scenes, stores


def feed(home: Path) -> Feed:
    return Feed(RunStore(home), sampler=None)


def test_an_absent_store_is_empty(home: Path) -> None:
    picture = feed(home).poll(None)
    assert picture.runs == ()
    assert picture.detail is None
    assert picture.problem == ""


def test_follows_the_selected_run(home: Path) -> None:
    stores.finished(home)
    _, writer = stores.running(home, rounds=10)
    source = feed(home)
    first = source.poll(None)
    assert [run.id for run in first.runs] == ["2", "1"]
    assert first.detail is not None
    assert first.detail.run_id == "2", "the newest, while none is selected"
    assert len(first.detail.series["return_mean"].values) == 10
    assert first.detail.shares["act"] == pytest.approx(0.1)
    assert first.detail.usage is not None
    again = source.poll("2")
    assert again.detail is not None
    for name, series in first.detail.series.items():
        assert again.detail.series[name] is series, "nothing new is the same object, so that nothing is drawn"
    assert again.detail.log is first.detail.log
    stores.train(writer, 2, first=11)
    later = source.poll("2")
    assert later.detail is not None
    assert len(later.detail.series["return_mean"].values) == 12
    other = source.poll("1")
    assert other.detail is not None
    assert other.detail.run_id == "1"
    assert len(other.detail.series["return_mean"].values) == 40
    writer.close()


def test_winners_and_what_holds_the_run_back_are_told(home: Path) -> None:
    paths, writer = stores.running(home, rounds=3)
    source = feed(home)
    detail = source.poll(None).detail
    assert detail is not None and detail.heat is None
    assert detail.remarks[0].text.startswith("simulating holds the run back")
    writer.heats([Heat(0, 5, 2, 1, 1, 30.0, 4.0), Heat(1, 6, 2, 0, 2, 50.0, 9.0)], 100)
    detail = source.poll(None).detail
    assert detail is not None and detail.heat is not None
    assert (detail.heat.lane, detail.heat.best_return) == (0, 50.0)
    paths.spec.write_text("name: [broken")
    detail = feed(home).poll(None).detail
    assert detail is not None and detail.remarks == () and detail.heat is not None
    writer.close()


def test_a_long_curve_is_thinned_and_keeps_its_extremes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("racetui.runs.curves.MOST_POINTS", 100)
    paths, writer = stores.running(home, rounds=1)
    values = np.sin(np.arange(2, 1002) / 30)
    values[500], values[501], values[700] = 99.0, -99.0, np.nan
    with writer.transaction():
        for number, value in enumerate(values, 2):
            writer.metrics(number * 4096, {"return_mean": value})
    source = feed(home)
    series = source.poll(paths.id).detail.series["return_mean"]  # type: ignore[union-attr]
    assert 80 <= len(series.values) <= 150
    assert {99.0, -99.0} <= set(series.values.tolist()) and np.isnan(series.values).sum() == 1
    assert (series.frames[0], series.frames[-1]) == (4096, 1001 * 4096) and (np.diff(series.frames) > 0).all()
    for number in range(1002, 1300):
        writer.metrics(number * 4096, {"return_mean": 0.5})
        grown = source.poll(paths.id).detail.series["return_mean"]  # type: ignore[union-attr]
        assert len(grown.values) <= 202 and grown.frames[-1] == number * 4096, "it stays bounded, and goes on"
    assert {99.0, -99.0} <= set(grown.values.tolist())
    writer.close()


def test_a_rewound_run_has_each_point_once(home: Path) -> None:
    _, writer = stores.running(home, rounds=10)
    source = feed(home)
    source.poll(None)
    writer.rewind(5 * 4096, 5)
    stores.train(writer, 2, first=6)
    detail = source.poll(None).detail
    assert detail is not None
    assert (detail.series["return_mean"].frames == [4096 * number for number in range(1, 8)]).all()
    writer.close()


def test_open_orders_are_told_until_they_are_answered(home: Path) -> None:
    from racetui.runs.control import send

    paths, writer = stores.running(home, rounds=1)
    source = feed(home)
    order = send(paths, "pause", source="cli")
    detail = source.poll(None).detail
    assert detail is not None
    assert [row.name for row in detail.orders] == ["pause"]
    writer.done(order, "ok")
    detail = source.poll(None).detail
    assert detail is not None
    assert detail.orders == ()
    writer.close()


def test_log_and_events_come_in_order_of_time(home: Path) -> None:
    paths, writer = stores.running(home, rounds=1)
    source = feed(home)
    detail = source.poll(None).detail
    assert detail is not None
    assert [line.text for line in detail.log] == ["ready after 1.2 s", "running", "saved 4,096 frames"]
    assert [line.level for line in detail.log] == ["info"] * 3
    now = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() + 5))
    with paths.log.open("a") as log:
        log.write(f"{now},000 WARNING slow disk\nno stamp\n")
    writer.event("error", "fault", "earlier")
    detail = source.poll(None).detail
    assert detail is not None
    assert [(line.level, line.text) for line in detail.log[3:]] == [
        ("error", "earlier"),
        ("warning", "slow disk"),
        ("output", "no stamp"),
    ]
    writer.close()


def test_notes_are_put_where_they_belong() -> None:
    lines = (LogLine(1.0, "info", "one"), LogLine(3.0, "info", "three"))
    assert merged(lines, []) is lines
    assert [line.text for line in merged(lines, [LogLine(2.0, "info", "two")])] == ["one", "two", "three"]


def test_a_damaged_run_does_not_hide_the_others(home: Path) -> None:
    good = stores.finished(home)
    bad = stores.failed(home)
    for name in ("run.db", "run.db-wal"):
        if (bad.root / name).exists():
            (bad.root / name).write_bytes(b"rubbish" * 1000)
    picture = feed(home).poll(bad.id)
    assert picture.problem == ""
    assert [(run.id, run.state) for run in picture.runs] == [(bad.id, RunState.FAILED), (good.id, RunState.FINISHED)]
    assert "damaged" in picture.runs[0].detail


def test_a_store_that_cannot_be_read_is_told_and_the_last_picture_kept(home: Path) -> None:
    stores.finished(home)
    source = feed(home)
    assert len(source.poll(None).runs) == 1
    runs = home / "runs"
    runs.rename(home / "away")
    runs.write_text("a file")
    broken = source.poll(None)
    assert "not in a directory" in broken.problem
    assert len(broken.runs) == 1, "what was seen last"
    runs.unlink()
    (home / "away").rename(runs)
    assert source.poll(None).problem == ""


def test_a_run_that_is_deleted_while_it_is_shown(home: Path) -> None:
    import shutil

    stores.finished(home)
    paths = stores.finished(home, "doomed")
    source = feed(home)
    source.poll(paths.id)
    shutil.rmtree(paths.root)
    picture = source.poll(paths.id)
    assert [run.id for run in picture.runs] == ["1"]
    assert picture.detail is not None
    assert picture.detail.run_id == "1"


def test_files_are_let_go(home: Path) -> None:
    stores.finished(home)
    source = feed(home)
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0  # noqa: PTH208
    source.poll(None)
    source.close()
    if before:
        assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


class Watch:
    """Collects what a Clockwork delivers."""

    def __init__(self) -> None:
        self.source = scenes.Still()
        self.pictures: list[Picture] = []
        self.errors: list[Exception] = []
        self.arrived = threading.Event()
        self.clockwork = Clockwork(lambda: self.source, self._deliver, self._fail)

    def _deliver(self, picture: Picture) -> None:
        self.pictures.append(picture)
        self.arrived.set()

    def _fail(self, error: Exception) -> None:
        self.errors.append(error)
        self.arrived.set()


def test_clockwork_looks_at_once_again_soon_and_then_at_its_rate() -> None:
    watch = Watch()
    watch.clockwork.rate = 0.25
    watch.clockwork.start()
    until(lambda: len(watch.pictures) == 2)
    time.sleep(0.5)
    assert len(watch.pictures) == 2
    watch.arrived.clear()
    watch.clockwork.wake()
    assert watch.arrived.wait(10.0)
    watch.clockwork.stop()
    watch.clockwork.join(10.0)
    assert not watch.clockwork.is_alive()


def test_clockwork_does_not_look_while_frozen() -> None:
    watch = Watch()
    watch.clockwork.rate = 4.0
    watch.clockwork.start()
    assert watch.arrived.wait(10.0)
    watch.clockwork.freeze(True)
    for _ in range(20):  # a look may be under way
        looks = watch.source.looks
        watch.clockwork.wake()
        time.sleep(0.5)
        if watch.source.looks == looks:
            break
    else:
        pytest.fail("it goes on looking")
    watch.clockwork.freeze(False)
    until(lambda: watch.source.looks > looks)
    watch.clockwork.stop()
    watch.clockwork.join(10.0)


def test_an_unforeseen_error_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch()

    def broken(_selected: str | None, _compared: object = None) -> Picture:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(watch.source, "poll", broken)
    watch.clockwork.start()
    assert watch.arrived.wait(10.0)
    assert isinstance(watch.errors[0], ZeroDivisionError)
    watch.clockwork.join(10.0)
    assert not watch.clockwork.is_alive()


def test_reading_never_holds_the_writer_up(home: Path) -> None:
    paths, writer = stores.running(home, rounds=3)
    source = feed(home)
    with writer.transaction():
        stores.train(writer, 1, first=4)
        picture = source.poll(None)  # amid a transaction of the trainer
        assert picture.problem == ""
    with RunWriter(paths) as second:
        second.event("info", "note", "the database is not locked")
    writer.close()


def test_marked_runs_are_read_side_by_side(home: Path) -> None:
    paths = stores.finished(home)
    _, writer = stores.running(home, rounds=3)
    source = feed(home)
    assert source.poll(None).comparison is None
    wanted = Compared(("2", "1", "77"), "time/act")
    found = source.poll(None, wanted).comparison
    assert found is not None
    assert [one.run.id for one in found.contestants] == ["2", "1"], "in the order of their marks"
    assert [len(one.series["time/act"].values) for one in found.contestants] == [3, 40]
    stores.train(writer, 1, first=4)
    later = source.poll(None, wanted).comparison
    assert later is not None and len(later.contestants[0].series["return_mean"].values) == 4
    assert later.contestants[1] is found.contestants[1], "nothing is read of a run that has ended"
    alone = source.poll(None, Compared(("1",))).comparison
    assert source.poll(None, Compared(("1",))).comparison is alone, "nothing new is the same object"
    paths.database.write_bytes(b"not a database")
    assert source.poll(None, Compared(("1", "2"))).comparison is not None, "a damaged run is left out"
    assert source.poll(None).comparison is None
    writer.close()
