"""Checkpoints that were cut, edited, forged or interrupted: each is refused by name, and nothing is executed."""

from __future__ import annotations

import json
import os
import pickle
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from agents.checkpoint import (
    CheckpointError,
    CheckpointNotFoundError,
    EditedCheckpointError,
    ForeignCheckpointError,
    NewerCheckpointError,
    PoisonedCheckpointError,
    TornCheckpointError,
    UnwritableCheckpointError,
    list_checkpoints,
    load_checkpoint,
    read_pointer,
    resolve,
    save_checkpoint,
    set_pointer,
)
from agents.checkpoint.content import MANIFEST, TENSORS
from tests.unit.checkpoints import fill_of, forge, make_checkpoint


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save_checkpoint(tmp_path, make_checkpoint(), "periodic")


def test_cut_short(path: Path) -> None:
    whole = (path / TENSORS).read_bytes()
    for kept in (0, 5, len(whole) // 2, len(whole) - 1):
        (path / TENSORS).write_bytes(whole[:kept])
        with pytest.raises(TornCheckpointError, match=TENSORS):
            load_checkpoint(path)
    (path / TENSORS).unlink()
    with pytest.raises(TornCheckpointError, match="missing"):
        load_checkpoint(path)
    (path / TENSORS).write_bytes(whole)
    manifest = (path / MANIFEST).read_bytes()
    for kept in (0, 1, len(manifest) - 1):
        (path / MANIFEST).write_bytes(manifest[:kept])
        with pytest.raises(TornCheckpointError, match=MANIFEST):
            load_checkpoint(path)
    (path / MANIFEST).unlink()
    with pytest.raises(TornCheckpointError, match=MANIFEST):
        load_checkpoint(path)


def test_any_edited_byte_of_the_tensors(path: Path) -> None:
    whole = bytearray((path / TENSORS).read_bytes())
    for position in range(0, len(whole), 997):
        whole[position] ^= 1
        (path / TENSORS).write_bytes(whole)
        with pytest.raises(EditedCheckpointError, match="checksum"):
            load_checkpoint(path)
        whole[position] ^= 1
    (path / TENSORS).write_bytes(bytes(whole) + b"\0")
    with pytest.raises(EditedCheckpointError, match="checksum"):
        load_checkpoint(path)


def test_any_edited_value_of_the_manifest(path: Path) -> None:
    content = json.loads((path / MANIFEST).read_text())
    for key, value in content.items():
        edited = {**content, key: _another(value)}
        (path / MANIFEST).write_text(json.dumps(edited))
        with pytest.raises(CheckpointError):
            load_checkpoint(path)
    for text in ('{"a": NaN}', '{"a": 1, "a": 2}', json.dumps({**content, "more": 1}), "[" * 100_000):
        (path / MANIFEST).write_text(text)
        with pytest.raises((EditedCheckpointError, TornCheckpointError)):
            load_checkpoint(path)
    (path / MANIFEST).write_bytes(b"\xff\xfe")
    with pytest.raises(TornCheckpointError):
        load_checkpoint(path)


def _another(value: Any) -> Any:
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, dict):
        return {**value, "x": 1}
    return value + 1


def _nested(levels: int) -> Any:
    return [_nested(levels - 1)] if levels else []


def _resized(content: dict[str, Any]) -> None:
    content["tensors"]["agent/policy/weight"]["shape"] = [2000, 4]


def _retyped(content: dict[str, Any]) -> None:
    content["tensors"]["agent/policy/weight"]["dtype"] = "float64"


