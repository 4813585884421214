"""Reading a set that anyone may have touched: everything is checked before anything is used, nothing is executed."""

from __future__ import annotations

import hashlib
from math import prod
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from agents.demonstrations.content import (
    ARRAYS,
    BLOCK,
    BLOCKS,
    FORMAT,
    HEADER,
    SCHEMA,
    Block,
    BlockHeader,
    SetHeader,
    block_name,
    blocks_of,
)
from agents.demonstrations.errors import (
    DemonstrationsNotFoundError,
    EditedDemonstrationsError,
    ForeignDemonstrationsError,
    TornDemonstrationsError,
)
from agents.demonstrations.sealed import check_plain, checksum, decode, read_bytes
from carracing.task import Array, TaskConfig, TaskSpec, task_spec


def read_header(directory: Path) -> SetHeader:
    """What the set in ``directory`` was asked to be, whole or not. Raises DemonstrationsError."""
    path = directory / HEADER
    if not path.exists() and not path.is_symlink():
        if not directory.is_dir():
            raise DemonstrationsNotFoundError(f"no demonstrations at {directory}")
        raise ForeignDemonstrationsError(f"{directory} is not a demonstration set: it has no {HEADER}")
    _check_format(path)
    header = decode(path, SetHeader)
    if header.episodes < 1 or header.block < 1:
        raise EditedDemonstrationsError(f"{path} has an impossible number of episodes")
    return header


def task_of(header: SetHeader) -> TaskConfig:
    """The task that the set's episodes pose. Raises EditedDemonstrationsError."""
    try:
        return msgspec.convert(header.task, TaskConfig, strict=True)
    except (msgspec.ValidationError, ValueError) as error:
        raise EditedDemonstrationsError(f"the demonstrations' task has an impossible value: {error}") from error


def read_blocks(directory: Path, header: SetHeader) -> list[Block]:
    """All blocks of a whole set, their arrays mapped from their files; every byte is checked first.

    Raises TornDemonstrationsError where blocks are missing, EditedDemonstrationsError.
    """
    there = written_blocks(directory)
    missing = [number for number in blocks_of(header) if number not in there]
    if missing:
        raise TornDemonstrationsError(
            f"{directory} is not complete: {len(missing)} of {len(blocks_of(header))} blocks are missing. "
            "The racetui demos command that began it goes on with it"
        )
    strangers = there - set(blocks_of(header))
    if strangers:
        raise EditedDemonstrationsError(f"{directory} has a block that does not belong: {min(strangers)}")
    spec, seal = task_spec(task_of(header)), checksum(header)
    return [_read_block(directory / BLOCKS / block_name(number), number, spec, seal) for number in blocks_of(header)]


def written_blocks(directory: Path) -> set[int]:
    """Numbers of the blocks that are there."""
    return {int(path.name) for path in (directory / BLOCKS).glob("*") if path.name.isdecimal()}


def _check_format(path: Path) -> None:
    """Tell sets of others from sets of ours that are damaged."""
    try:
        content: Any = msgspec.json.decode(read_bytes(path))
    except (msgspec.DecodeError, RecursionError):
        return  # decode() says what is wrong
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ForeignDemonstrationsError(f"{path} is not the header of a demonstration set")
    if content.get("schema") != SCHEMA:
        raise ForeignDemonstrationsError(
            f"{path} has schema {content.get('schema')}, and this version reads {SCHEMA}: upgrade racetui"
        )


def _read_block(path: Path, number: int, spec: TaskSpec, seal: str) -> Block:
    header = decode(path / BLOCK, BlockHeader)
    if header.set != seal or header.number != number:
        raise EditedDemonstrationsError(f"{path} belongs to another set or place: it was moved here")
    if {f"{name}.npy" for name in ARRAYS} != set(header.files):
        raise EditedDemonstrationsError(f"{path} has other files than {', '.join(ARRAYS)}")
    for name, entry in header.files.items():
        size = check_plain(path / name)
        if size < entry.bytes:
            raise TornDemonstrationsError(f"{path / name} has {size:,} of {entry.bytes:,} bytes")
        with (path / name).open("rb") as file:
            if size > entry.bytes or hashlib.file_digest(file, "sha256").hexdigest() != entry.sha256:
                raise EditedDemonstrationsError(f"{path / name} is not as it was written: its checksum differs")
    steps = sum(episode.steps for episode in header.episodes)
    size, count = spec.action.size, len(header.episodes)
    shapes: dict[str, tuple[tuple[int, ...], Any]] = {
        "frames": ((steps + count, *spec.observation_shape), spec.observation_dtype),
        "labels": ((steps, size), spec.action_dtype),
        "driven": ((steps, size), spec.action_dtype),
        "rewards": ((steps,), np.float32),
    }
    arrays = {name: _map(path / f"{name}.npy", *wanted) for name, wanted in shapes.items()}
    return Block(number, tuple(header.episodes), **arrays)


def _map(path: Path, shape: tuple[int, ...], dtype: Any) -> Array:
    """The array in a file, mapped read-only; its own header must say what is expected."""
    with path.open("rb") as file:
        try:
            version = np.lib.format.read_magic(file)
            found, fortran, kind = np.lib.format.read_array_header_1_0(file)
        except (ValueError, SyntaxError, TypeError) as error:
            raise EditedDemonstrationsError(f"{path} is not an array file: {error}") from None
        offset = file.tell()
    wanted = np.dtype(dtype)
    if version != (1, 0) or found != shape or fortran or kind != wanted:
        raise EditedDemonstrationsError(f"{path} holds {kind} {found}, and the set says {wanted} {shape}")
    if path.stat().st_size != offset + prod(shape) * wanted.itemsize:
        raise EditedDemonstrationsError(f"{path} is shorter or longer than its shape says")
    array: Array = np.memmap(path, wanted, "r", offset, shape)
    if wanted.kind == "f" and not np.isfinite(array).all():
        raise EditedDemonstrationsError(f"{path} has NaN or infinite numbers")
    return array
