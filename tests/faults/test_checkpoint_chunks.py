"""Bulky arrays in checkpoints: shared where equal, never lost with another checkpoint, refused by name if touched."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.api import Chunk, State
from agents.checkpoint import (
    Checkpoint,
    CheckpointError,
    EditedCheckpointError,
    PoisonedCheckpointError,
    TornCheckpointError,
    UnwritableCheckpointError,
    chunks,
    list_checkpoints,
    load_checkpoint,
    prune,
    resolve,
    save_checkpoint,
    set_pointer,
)
from agents.checkpoint.content import MANIFEST, seal
from carracing.task import Array
from tests.faults.test_hostile_checkpoint import Bomb, disk_that_takes
from tests.unit.checkpoints import make_checkpoint

PARTS: dict[str, Array] = {
    "frames-00000": np.arange(60_000, dtype=np.uint8).reshape(10, 60, 100),
    "frames-00001": np.full((4, 60, 100), 7, np.uint8),
    "rewards": np.linspace(0, 1, 14, dtype=np.float32),
    "tails": np.zeros((0, 3), np.int64),
}


def with_chunks(frames: int = 4000, /, **changes: Array) -> Checkpoint:
    def chunk(array: Array) -> Chunk:
        return Chunk(array.shape, array.dtype.name, lambda: array)

    parts = {name: chunk(array) for name, array in {**PARTS, **changes}.items()}
    made = make_checkpoint(frames)
    return replace(made, agent_state=State(made.agent_state.tensors, made.agent_state.facts, parts))


def contents(path: Path) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    chunks = load_checkpoint(path).agent_state.chunks
    arrays = {name: chunk.read() for name, chunk in chunks.items()}
    return {name: (array.dtype.name, array.shape, array.tobytes()) for name, array in arrays.items()}


def expected(**changes: Array) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    return {name: (array.dtype.name, array.shape, array.tobytes()) for name, array in {**PARTS, **changes}.items()}


def forge(path: Path, edit: Callable[[dict[str, Any]], object] = lambda content: None) -> None:
    """Bring checksums up to date with the files, change the manifest, and seal it again."""
    content = json.loads((path / MANIFEST).read_text())
    del content["sha256"]
    for name in content["files"]:
        data = (path / name).read_bytes()
        content["files"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    edit(content)
    (path / MANIFEST).write_text(json.dumps({**content, "sha256": seal(content)}))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save_checkpoint(tmp_path, with_chunks(), "periodic")


def test_what_is_saved_is_loaded_and_plain_npy(path: Path) -> None:
    assert contents(path) == expected()
    assert list(load_checkpoint(path).agent_state.chunks) == list(PARTS), "in the order they are to be read"
    for name, array in PARTS.items():
        assert np.array_equal(np.load(path / "replay" / f"{name}.npy", allow_pickle=False), array)


def test_equal_chunks_are_one_file_and_stay_when_others_go(tmp_path: Path) -> None:
    grown = np.full((5, 60, 100), 7, np.uint8)
    first = save_checkpoint(tmp_path, with_chunks(1), "periodic")
    second = save_checkpoint(tmp_path, with_chunks(2, **{"frames-00001": grown}), "periodic")
    assert (first / "replay/frames-00000.npy").samefile(second / "replay/frames-00000.npy")
    assert not (first / "replay/frames-00001.npy").samefile(second / "replay/frames-00001.npy")
    set_pointer(tmp_path, "LATEST", "2")
    prune(tmp_path, set())
    assert list_checkpoints(tmp_path) == [second]
    assert contents(second) == expected(**{"frames-00001": grown})
    again = save_checkpoint(tmp_path, with_chunks(2), "asked")
    assert contents(again) == expected(), "replacing one that it shares with"


def test_without_links_chunks_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    for frames in (1, 2):
        path = save_checkpoint(tmp_path, with_chunks(frames), "periodic")
    assert path.joinpath("replay/rewards.npy").stat().st_nlink == 1
    assert contents(path) == expected()


def test_a_file_that_was_cut_is_not_shared(tmp_path: Path) -> None:
    first = save_checkpoint(tmp_path, with_chunks(1), "periodic")
    os.truncate(first / "replay/frames-00000.npy", 100)
    assert contents(save_checkpoint(tmp_path, with_chunks(2), "periodic")) == expected()


def test_a_file_that_rotted_is_not_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = save_checkpoint(tmp_path, with_chunks(4000), "periodic")
    rotten = first / "replay/frames-00000.npy"
    before, data = rotten.stat(), bytearray(rotten.read_bytes())
    data[-1] ^= 1
    rotten.write_bytes(data)
    os.utime(rotten, ns=(before.st_atime_ns, before.st_mtime_ns))  # a disk that rots tells nobody
    monkeypatch.setattr(chunks, "_sound", set())  # as in a process that resumes
    second = save_checkpoint(tmp_path, with_chunks(8000), "periodic")
    assert contents(second) == expected()
    shared = [file.name for file in (second / "replay").iterdir() if file.stat().st_nlink == 2]
    assert len(shared) == len(PARTS) - 1 and rotten.name not in shared
    third = save_checkpoint(tmp_path, with_chunks(12_000), "periodic")
    assert (third / "replay" / rotten.name).samefile(second / "replay" / rotten.name)


def test_chunks_are_read_one_at_a_time_and_let_go(tmp_path: Path) -> None:
    alive, most = 0, 0

    class Watched(np.ndarray[Any, Any]):
        def __del__(self) -> None:
            nonlocal alive
            alive -= self.base is None

    def read() -> Array:
        nonlocal alive, most
        made = Watched((1000,), np.uint8)
        made[...] = 1
        alive += 1
        most = max(most, alive)
        return made

    state = State({}, {}, {f"frames-{number}": Chunk((1000,), "uint8", read) for number in range(20)})
    save_checkpoint(tmp_path, replace(make_checkpoint(), agent_state=state), "periodic")
    assert most <= 2


def test_a_disk_that_fills_up_amid_the_chunks_leaves_everything_as_it_was(tmp_path: Path) -> None:
    before = save_checkpoint(tmp_path, with_chunks(1), "periodic")
    set_pointer(tmp_path, "LATEST", "1")
    other = {"frames-00000": PARTS["frames-00000"] + np.uint8(1)}
    with disk_that_takes(50_000), pytest.raises(UnwritableCheckpointError, match="older checkpoints are untouched"):
        save_checkpoint(tmp_path, with_chunks(2, **other), "periodic")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["1", "LATEST"]
    assert contents(before) == expected()
    assert contents(save_checkpoint(tmp_path, with_chunks(2, **other), "periodic")) == expected(**other)


KILLED = """
import os, signal, sys
from pathlib import Path
from agents.checkpoint import save_checkpoint
from tests.faults.test_checkpoint_chunks import with_chunks

