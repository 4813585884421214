"""Watching: the lease, the ring, what a trainer lends, and the process that drives while somebody looks."""

from __future__ import annotations

import logging
import mmap
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from agents.api import Decision, WeightsSnapshot
from agents.random import EpisodeRandom
from agents.registry import make_agent
from carracing.observation import grey
from carracing.task import Array, TaskConfig, task_spec
from racetui.counters import Counters
from racetui.runs.model import RunState
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.runs.writer import RunWriter
from racetui.spec import Budget, RunSpec
from racetui.trainer.lending import Lender
from racetui.watch import lease
from racetui.watch.__main__ import NICENESS
from racetui.watch.car import Car
from racetui.watch.driving import Show
from racetui.watch.lease import LEASE_SECONDS, Lease, Source, sources
from racetui.watch.ring import SLOTS, RingReader, RingWriter
from racetui.watch.shot import MISSED, VISITED, Shot
from racetui.watch.weights import Lent, WeightsError, borrow, lend
from tests.policies import TASK, make_policy, save_policy
from tests.program import until
from tests.runs import new_run, spawn
from tests.shots import make_shot

FAR = LEASE_SECONDS + 1


def age(path: Path) -> None:
    """Let a lease run out."""
    past = time.time() - FAR
    os.utime(path, (past, past))


def test_a_frame_is_read_as_it_was_written(tmp_path: Path) -> None:
    with RingWriter(tmp_path / "frames") as ring:
        reader = RingReader(tmp_path / "frames")
        assert (reader.newest, reader.read(0), reader.read(1)) == (0, None, None)
        written = make_shot(7, over=True)
        ring.write(written)
        ring.note("driving — somewhere")
        shot = reader.read(reader.newest)
        assert shot is not None
        for name in Shot.__dataclass_fields__:
            assert getattr(shot, name) == pytest.approx(getattr(written, name)), name
        assert reader.note == "driving — somewhere"
    assert not (tmp_path / "frames").exists()


def test_what_was_overwritten_is_gone(tmp_path: Path) -> None:
    with RingWriter(tmp_path / "frames") as ring:
        reader = RingReader(tmp_path / "frames")
        for number in range(1, SLOTS + 11):
            ring.write(make_shot(number))
        assert reader.newest == SLOTS + 10
        frames = [shot.frame if (shot := reader.read(n)) else None for n in range(1, SLOTS + 12)]
        assert frames == [None] * 10 + list(range(11, SLOTS + 11)) + [None]


def test_a_reader_that_is_closed_still_reads(tmp_path: Path) -> None:
    with RingWriter(tmp_path / "frames") as ring:
        reader = RingReader(tmp_path / "frames")
        ring.write(make_shot(1))
        ring.note("driving")
        reader.close()
        assert reader.newest == 1 and reader.read(1) is not None and reader.note == "driving"


def test_a_torn_frame_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "frames"
    with RingWriter(path) as ring:
        reader = RingReader(path)
        ring.write(make_shot(200))
        with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
            middle = memory.find(bytes([200] * 500))
            memory[middle + 100] = 199
            assert reader.read(1) is None
            memory[middle + 100] = 200
            assert reader.read(1) is not None


def test_a_reader_beside_a_busy_writer_sees_whole_frames_only(tmp_path: Path) -> None:
    stop = threading.Event()
    with RingWriter(tmp_path / "frames") as ring:
        reader = RingReader(tmp_path / "frames")

        def write() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                ring.write(make_shot(number))

        writer = threading.Thread(target=write)
        writer.start()
        try:
            seen = 0
            while seen < 100:
                for number in (reader.newest, reader.newest - SLOTS + 1):  # the newest, and the one written next
                    if (shot := reader.read(number)) is not None:
                        seen += 1
                        assert shot.frame == number
                        assert (shot.picture == number % 256).all()
        finally:
            stop.set()
            writer.join()


def test_whether_somebody_writes_is_known_at_once(tmp_path: Path) -> None:
    code = """
    from racetui.watch.ring import RingWriter
    ring = RingWriter(Path(sys.argv[1]))
    print("ready", flush=True)
    time.sleep(60)
    """
    path = tmp_path / "frames"
    writer = spawn(code, path)
    assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
    first = RingReader(path)
    assert _lives(first)
    writer.kill()
    writer.wait()
    assert not _lives(first)
    with RingWriter(path) as second, RingWriter(path) as third:
        assert not _lives(first) and _lives(RingReader(path))
        assert (second.replaced, third.replaced) == (True, False)
        second.close()
        assert path.exists(), "it is another one's"
    assert not path.exists()
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match="not a ring of frames"):
        RingReader(path)


