"""Writing a checkpoint's policy for other programs; every file is loaded back and must act alike before it counts."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from agents.checkpoint.content import Checkpoint
from agents.errors import ExportError, UnsupportedFormatError
from agents.exchange.onnx import act_onnx, write_onnx
from agents.exchange.policy import Policy, actions_of, policy_of
from agents.exchange.safetensors import act_safetensors, write_safetensors
from agents.exchange.sb3 import act_sb3, write_sb3
from carracing.task import Array, Box, TaskSpec

ROWS = 64
"""Random observations on which the exported policy must act as ours does."""
TOLERANCE = 1e-4
"""How far continuous actions, of a range of 1 or 2, may lie apart: other programs sum in another order."""


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file."""

    title: str
    modules: tuple[str, ...]
    """What writing and checking it needs besides our own dependencies."""
    write: Callable[[Policy, Path], None]
    act: Callable[[Policy, Path, Array], Array]
    """The actions (rows, A) of the policy in a file, loaded anew, for (rows, stack, *observation_shape)."""


FORMATS: Mapping[str, Format] = {
    ".zip": Format("model of stable-baselines3", (), write_sb3, act_sb3),
    ".onnx": Format("ONNX network", ("onnx", "onnxscript", "onnxruntime"), write_onnx, act_onnx),
    ".safetensors": Format("tensors by name", (), write_safetensors, act_safetensors),
}
"""Kinds of files by how their names end."""


def check_format(path: Path) -> Format:
    """The format that ``path`` is named for. Raises UnsupportedFormatError if there is none, or not here."""
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise UnsupportedFormatError(
            f"{path}: policies are exported to {', '.join(FORMATS)}, tables of a run to .csv"
        )
    if missing := [module for module in kind.modules if find_spec(module) is None]:
        raise UnsupportedFormatError(f"{path}: {path.suffix} needs {missing[0]}: pip install 'racetui[export]'")
    directory = path.absolute().parent
    if path.is_dir() or not directory.is_dir() or not os.access(directory, os.W_OK):
        raise UnsupportedFormatError(f"{path} cannot be written: {directory} must be a directory of yours")
    return kind


def export_policy(checkpoint: Checkpoint, path: Path) -> None:
    """Write the checkpoint's policy to ``path`` in the format of its name; one that is there is replaced.

    Raises ExportError where the format cannot express the policy or what was written acts otherwise, and
    CheckpointError, OSError; in each case ``path`` is as it was.
    """
    kind = check_format(path)
    policy = policy_of(checkpoint)
    unfinished = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        kind.write(policy, unfinished)
        _compare(policy, kind, unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _compare(policy: Policy, kind: Format, written: Path) -> None:
    observations = random_observations(policy.task, ROWS)
    wanted = actions_of(policy.agent, observations)
    found = np.asarray(kind.act(policy, written, observations)).reshape(wanted.shape)
    if isinstance(policy.task.action, Box):
        worst = float(np.abs(found - wanted).max())
        if not worst <= TOLERANCE:  # NaN is not
            raise ExportError(f"not written: loaded back, the {kind.title} gives actions that differ by {worst:.2g}")
    elif (found != wanted).any():
        differing = int((found != wanted).any(axis=1).sum())
        raise ExportError(f"not written: loaded back, the {kind.title} acts otherwise in {differing} of {ROWS} cases")


def random_observations(task: TaskSpec, rows: int) -> Array:
    """(rows, stack, *observation_shape): pictures of noise at several scales, or normal numbers; always the same."""
    rng = np.random.default_rng(0)
    shape = (rows, task.stack, *task.observation_shape)
    if task.observation_dtype == "float32":
        return rng.normal(size=shape).astype(np.float32)
    brightness = rng.uniform(0, 255, (*shape[:2], *([1] * len(task.observation_shape))))
    noise = rng.normal(0.0, 60.0, shape)
    pictures: Array = np.clip(brightness + noise, 0, 255).astype(np.uint8)
    return pictures
