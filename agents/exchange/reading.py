"""Weights out of other programs' files, which anyone may have made: tensors and plain JSON are read, nothing is run.

* ``.zip``, as stable-baselines3 saves models: the entry ``policy.pth``, and of the entry ``data`` the plain JSON.
  What that holds besides, pickled and encoded as text, is never decoded.
* ``.pth``, ``.pt``: a network's ``state_dict()``, saved by torch.save (1.6 or later).
* ``.safetensors``: tensors by name; our own exports also say what they are of.
"""

from __future__ import annotations

import io
import json
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors import SafetensorError
from safetensors.torch import load as decode_tensors

from agents.errors import ForeignFileError
from agents.exchange.archives import check_stored, open_archive, read_entry

FILE_LIMIT = 2**30
"""Bytes of a file; a policy with its optimizer has some ten million."""
DATA_LIMIT = 16 * 2**20
"""Bytes of the JSON in a model of stable-baselines3; usual are 200,000."""
HEADER_LIMIT = 8 * 2**20
"""Bytes of the header of a safetensors file."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a file holds, not yet held against anything."""

    path: Path
    tensors: Mapping[str, torch.Tensor]
    model: Mapping[str, Any] = field(default_factory=dict)
    """Of stable-baselines3's files: the plain JSON of ``data``."""
    origin: Mapping[str, str] = field(default_factory=dict)
    """Of our own exports: agent, agent_config and task as JSON, frames; as text, and not yet believed."""

    def told(self, key: str) -> Mapping[str, Any]:
        """The keys and values of ``origin[key]``; none where it is missing. Raises ForeignFileError."""
        try:
            found = json.loads(self.origin.get(key, "{}"))
        except (ValueError, RecursionError) as error:
            raise ForeignFileError(f"{self.path}: its {key} is not JSON: {error}") from error
        if not isinstance(found, dict):
            raise ForeignFileError(f"{self.path}: its {key} must be keys with values")
        return found


def read_foreign(path: Path) -> Foreign:
    """Read a file, by what it is named. Raises ForeignFileError."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ForeignFileError(f"{path}: must end in {', '.join(SUFFIXES)}")
    try:
        # O_NONBLOCK: a pipe must not be waited for.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ForeignFileError(f"{path} is not a plain file")
            if status.st_size > FILE_LIMIT:
                raise ForeignFileError(f"{path} has {status.st_size:,} bytes, and {FILE_LIMIT:,} is the most")
            return reader(file, path)
    except OSError as error:
        raise ForeignFileError(f"cannot read {path}: {error.strerror or error}") from error


def _read_zip(file: BinaryIO, path: Path) -> Foreign:
    archive = open_archive(file, path)
    data = read_entry(archive, "data", DATA_LIMIT, path)
    try:
        model = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ForeignFileError(f"{path}: entry 'data' is not JSON: {error}") from error
    if not isinstance(model, dict):
        raise ForeignFileError(f"{path}: entry 'data' is not what stable-baselines3 writes")
    weights = read_entry(archive, "policy.pth", FILE_LIMIT, path)
    return Foreign(path, _state_dict(io.BytesIO(weights), path), model)


def _read_pth(file: BinaryIO, path: Path) -> Foreign:
    return Foreign(path, _state_dict(io.BytesIO(file.read(FILE_LIMIT)), path))


def _read_safetensors(file: BinaryIO, path: Path) -> Foreign:
    data = file.read(FILE_LIMIT)
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(HEADER_LIMIT, len(data) - 8):
        raise ForeignFileError(f"{path} claims a header larger than it can have")
    try:
        tensors = decode_tensors(data)
        origin = json.loads(data[8 : 8 + length]).get("__metadata__") or {}
    except (SafetensorError, ValueError, KeyError, AttributeError, RecursionError) as error:
        raise ForeignFileError(f"{path} is not a whole safetensors file: {error}") from error
    return Foreign(path, _checked(tensors, path), origin=origin)


def _state_dict(file: io.BytesIO, path: Path) -> Mapping[str, torch.Tensor]:
    """What torch.save wrote, read by PyTorch's unpickler for weights, which makes tensors and calls nothing else."""
    check_stored(open_archive(file, path), len(file.getbuffer()), path)
    file.seek(0)
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        # It raises whatever a malformed file leads it to.
        reason = str(error).partition("\n")[0][:300]
        raise ForeignFileError(
            f"{path} holds more than tensors, or is not whole; nothing was run: {reason}"
        ) from error
    if not isinstance(content, dict):
        raise ForeignFileError(f"{path} holds a {type(content).__name__}: save the network's state_dict()")
    return _checked(content, path)


def _checked(content: Mapping[Any, Any], path: Path) -> Mapping[str, torch.Tensor]:
    """The tensors, each a plain one whose numbers are all in the file. Raises ForeignFileError."""
    if not content:
        raise ForeignFileError(f"{path} holds no tensors")
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise ForeignFileError(
                f"{path} holds {str(name)[:100]!r} ({type(value).__name__}), which is no tensor: "
                "save the network's state_dict() alone"
            )
        plain = value.layout is torch.strided and value.device.type == "cpu" and not value.is_quantized
        if not plain or value.untyped_storage().nbytes() < value.numel() * value.element_size():
            raise ForeignFileError(f"{path}: {name!r} is not a plain tensor")
    return {name: value.detach() for name, value in content.items()}


_READERS: dict[str, Callable[[BinaryIO, Path], Foreign]] = {
    ".zip": _read_zip,
    ".pth": _read_pth,
    ".pt": _read_pth,
    ".safetensors": _read_safetensors,
}
SUFFIXES = tuple(_READERS)
"""Names of files that can be read end in one of these."""