def _lives(reader: RingReader) -> bool:
    return reader.current


def test_a_lease_runs_out() -> None:
    paths = new_run()
    assert lease.current(paths) is None
    lease.renew(paths, Lease("best"))
    assert lease.current(paths) == Lease("best")
    age(paths.lease)
    assert lease.current(paths) is None
    for nonsense in ("", "[]", '{"source": "elsewhere"}'):
        paths.lease.write_text(nonsense)
        assert lease.current(paths) is None


def test_what_can_be_watched_depends_on_the_run() -> None:
    with RunReader(new_run()) as reader:
        run = replace(reader.summary(), state=RunState.RUNNING, checkpoint_frames=5)
    assert sources(run) == ("training",)
    assert sources(replace(run, best_checkpoint=4)) == ("training", "best")
    assert sources(replace(run, state=RunState.CRASHED, best_checkpoint=4)) == ("best", "latest")
    assert sources(replace(run, state=RunState.FAILED, checkpoint_frames=None)) == ()


def test_weights_are_lent_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    with pytest.raises(FileNotFoundError):
        borrow(path)
    tensors = {"policy": np.arange(6, dtype=np.float32).reshape(2, 3).T}
    lend(path, Lent(WeightsSnapshot(9, tensors, {"epsilon": 0.5}), "ppo", 812))
    lent = borrow(path)
    assert (lent.episode, lent.weights.version, lent.weights.knobs) == (812, 9, {"epsilon": 0.5})
    assert (lent.weights.tensors["policy"] == tensors["policy"]).all()
    for data in (b"", b"nonsense" * 9, path.read_bytes()[:-3], path.read_bytes().replace(b"episode", b"epizode")):
        path.write_bytes(data)
        with pytest.raises(WeightsError):
            borrow(path)


def test_a_trainer_that_nobody_watches_lends_nothing() -> None:
    paths = new_run()
    asked: list[int] = []

    def snapshot() -> WeightsSnapshot:
        asked.append(1)
        return WeightsSnapshot(len(asked), {"w": np.zeros(1, np.float32)})

    with RunWriter(paths) as writer:
        lender = Lender(paths, writer)
        there = set(paths.root.iterdir())
        for rounds in range(3):
            lender.poll("ppo", Counters(rounds=rounds), snapshot)
        assert not asked and set(paths.root.iterdir()) == there
        lease.renew(paths, Lease("best"))
        lender.poll("ppo", Counters(rounds=3), snapshot)
        assert not asked, "whoever sees the best checkpoint needs none"
        lease.renew(paths, Lease("training"))
        for rounds in (3, 3, 3, 4):
            lender.poll("ppo", Counters(rounds=rounds, episodes=10 * rounds), snapshot)
        assert len(asked) == 2, "once a round"
        assert (borrow(paths.weights).episode, borrow(paths.weights).weights.version) == (40, 2)
        age(paths.lease)
        lender.poll("ppo", Counters(rounds=5), snapshot)
        assert not paths.weights.exists()
        assert len(asked) == 2


class Noting:
    """An actor that writes down what it saw, and drives straight on."""

    def __init__(self) -> None:
        self.saw: list[Array] = []

    def load(self, weights: WeightsSnapshot) -> None:
        """It has no weights."""

    def act(self, observations: Array, rngs: EpisodeRandom) -> Decision:
        """Half throttle."""
        self.saw.append(observations[0].copy())
        actions = np.array([[0.0, 0.5]], np.float32)
        return Decision(actions, actions, None)


def test_the_car_that_is_seen_is_the_car_that_is_driven() -> None:
    car, actor = Car(TaskConfig(frame_skip=4, early_stop=60, random_start=True)), Noting()
    shots = list(car.drive(actor, 1, 812, 5, np.uint64(3)))
    car.close()
    assert [shot.frame for shot in shots] == list(range(len(shots)))
    assert [shot.over for shot in shots] == [False] * (len(shots) - 1) + [True]
    for step, saw in enumerate(actor.saw):
        assert (saw[-1] == grey(shots[4 * step].picture)).all()
    last = shots[-1]
    assert (last.episode, last.seed, last.gas, last.brake) == (812, 5, 0.5, 0.0)
    assert last.missed == (last.tiles == MISSED).sum()
    assert last.progress == pytest.approx((last.tiles == VISITED).mean())
    assert last.speed > 10