FORGERIES: dict[str, tuple[Callable[[dict[str, Any]], object], type[CheckpointError], str]] = {
    "another shape": (_resized, EditedCheckpointError, r"\[2000, 4\]"),
    "another dtype": (_retyped, EditedCheckpointError, "float64"),
    "a tensor missing": (lambda content: content["tensors"].pop("agent/step"), EditedCheckpointError, "agent/step"),
    "a file elsewhere": (
        lambda content: content["files"].update({"../../secret": {"bytes": 1, "sha256": ""}}),
        EditedCheckpointError,
        "do not belong",
    ),
    "an unknown key": (lambda content: content.update(hook="os.system"), EditedCheckpointError, "hook"),
    "a wrong type": (lambda content: content.update(counters={"frames": "many"}), EditedCheckpointError, "counters"),
    "deep nesting": (lambda content: content["extra"].update(a=_nested(100)), EditedCheckpointError, "deeply"),
    "the future": (lambda content: content.update(schema=99, brandnew=True), NewerCheckpointError, "upgrade"),
    "no version": (lambda content: content.update(schema=0), EditedCheckpointError, "checksum"),
    "another program": (lambda content: content.update(format="theirs"), ForeignCheckpointError, "not the manifest"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_manifests_whose_checksum_is_right(path: Path, name: str) -> None:
    forge(path, lambda content: None)
    assert fill_of(load_checkpoint(path)) == 1.5, "the forger can make good ones"
    edit, error, words = FORGERIES[name]
    forge(path, edit)  # type: ignore[arg-type]
    with pytest.raises(error, match=words):
        load_checkpoint(path)


def test_numbers_that_are_none_inside(path: Path) -> None:
    tensors = {name: value.copy() for name, value in load((path / TENSORS).read_bytes()).items()}
    tensors["agent/policy/weight"][3, 7] = np.nan
    (path / TENSORS).write_bytes(save(tensors))
    forge(path, lambda content: None)
    with pytest.raises(PoisonedCheckpointError, match="agent/policy/weight"):
        load_checkpoint(path)


def _header(content: Any, length: int | None = None) -> bytes:
    text = json.dumps(content).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text


ABSURD = {
    "a header longer than the file": _header({}, length=2**40),
    "a header of 2**63 bytes": _header({}, length=2**63),
    "no header": b"\1",
    "offsets beyond the end": _header({"agent/a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}),
    "a shape that overflows": _header({"agent/a": {"dtype": "F32", "shape": [2**62, 8], "data_offsets": [0, 0]}}),
    "offsets backwards": _header({"agent/a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}) + bytes(4),
    "an unknown dtype": _header({"agent/a": {"dtype": "PICKLE", "shape": [1], "data_offsets": [0, 4]}}) + bytes(4),
    "a dtype numpy lacks": _header({"agent/a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}) + bytes(4),
}


@pytest.mark.parametrize("name", ABSURD)
def test_absurd_tensor_files_whose_checksum_is_right(path: Path, name: str) -> None:
    (path / TENSORS).write_bytes(ABSURD[name])
    forge(path, lambda content: content.update(tensors={"agent/a": {"dtype": "float32", "shape": [1]}}))
    with pytest.raises(EditedCheckpointError, match=TENSORS):
        load_checkpoint(path)


class Bomb:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return Path.touch, (self.trace,)


def test_a_pickle_is_refused_and_never_opened(path: Path, tmp_path: Path) -> None:
    trace = tmp_path / "executed"
    bomb = pickle.dumps(Bomb(trace))
    (path / "weights.pkl").write_bytes(bomb)
    with pytest.raises(EditedCheckpointError, match=r"weights\.pkl"):
        load_checkpoint(path)
    (path / "weights.pkl").unlink()
    (path / TENSORS).write_bytes(bomb)
    forge(path, lambda content: None)
    with pytest.raises(EditedCheckpointError):
        load_checkpoint(path)
    (path / MANIFEST).write_bytes(bomb)
    with pytest.raises(TornCheckpointError):
        load_checkpoint(path)
    assert not trace.exists()


def test_links_pipes_and_devices_are_not_followed(path: Path, tmp_path: Path) -> None:
    for name in (TENSORS, MANIFEST):
        kept = (path / name).rename(tmp_path / name)
        (path / name).symlink_to(kept)
        with pytest.raises(EditedCheckpointError, match="link"):
            load_checkpoint(path)
        (path / name).unlink()
        os.mkfifo(path / name)
        with pytest.raises(EditedCheckpointError, match="plain file"):
            load_checkpoint(path)
        (path / name).unlink()
        kept.rename(path / name)
    (tmp_path / "12").symlink_to(path)
    assert list_checkpoints(tmp_path) == [path]
    with pytest.raises(CheckpointNotFoundError):
        resolve(tmp_path, "12")


def test_a_huge_manifest_is_refused_before_it_is_read(path: Path) -> None:
    os.truncate(path / MANIFEST, 2**40)
    with pytest.raises(EditedCheckpointError, match="is the most"):
        load_checkpoint(path)


def test_other_peoples_directories(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "model.zip").touch()
    with pytest.raises(ForeignCheckpointError, match="not a checkpoint"):
        load_checkpoint(tmp_path / "7")
    with pytest.raises(CheckpointNotFoundError):
        load_checkpoint(tmp_path / "8")


@pytest.mark.parametrize("content", ["../../etc", "4000 or so", "", "-1", "9" * 60])
def test_pointers_with_other_content(path: Path, content: str) -> None:
    (path.parent / "LATEST").write_text(content)
    with pytest.raises(EditedCheckpointError, match="LATEST"):
        resolve(path.parent, "latest")


def test_a_pointer_that_is_a_link(path: Path) -> None:
    (path.parent / "LATEST").symlink_to("/etc/hostname")
    with pytest.raises(EditedCheckpointError, match="LATEST"):
        read_pointer(path.parent, "LATEST")


INTERRUPTED = """
import os, signal, sys
from pathlib import Path
from agents.checkpoint import save_checkpoint, set_pointer
from tests.unit.checkpoints import make_checkpoint

calls = 0

def deadly(function):
    def call(*arguments, **options):
        global calls
        calls += 1
        if calls == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return call

os.fsync, Path.rename, Path.replace, Path.mkdir = map(deadly, (os.fsync, Path.rename, Path.replace, Path.mkdir))
path = save_checkpoint(Path(sys.argv[1]), make_checkpoint(int(sys.argv[2]), fill=2.0), "periodic")
set_pointer(Path(sys.argv[1]), "LATEST", path.name)
"""


@pytest.mark.parametrize("frames", [4000, 8000], ids=["replacing", "new"])
def test_killed_at_any_moment_of_a_save_the_latest_can_be_loaded(tmp_path: Path, frames: int) -> None:
    moment, seen = 0, []
    while True:
        moment += 1
        root = tmp_path / str(moment)
        set_pointer(root, "LATEST", save_checkpoint(root, make_checkpoint(fill=1.0), "periodic").name)
        arguments = [sys.executable, "-c", INTERRUPTED, str(root), str(frames), str(moment)]
        code = subprocess.run(arguments, check=False).returncode
        assert code in (0, -signal.SIGKILL)
        seen.append(fill_of(load_checkpoint(resolve(root, "latest"))))
        save_checkpoint(root, make_checkpoint(9000), "periodic")
        assert fill_of(load_checkpoint(resolve(root, "latest"))) == seen[-1], "the next save loses nothing"
        leftovers = {entry.name for entry in root.iterdir()} - {"4000", "8000", "9000", "LATEST"}
        assert leftovers <= {".pointer-LATEST"}
        if code == 0:
            break
    assert moment > 6 and seen == sorted(seen) and set(seen) == {1.0, 2.0}


@contextmanager
def disk_that_takes(size: int) -> Iterator[None]:
    """Files beyond ``size`` bytes cannot be written, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_takes_no_more_leaves_the_older_one(tmp_path: Path) -> None:
    set_pointer(tmp_path, "LATEST", save_checkpoint(tmp_path, make_checkpoint(fill=1.0), "periodic").name)
    before = sorted(entry.name for entry in tmp_path.iterdir())
    with disk_that_takes(10_000):
        for frames in (4000, 8000):
            with pytest.raises(UnwritableCheckpointError, match=f"{frames}: File too large"):
                save_checkpoint(tmp_path, make_checkpoint(frames, fill=2.0), "periodic")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == before
    assert fill_of(load_checkpoint(resolve(tmp_path, "latest"))) == 1.0


def test_a_pointer_that_cannot_be_written_points_where_it_did(tmp_path: Path) -> None:
    for frames in (4000, 8000):
        save_checkpoint(tmp_path, make_checkpoint(frames), "periodic")
    set_pointer(tmp_path, "BEST", "4000")
    with disk_that_takes(1), pytest.raises(UnwritableCheckpointError, match="points where it did"):
        set_pointer(tmp_path, "BEST", "8000")
    assert read_pointer(tmp_path, "BEST") == "4000"
