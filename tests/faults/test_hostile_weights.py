"""Weights' files that want more than to be read: nothing in them is run, nothing is unpacked without limit."""

from __future__ import annotations

import base64
import io
import json
import os
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from agents.errors import ForeignFileError
from agents.exchange import read_foreign, reading
from agents.exchange.archives import MOST_ENTRIES
from racetui.cli import main


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return Path.touch, (self.trace,)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "executed"


def state_dict(content: Any = None) -> bytes:
    """What torch.save makes of it."""
    file = io.BytesIO()
    torch.save(OrderedDict(weight=torch.ones(2, 3)) if content is None else content, file)
    return file.getvalue()


def serialized(thing: Any) -> dict[str, str]:
    """How stable-baselines3 puts what JSON has not into its JSON."""
    return {":type:": "<class 'dict'>", ":serialized:": base64.b64encode(cloudpickle.dumps(thing)).decode()}


def model(path: Path, **entries: bytes | str) -> Path:
    """A model as stable-baselines3 saves it, with some entries replaced."""
    usual: dict[str, bytes | str] = {
        "data": json.dumps({"policy_kwargs": {}}),
        "policy.pth": state_dict(),
        "_stable_baselines3_version": "2.9.2",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (usual | entries).items():
            archive.writestr(name, content)
    return path


def test_the_forger_can_make_good_ones(tmp_path: Path) -> None:
    assert set(read_foreign(model(tmp_path / "a.zip")).tensors) == {"weight"}
    (tmp_path / "a.pth").write_bytes(state_dict())
    assert read_foreign(tmp_path / "a.pth").tensors["weight"].shape == (2, 3)


def test_bombs_beside_good_weights_are_not_even_looked_at(
    tmp_path: Path, trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bomb = pickle.dumps(Bomb(trace))
    data = json.dumps({name: serialized(Bomb(trace)) for name in ("policy_kwargs", "policy_class", "action_space")})
    entries: dict[str, bytes | str] = {
        "data": data,
        "pytorch_variables.pth": bomb,
        "policy.optimizer.pth": state_dict(Bomb(trace)),
    }
    path = model(tmp_path / "a.zip", **entries)
    assert set(read_foreign(path).tensors) == {"weight"}
    assert main(["import", str(path)]) == 1
    assert "does not fit agent ppo" in capsys.readouterr().err
    assert not trace.exists()
    cloudpickle.loads(base64.b64decode(json.loads(data)["policy_class"][":serialized:"]))
    assert trace.exists(), "the bombs are live"


WEIGHTS: dict[str, Callable[[Path], bytes]] = {
    "a bare pickle": lambda trace: pickle.dumps(Bomb(trace)),
    "a bomb in place of weights": lambda trace: state_dict(Bomb(trace)),
    "a bomb among weights": lambda trace: state_dict({"weight": torch.ones(2), "more": Bomb(trace)}),
    "a bomb for a name": lambda trace: state_dict({"weight": torch.ones(2), 5: Bomb(trace)}),
    "an old tar-less pickle": lambda trace: _legacy({"weight": torch.ones(2), "more": Bomb(trace)}),
    "a whole module": lambda trace: state_dict(torch.nn.Linear(2, 2)),
    "a script": lambda trace: _script(),
}


def _legacy(content: Any) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def _script() -> bytes:
    file = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), file)
    return file.getvalue()


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_that_are_more_than_tensors(tmp_path: Path, trace: Path, name: str) -> None:
    data = WEIGHTS[name](trace)
    (tmp_path / "a.pth").write_bytes(data)
    with pytest.raises(ForeignFileError, match=r"a\.pth"):
        read_foreign(tmp_path / "a.pth")
    with pytest.raises(ForeignFileError, match=r"a\.zip"):
        read_foreign(model(tmp_path / "a.zip", **{"policy.pth": data}))
    assert not trace.exists()