@pytest.fixture
def policy() -> Iterator[RunPaths]:
    """A run that this process trains, with a checkpoint of a policy that leaves the playfield."""
    task = replace(TASK, frame_skip=4)
    paths = RunStore().create(RunSpec(name="watched", task=task, budget=Budget(frames=1000)))
    save_policy(paths.checkpoints, task)
    with RunWriter(paths) as writer:
        writer.identify()
        writer.set_state(RunState.RUNNING)
        yield paths


def test_a_checkpoint_is_driven_until_nobody_looks(policy: RunPaths) -> None:

    def watched(source: Source, seen: Callable[[], Any], what: str) -> Any:
        """Somebody looks until something is to be seen, and renews the lease as whoever looks."""

        def look() -> Any:
            lease.renew(policy, Lease(source))
            return seen()

        return until(look, what=what)

    lease.renew(policy, Lease("latest"))
    show = threading.Thread(target=Show(policy).run)
    show.start()
    try:
        reader = watched("latest", lambda: _reader(policy), "the ring appears")
        watched("latest", lambda: reader.newest >= 5, "frames appear")
        shot = watched("latest", lambda: reader.read(reader.newest), "a frame")
        assert (shot.episode, shot.seed, shot.version) == (-1, 3_000_000, 1)
        assert reader.note == "latest checkpoint, 1 frames, track 3000000"
        watched("training", lambda: "waiting for the weights" in reader.note, "nothing is lent yet")
        agent, _ = make_policy(replace(TASK, frame_skip=4))
        with RunReader(policy) as facts:
            lend(policy.weights, Lent(_for(facts.spec(), agent.snapshot()), "ppo", 812))
        watched("training", lambda: "training, episode 812" in reader.note, "what is lent is driven")
    finally:
        age(policy.lease)
        show.join(20)
    assert not show.is_alive()
    assert not {policy.frames, policy.lease, policy.weights} & set(policy.root.iterdir())


def test_what_the_first_picture_waits_for_is_said(policy: RunPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    made = threading.Event()

    class Slow(Car):
        def __init__(self, task: TaskConfig) -> None:
            logging.getLogger("carracing.simulator.compiled").warning("compiling for a while")
            assert made.wait(20)
            super().__init__(task)

    monkeypatch.setattr("racetui.watch.driving.Car", Slow)
    lease.renew(policy, Lease("latest"))
    show = threading.Thread(target=Show(policy).run)
    show.start()
    try:
        reader = until(lambda: _reader(policy), what="the ring appears")
        until(lambda: reader.note == "compiling for a while", what="it is said")
        made.set()
        until(lambda: reader.newest and reader.note.startswith("latest checkpoint"), what="and no more")
    finally:
        made.set()
        age(policy.lease)
        show.join(20)


def _for(spec: RunSpec, weights: WeightsSnapshot) -> WeightsSnapshot:
    """Weights that fit the agent of the spec, whose settings are the usual ones."""
    return make_agent(spec.agent, task_spec(spec.task), spec.agent_config, 1).snapshot()


def _reader(paths: RunPaths) -> RingReader | None:
    return RingReader(paths.frames) if paths.frames.exists() else None


WATCH = """
from racetui.watch.watcher import View, Watcher
watcher = Watcher()
while True:
    watcher.keep(View(paths, "latest"))
    if watcher.newest:
        print(watcher._process[1].pid, flush=True)
        break
    time.sleep(0.05)
while True:
    watcher.keep(View(paths, "latest"))
    time.sleep(0.05)
"""


def test_the_process_that_drives_does_not_outlive_a_killed_watcher(policy: RunPaths) -> None:
    watcher = spawn(WATCH, policy.root)
    assert watcher.stdout is not None
    driving = psutil.Process(int(watcher.stdout.readline()))
    assert driving.nice() == NICENESS
    watcher.send_signal(signal.SIGKILL)
    watcher.wait()
    age(policy.lease)
    until(lambda: not driving.is_running() or driving.status() == psutil.STATUS_ZOMBIE, what="it ends by itself")
    assert not policy.frames.exists()
    assert "Traceback" not in policy.log.read_text()


def test_watching_loads_nothing_heavy() -> None:
    code = "import racetui.watch.watcher, racetui.watch.recording, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not {"torch", "numba", "gymnasium", "textual", "av", "PIL"} & set(done.stdout.split())
