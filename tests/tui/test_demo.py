"""``racetui --demo``: a recorded session that goes on in time, obeys what it can, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from racetui.demo.player import begin
from racetui.demo.replay import Replay
from racetui.demo.session import SESSION
from racetui.runs import control
from racetui.runs.model import RunState, RunSummary
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from tests.tui.terminals import Terminal
from tests.tui.test_imports import HEAVY, loaded_by

DEMO = "import sys; from racetui.cli import main; sys.exit(main(['--demo']))"


class Watch:
    """A clock that goes when told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def replays(home: Path, watch: Watch) -> Iterator[dict[str, Replay]]:
    found = begin(home, watch=watch)
    yield {summary.id: replay for summary, replay in zip(reversed(RunStore(home).list()), found, strict=True)}
    for replay in found:
        replay.close()


def runs(home: Path) -> dict[str, RunSummary]:
    return {run.name: run for run in RunStore(home).list()}


def answer(home: Path, replay: Replay, run: RunSummary, order: str) -> str:
    """Give an order as the panel does, and let the player look."""
    number = control.send(RunPaths(run.path), order, {}, "panel")
    replay.tick()
    return control.outcome(RunPaths(run.path), number).outcome


def test_it_is_small_and_nobodys() -> None:
    assert SESSION.stat().st_size < 500_000
    with tarfile.open(SESSION) as archive:
        for member in archive:
            assert (member.uname, member.uid, member.mtime) == ("", 0, 0)
            content = archive.extractfile(member)
            assert content is not None
            text = content.read()
            assert not any(word in text for word in (b"/tmp/", b"/home/", b"/root/", b"/Users/", b"\x00/work/"))


def test_several_states_and_real_curves(home: Path, replays: dict[str, Replay]) -> None:
    found = runs(home)
    assert len(replays) == len(found)
    states = {run.state for run in found.values()}
    assert states == {RunState.RUNNING, RunState.PAUSED, RunState.FINISHED, RunState.CRASHED}
    for run in found.values():
        with RunReader(RunPaths(run.path)) as reader:
            curve = reader.series("return_mean")
            assert len(curve.frames) > 5
            assert curve.times[-1] <= time.time() + 1
            assert reader.spec().name == run.name
            assert reader.hardware()
    finished = next(run for run in found.values() if run.state is RunState.FINISHED)
    assert finished.best_mean is not None
    assert finished.progress == 1.0


def test_time_goes_on_until_the_run_is_finished(home: Path, replays: dict[str, Replay], watch: Watch) -> None:
    before = next(run for run in runs(home).values() if run.state is RunState.RUNNING)
    watch.seconds += 60
    replays[before.id].tick()
    after = runs(home)[before.name]
    assert after.frames > before.frames
    assert after.episodes > before.episodes
    watch.seconds += 3600
    replays[before.id].tick()
    last = runs(home)[before.name]
    assert (last.state, last.progress) == (RunState.FINISHED, 1.0)
    assert last.best_mean is not None
    watch.seconds += 60
    replays[before.id].tick()
    assert runs(home)[before.name] == last


def test_pause_resume_and_stop_are_obeyed(home: Path, replays: dict[str, Replay], watch: Watch) -> None:
    run = next(run for run in runs(home).values() if run.state is RunState.RUNNING)
    replay = replays[run.id]
    assert answer(home, replay, run, "pause") == "ok"
    watch.seconds += 300
    replay.tick()
    held = runs(home)[run.name]
    assert (held.state, held.frames) == (RunState.PAUSED, run.frames)
    assert answer(home, replay, run, "resume") == "ok"
    watch.seconds += 60
    replay.tick()
    assert runs(home)[run.name].state is RunState.RUNNING
    assert runs(home)[run.name].frames > run.frames
    for order in ("checkpoint", "evaluate"):
        assert "this is a demo" in answer(home, replay, run, order)
    assert answer(home, replay, run, "stop") == "ok"
    assert runs(home)[run.name].state is RunState.STOPPED


def test_a_recorded_pause_waits_for_somebody(home: Path, replays: dict[str, Replay], watch: Watch) -> None:
    run = next(run for run in runs(home).values() if run.state is RunState.PAUSED)
    watch.seconds += 3600
    replays[run.id].tick()
    assert runs(home)[run.name].state is RunState.PAUSED
    assert answer(home, replays[run.id], run, "resume") == "ok"
    watch.seconds += 3600
    replays[run.id].tick()
    assert runs(home)[run.name].state is RunState.FINISHED


def test_in_a_terminal_and_nothing_is_left(home: Path, tmp_path: Path) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    with Terminal(home, DEMO, environment={"TMPDIR": str(place)}) as terminal:
        terminal.shows("DEMO", "ppo-fast", "running", "crashed", "q detach", seconds=30)
        assert list(place.iterdir())
        terminal.press("s")
        terminal.shows("Start a run")
        terminal.press("\r")
        terminal.shows("this is a demo, which plays a recording")
        terminal.press("\x1b")
        terminal.pump(0.5)
        terminal.shows("Hardware, not the recorded one", "process recorded, 5 processes", "of 2 cores are used")
        terminal.press("4")
        terminal.shows("Machine", "Runs, recorded on another machine", "ppo-fast took", "processes")
        assert "pid what" not in " ".join(terminal.text.split()), "none of its processes is here"
        terminal.press("1w")
        terminal.shows("recorded, the best", seconds=20)
        terminal.press("q")
        assert terminal.ends(10) == 0
        assert "goes on" not in terminal.text
    assert list(place.iterdir()) == []
    assert not home.exists(), "the person's own store is not touched"


def test_a_panel_that_is_killed_takes_its_demo_with_it(tmp_path: Path) -> None:
    player = subprocess.Popen(
        [sys.executable, "-m", "racetui.demo.player"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": "", "TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])},
        text=True,
    )
    assert player.stdin is not None
    assert player.stdout is not None
    store = Path(player.stdout.readline().strip())
    assert (store / "runs").is_dir()
    player.stdin.close()  # as the system does for a process that was killed
    assert player.wait(10) == 0
    assert list(tmp_path.iterdir()) == []


def test_it_loads_nothing_heavy() -> None:
    modules = loaded_by("import racetui.demo.player, racetui.demo.drive, racetui.demo.playing")
    assert modules.isdisjoint({*HEAVY, "tomlkit"}), modules & set(HEAVY)
