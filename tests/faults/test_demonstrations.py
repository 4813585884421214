"""Demonstration sets that were cut, edited, moved or are being written: each is refused by name, nothing is lost."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import psutil
import pytest

from agents.demonstrations import (
    BusyDemonstrationsError,
    DemonstrationsError,
    DemonstrationSet,
    DemonstrationsNotFoundError,
    EditedDemonstrationsError,
    ForeignDemonstrationsError,
    TornDemonstrationsError,
    UnfitDemonstrationsError,
    recording_into,
)
from agents.demonstrations.content import BlockHeader, FileEntry
from agents.demonstrations.sealed import decode, encode
from carracing.task import Array
from racetui.demos import record
from tests.program import RACETUI, until
from tests.unit.demonstration_sets import plan_of, record_here


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record_here(plan_of(tmp_path_factory.mktemp("demos") / "set"))


@pytest.fixture
def directory(recorded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(recorded, tmp_path / "set"))


def block(directory: Path, number: int = 0) -> Path:
    return directory / "blocks" / f"{number:06d}"


@pytest.mark.parametrize("name", ["frames.npy", "labels.npy", "driven.npy", "rewards.npy", "block.json"])
def test_cut_short_or_missing(directory: Path, name: str) -> None:
    path = block(directory) / name
    whole = path.read_bytes()
    for kept in (0, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:kept])
        with pytest.raises(TornDemonstrationsError, match=name):
            DemonstrationSet(directory, 1)
    path.unlink()
    with pytest.raises(TornDemonstrationsError, match="missing"):
        DemonstrationSet(directory, 1)


def test_a_missing_block_is_not_a_smaller_set(directory: Path) -> None:
    shutil.rmtree(block(directory, 1))
    with pytest.raises(TornDemonstrationsError, match="1 of 2 blocks"):
        DemonstrationSet(directory, 1)


def test_one_bit(directory: Path) -> None:
    path = block(directory) / "labels.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(EditedDemonstrationsError, match=r"labels\.npy"):
        DemonstrationSet(directory, 1)


def test_edited_header(directory: Path) -> None:
    path = directory / "set.json"
    content = json.loads(path.read_text())
    content["task"]["frame_skip"] = 4
    path.write_text(json.dumps(content))
    with pytest.raises(EditedDemonstrationsError, match="checksum"):
        DemonstrationSet(directory, 1)


def test_a_block_of_another_set(directory: Path, tmp_path: Path) -> None:
    other = record_here(plan_of(tmp_path / "other", seed=1))
    shutil.rmtree(block(directory))
    shutil.copytree(block(other), block(directory))
    with pytest.raises(EditedDemonstrationsError, match="another set"):
        DemonstrationSet(directory, 1)


def test_a_block_too_many(directory: Path) -> None:
    shutil.copytree(block(directory), block(directory, 7))
    with pytest.raises(EditedDemonstrationsError, match="does not belong"):
        DemonstrationSet(directory, 1)


def resealed(directory: Path, name: str, array: Array) -> None:
    """Put an array in the place of another, as somebody would who can compute checksums."""
    import hashlib

    path = block(directory) / f"{name}.npy"
    np.save(path, array, allow_pickle=True)
    header = decode(block(directory) / "block.json", BlockHeader)
    data = path.read_bytes()
    files = {**header.files, f"{name}.npy": FileEntry(len(data), hashlib.sha256(data).hexdigest())}
    forged = BlockHeader(set=header.set, number=header.number, episodes=header.episodes, files=files)
    (block(directory) / "block.json").write_bytes(encode(forged))


FORGERIES: dict[str, Callable[[Array], Array]] = {
    "another shape": lambda labels: labels[:-1],
    "another dtype": lambda labels: labels.astype(np.float64),
    "NaN": lambda labels: np.where(np.arange(len(labels))[:, None] == 3, np.float32(np.nan), labels),
    "objects": lambda labels: np.array([object()] * 3, dtype=object),
    "another order": lambda labels: np.asfortranarray(labels),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_arrays(directory: Path, forgery: str) -> None:
    labels = np.load(block(directory) / "labels.npy")
    try:
        resealed(directory, "labels", FORGERIES[forgery](labels))
    except (TypeError, AttributeError):  # object() cannot be pickled by reference; a number can
        resealed(directory, "labels", np.array([{}, {}], dtype=object))
    with pytest.raises(EditedDemonstrationsError, match=r"labels\.npy"):
        DemonstrationSet(directory, 1)


def test_links_and_pipes(directory: Path) -> None:
    path = block(directory) / "rewards.npy"
    kept = path.rename(directory / "elsewhere.npy")
    path.symlink_to(kept)
    with pytest.raises(EditedDemonstrationsError, match="plain file"):
        DemonstrationSet(directory, 1)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(EditedDemonstrationsError, match="plain file"):
        DemonstrationSet(directory, 1)


def test_what_is_no_set(tmp_path: Path, directory: Path) -> None:
    with pytest.raises(DemonstrationsNotFoundError):
        DemonstrationSet(tmp_path / "nowhere", 1)
    with pytest.raises(ForeignDemonstrationsError):
        DemonstrationSet(tmp_path, 1)
    (directory / "set.json").write_text('{"format": "other"}')
    with pytest.raises(ForeignDemonstrationsError):
        DemonstrationSet(directory, 1)
    (directory / "set.json").write_text("[" * 100_000)
    with pytest.raises(DemonstrationsError):
        DemonstrationSet(directory, 1)
    (directory / "set.json").write_text('{"format": "racetui demonstrations", "schema": 2}')
    with pytest.raises(ForeignDemonstrationsError, match="upgrade"):
        DemonstrationSet(directory, 1)


def test_another_plan_does_not_touch_a_set(directory: Path) -> None:
    with pytest.raises(UnfitDemonstrationsError, match="seed 0, not 5"):
        record(plan_of(directory, seed=5), workers=1)
    DemonstrationSet(directory, 1)


def test_a_directory_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ForeignDemonstrationsError, match="other things"):
        record(plan_of(tmp_path), workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_two_recordings_at_once(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "set")
    with recording_into(plan.directory, plan.header), pytest.raises(BusyDemonstrationsError):
        record(plan, workers=1)


def test_a_full_disk_is_said_and_costs_one_block(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "set")
    record_here(plan, blocks=1)
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(DemonstrationsError, match="cannot write"):
            record_here(plan)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    record_here(plan)
    DemonstrationSet(plan.directory, 1)


def test_a_killed_worker_costs_its_block_only(tmp_path: Path, recorded: Path) -> None:
    plan = plan_of(tmp_path / "set", episodes=12)
    killed: list[int] = []

    def kill_one(done: object, left: int) -> None:
        if not killed:
            workers = [process for process in active_children() if process.pid is not None]
            victim = psutil.Process(workers[0].pid)
            victim.send_signal(signal.SIGKILL)
            killed.append(victim.pid)

    done = record(plan, workers=2, on_block=kill_one)
    assert killed
    assert done.incidents
    whole = DemonstrationSet(plan.directory, 1)
    assert len(whole.episodes) == 12
    again = DemonstrationSet(record_here(plan_of(tmp_path / "again", episodes=12)), 1)
    assert [e.episode_return for e in whole.episodes] == [e.episode_return for e in again.episodes]


def _has_a_fork_server(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):  # a child that has just gone
        return any("forkserver" in " ".join(child.cmdline()) for child in psutil.Process(pid).children())
    return False


def test_an_interrupt_reaches_no_process_but_the_one_that_tells_of_it(tmp_path: Path) -> None:
    """Not even the fork server, which is busy with its imports when it comes."""
    command = [*RACETUI, "demos", "--episodes", "5000", "--workers", "1", "--out", str(tmp_path / "set")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as recording:
        try:
            until(lambda: _has_a_fork_server(recording.pid), what="its start")
            os.killpg(recording.pid, signal.SIGINT)
            _, told = recording.communicate(timeout=60)
        finally:
            recording.kill()
    assert recording.returncode == 130
    assert "the same command goes on" in told
    assert "Traceback" not in told
    assert "Error" not in told