calls = 0

def deadly(function):
    def call(*arguments, **options):
        global calls
        calls += 1
        if calls == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return call

os.fsync, Path.hardlink_to = map(deadly, (os.fsync, Path.hardlink_to))
save_checkpoint(Path(sys.argv[1]), with_chunks(2), "periodic")
"""


@pytest.mark.parametrize("moment", [1, 3, 5, 7])
def test_killed_amid_the_chunks_the_older_one_is_whole(tmp_path: Path, moment: int) -> None:
    save_checkpoint(tmp_path, with_chunks(1), "periodic")
    set_pointer(tmp_path, "LATEST", "1")
    code = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(moment)], check=False).returncode
    assert code == -9
    assert resolve(tmp_path, "latest").name == "1"
    assert contents(tmp_path / "1") == expected()
    assert contents(save_checkpoint(tmp_path, with_chunks(2), "periodic")) == expected()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["1", "2", "LATEST"]


def test_what_cannot_be_loaded_again_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(PoisonedCheckpointError, match="chunk 'rewards'"):
        save_checkpoint(tmp_path, with_chunks(rewards=np.array([1.0, np.nan])), "periodic")
    with pytest.raises(TypeError, match="complex"):
        save_checkpoint(tmp_path, with_chunks(rewards=np.array([1j])), "periodic")
    for name in ("../../escaped", "A", "", "a/b", "x" * 65):
        with pytest.raises(ValueError, match="a chunk is named"):
            save_checkpoint(tmp_path, with_chunks(**{name: np.zeros(1)}), "periodic")
    assert not list(tmp_path.iterdir())


def test_cut_short_or_gone(path: Path) -> None:
    file = path / "replay/frames-00000.npy"
    whole = file.read_bytes()
    for kept in (0, 60, len(whole) - 1):
        os.truncate(file, kept)
        with pytest.raises(TornCheckpointError, match=r"frames-00000\.npy"):
            load_checkpoint(path)
    file.unlink()
    with pytest.raises(TornCheckpointError, match=r"frames-00000\.npy is missing"):
        load_checkpoint(path)
    shutil.rmtree(path / "replay")
    with pytest.raises(TornCheckpointError, match="is missing"):
        load_checkpoint(path)


def test_edited_bytes_are_found_when_the_chunk_is_read(path: Path) -> None:
    file = path / "replay/frames-00000.npy"
    whole = bytearray(file.read_bytes())
    for position in (0, 7, 100, 128, 30_000, len(whole) - 1):
        whole[position] ^= 1
        file.write_bytes(whole)
        chunks = load_checkpoint(path).agent_state.chunks
        with pytest.raises(EditedCheckpointError, match=r"frames-00000\.npy .*checksum"):
            chunks["frames-00000"].read()
        whole[position] ^= 1
        assert chunks["rewards"].read() is not None
    file.write_bytes(bytes(whole) + b"\0")
    with pytest.raises(EditedCheckpointError, match=r"frames-00000\.npy"):
        load_checkpoint(path)


def test_links_pipes_and_strangers(path: Path, tmp_path: Path) -> None:
    file = path / "replay/rewards.npy"
    kept = file.rename(tmp_path / "rewards.npy")
    file.symlink_to(kept)
    with pytest.raises(EditedCheckpointError, match="link"):
        load_checkpoint(path)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(CheckpointError, match=r"rewards\.npy"):
        load_checkpoint(path)
    file.unlink()
    kept.rename(file)
    for stranger in ("replay/more.npy", "replay/deeper", "replay2"):
        (path / stranger).touch()
        with pytest.raises(EditedCheckpointError, match="do not belong"):
            load_checkpoint(path)
        (path / stranger).unlink()
    whole = (path / "replay").rename(tmp_path / "replay")
    (path / "replay").symlink_to(whole)
    with pytest.raises(EditedCheckpointError, match="do not belong"):
        load_checkpoint(path)


def _npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def test_forged_contents_whose_checksum_is_right(path: Path, tmp_path: Path) -> None:
    forge(path)
    assert contents(path) == expected(), "the forger can make good ones"
    trace, file = tmp_path / "executed", path / "replay/rewards.npy"
    huge = _npy(PARTS["rewards"]).replace(b"(14,), }" + b" " * 18, b"(14000000000000000000,), }")
    assert len(huge) == len(_npy(PARTS["rewards"]))
    for data, error in (
        (_npy(np.array([Bomb(trace)], object)), EditedCheckpointError),
        (pickle.dumps(Bomb(trace)), EditedCheckpointError),
        (b"", EditedCheckpointError),
        (b"\x93NUMPY\x01\x00\xff\xff", EditedCheckpointError),
        (huge, EditedCheckpointError),
        (_npy(np.zeros(13, np.float32)), EditedCheckpointError),
        (_npy(np.zeros(14)), EditedCheckpointError),
        (_npy(PARTS["rewards"]) + b"more", EditedCheckpointError),
        (_npy(np.full(14, np.nan, np.float32)), PoisonedCheckpointError),
    ):
        file.write_bytes(data)
        forge(path)
        with pytest.raises(error, match=r"rewards\.npy"):
            load_checkpoint(path).agent_state.chunks["rewards"].read()
    assert not trace.exists()


@pytest.mark.parametrize("name", ["../../../etc/passwd", "A", "", "deeper/rewards"])
def test_forged_names(path: Path, name: str) -> None:
    forge(path, lambda content: content["chunks"].update({name: {"dtype": "uint8", "shape": [1]}}))
    with pytest.raises(EditedCheckpointError, match="a chunk is named"):
        load_checkpoint(path)


def test_a_manifest_of_the_first_schema_is_read(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, make_checkpoint(), "periodic")

    def age(content: dict[str, Any]) -> None:
        del content["chunks"]
        content["schema"] = 1

    forge(path, age)
    assert load_checkpoint(path).agent_state.chunks == {}