CONTENTS: dict[str, tuple[Any, str]] = {
    "a list": ([torch.ones(2)], "a list"),
    "nothing": ({}, "no tensors"),
    "numbers beside": ({"weight": torch.ones(2), "epoch": 5}, r"'epoch' \(int\)"),
    "dicts within": ({"model": {"weight": torch.ones(2)}}, r"'model' \(dict\)"),
    "a sparse tensor": ({"weight": torch.eye(3).to_sparse()}, "'weight' is not a plain tensor"),
    "a tensor that is not there": ({"weight": torch.empty(2, device="meta")}, "'weight' is not a plain tensor"),
    "one number a million times": ({"weight": torch.ones(1).expand(2**20)}, "'weight' is not a plain tensor"),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_what_is_no_state_dict(tmp_path: Path, name: str) -> None:
    content, words = CONTENTS[name]
    (tmp_path / "a.pth").write_bytes(state_dict(content))
    with pytest.raises(ForeignFileError, match=words):
        read_foreign(tmp_path / "a.pth")


def test_cut_short_anywhere(tmp_path: Path) -> None:
    whole = {".zip": model(tmp_path / "whole.zip").read_bytes(), ".pth": state_dict()}
    save_file({"weight": torch.ones(2, 3)}, tmp_path / "whole.safetensors")
    whole[".safetensors"] = (tmp_path / "whole.safetensors").read_bytes()
    for suffix, data in whole.items():
        path = tmp_path / f"a{suffix}"
        for kept in (0, 1, 7, 30, len(data) // 2, len(data) - 1):
            path.write_bytes(data[:kept])
            with pytest.raises(ForeignFileError, match=f"a\\{suffix}"):
                read_foreign(path)


def test_any_byte_changed_is_read_or_refused(tmp_path: Path, trace: Path) -> None:
    rng = np.random.default_rng(1)
    for data, path in (
        (model(tmp_path / "b.zip").read_bytes(), tmp_path / "a.zip"),
        (state_dict(), tmp_path / "a.pth"),
    ):
        for position in rng.integers(0, len(data), 150):
            changed = bytearray(data)
            changed[position] ^= int(rng.integers(1, 256))
            path.write_bytes(changed)
            try:
                read_foreign(path)
            except ForeignFileError as error:
                assert path.name in str(error)


def bomb_of_zeros(name: str, size: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * 100)
        archive.writestr(name, b"\0" * size)
    return file.getvalue()


def test_what_unpacks_to_more_than_it_seems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.pth").write_bytes(bomb_of_zeros("archive/data/0", 2**24))
    with pytest.raises(ForeignFileError, match="compressed"):
        read_foreign(tmp_path / "a.pth")
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data", b" " * (reading.DATA_LIMIT + 1))
        archive.writestr("policy.pth", state_dict())
    with pytest.raises(ForeignFileError, match="'data' unpacks to more than"):
        read_foreign(tmp_path / "a.zip")
    monkeypatch.setattr(reading, "FILE_LIMIT", 2**20)
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data", "{}")
        archive.writestr("policy.pth", b"\0" * 2**22)
    with pytest.raises(ForeignFileError, match=r"'policy\.pth' unpacks to more than"):
        read_foreign(tmp_path / "b.zip")


def test_entries_that_share_their_bytes(tmp_path: Path) -> None:
    """Each claims the same large block, so that together they are larger than the file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", b"\0" * 1000)
        first = archive.getinfo("archive/data.pkl")
        for number in range(50):
            copy = zipfile.ZipInfo(f"archive/data/{number}")
            copy.file_size = copy.compress_size = first.file_size
            copy.CRC, copy.header_offset = first.CRC, first.header_offset
            archive.filelist.append(copy)
        archive._didModify = True  # type: ignore[attr-defined]
    (tmp_path / "a.pth").write_bytes(file.getvalue())
    with pytest.raises(ForeignFileError, match="larger than itself"):
        read_foreign(tmp_path / "a.pth")


def test_more_entries_than_anyone_needs(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(MOST_ENTRIES + 1):
            archive.writestr(f"{number}", b"")
    with pytest.raises(ForeignFileError, match="is the most"):
        read_foreign(tmp_path / "a.zip")
    data = bytearray(model(tmp_path / "b.zip").read_bytes())
    end = data.rfind(b"PK\5\6")
    data[end + 12 : end + 16] = struct.pack("<L", 2**31)  # a list of entries of two gigabytes
    (tmp_path / "b.zip").write_bytes(data)
    with pytest.raises(ForeignFileError, match="is the most"):
        read_foreign(tmp_path / "b.zip")


def test_names_that_lead_elsewhere_are_names(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    path = model(tmp_path / "deep" / "a.zip")
    with zipfile.ZipFile(path, "a") as archive:
        for name in ("../../outside", "/tmp/racetui-outside", "deep/../../outside"):
            archive.writestr(name, b"out")
    before = sorted(tmp_path.rglob("*"))
    assert set(read_foreign(path).tensors) == {"weight"}
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("/tmp/racetui-outside").exists()


def test_entries_that_are_missing_or_there_twice(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("data", "{}")
    with pytest.raises(ForeignFileError, match=r"no entry 'policy\.pth'"):
        read_foreign(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for name in ("data", "data", "policy.pth"):
            archive.writestr(name, "{}")
    with pytest.raises(ForeignFileError, match="same name"):
        read_foreign(tmp_path / "b.zip")


@pytest.mark.parametrize("data", [b"\xff\xfe", b"[" * 100_000, b"[]", b"", b"{"])
def test_json_that_is_none(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ForeignFileError, match="'data' is not"):
        read_foreign(model(tmp_path / "a.zip", data=data))


HEADERS = {
    "longer than the file": struct.pack("<Q", 2**40) + b"{}",
    "no JSON": struct.pack("<Q", 4) + b"xxxx",
    "offsets beyond": struct.pack("<Q", 62) + b'{"a":{"dtype":"F32","shape":[99999],"data_offsets":[0,399996]}}',
}


@pytest.mark.parametrize("name", HEADERS)
def test_safetensors_that_are_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.safetensors").write_bytes(HEADERS[name])
    with pytest.raises(ForeignFileError, match=r"a\.safetensors"):
        read_foreign(tmp_path / "a.safetensors")


@pytest.mark.parametrize("origin", [{"task": "["}, {"task": "[]"}, {"task": '{"stack": 99}'}, {"agent": "os.system"}])
def test_safetensors_that_lie_about_themselves(
    tmp_path: Path, origin: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    save_file({"weight": torch.ones(2, 3)}, tmp_path / "a.safetensors", origin)
    assert main(["import", str(tmp_path / "a.safetensors")]) in (1, 2)
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "unexpected" not in told
    assert not (tmp_path / "store" / "runs").exists()


def test_files_that_are_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.zip")
    (tmp_path / "folder.pth").mkdir()
    for name, words in (
        ("pipe.zip", "plain file"),
        ("folder.pth", "folder.pth"),
        ("no.zip", "No such"),
        ("a.pkl", "end in"),
    ):
        with pytest.raises(ForeignFileError, match=words):
            read_foreign(tmp_path / name)
    with (tmp_path / "huge.zip").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(ForeignFileError, match="is the most"):
        read_foreign(tmp_path / "huge.zip")
