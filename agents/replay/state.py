"""A replay as chunks for a checkpoint, and back: one chunk in memory at a time, and nothing taken on trust."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from agents.api import Chunk, StateError
from agents.replay.replay import NONE, Replay, Tail
from carracing.task import Array, Box

_CELLS = ("previous", "following", "actions", "rewards", "terminated")
"""Small arrays of the replay with a row per cell."""


def pack_replay(replay: Replay) -> dict[str, Chunk]:
    """The replay as it is now; only what is small is copied."""
    used = min(replay.written, replay.size)
    tails = [(episode, *tail) for episode, tail in replay.tails.items()]
    chunks = {f"cells-{name}": _chunk(getattr(replay, name)[:used].copy()) for name in _CELLS}
    chunks["counts"] = _chunk(np.array([replay.written, replay.steps], np.int64))
    chunks["tails"] = _chunk(np.array(tails, np.int64).reshape(len(tails), 3))
    frozen = replay.frames.freeze(used, replay.written % replay.size)
    return chunks | {_frames(number): chunk for number, chunk in frozen.items()}


def unpack_replay(chunks: Mapping[str, Chunk], replay: Replay) -> None:
    """Fill an empty replay; what it holds after an error is of no use.

    Raises StateError, and what reading the chunks raises.
    """
    _check(chunks, "counts", (2,), np.dtype(np.int64))
    written, steps = chunks["counts"].read().tolist()
    if not 0 <= steps <= written < 2**62:
        raise StateError(f"chunk 'counts' has {written} cells with {steps} steps")
    used = min(written, replay.size)
    shapes = {_frames(number): shape for number, shape in replay.frames.chunk_shapes(used).items()}
    strangers = set(chunks) ^ {"counts", "tails", *(f"cells-{name}" for name in _CELLS), *shapes}
    if strangers:
        kind = "misses" if sorted(strangers)[0] not in chunks else "has a foreign"
        raise StateError(f"this replay {kind} chunk {sorted(strangers)[0]!r}: it is of another size or task")
    for name, shape in shapes.items():
        _check(chunks, name, shape, replay.frames.rows.dtype)
    for name in _CELLS:
        array: Array = getattr(replay, name)
        _check(chunks, f"cells-{name}", (used, *array.shape[1:]), array.dtype)
        array[:used] = chunks[f"cells-{name}"].read()
    replay.written, replay.steps = written, steps
    replay.tails = _tails(chunks, written)
    _check_cells(replay, used)
    for number, name in enumerate(shapes):
        start = number * replay.frames.rows_per_chunk
        replay.frames.write(np.arange(start, start + shapes[name][0]), chunks[name].read())


def _chunk(array: Array) -> Chunk:
    return Chunk(array.shape, array.dtype.name, lambda: array)


def _frames(number: int) -> str:
    return f"frames-{number:05}"


def _check(chunks: Mapping[str, Chunk], name: str, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> None:
    if name not in chunks:
        raise StateError(f"this replay misses chunk {name!r}")
    chunk = chunks[name]
    if chunk.shape != shape or chunk.dtype != dtype.name:
        raise StateError(
            f"chunk {name!r} is {chunk.dtype} {chunk.shape}, and this agent's is {dtype.name} {shape}: "
            "it is of another size or task"
        )


def _tails(chunks: Mapping[str, Chunk], written: int) -> dict[int, Tail]:
    if chunks["tails"].dtype != "int64" or chunks["tails"].shape[1:] != (3,):
        raise StateError("chunk 'tails' must be int64 rows of episode, cell and steps")
    rows = chunks["tails"].read()
    if len(rows) and not (rows[:, 1].min() >= 0 and rows[:, 1].max() < written and rows[:, 2].min() > 0):
        raise StateError("chunk 'tails' has cells that were never written")
    return {episode: Tail(serial, steps) for episode, serial, steps in rows.tolist()}


def _check_cells(replay: Replay, used: int) -> None:
    """Raise StateError unless links lead to cells, steps are as many as counted, and actions exist."""
    slots = np.arange(used)
    serials = replay.written - 1 - (replay.written - 1 - slots) % replay.size
    previous, following = replay.previous[:used], replay.following[:used]
    linked = following != NONE
    if not ((previous >= 0) & (previous <= serials)).all():
        raise StateError("chunk 'cells-previous' has links that lead nowhere")
    if not (~linked | ((following > serials) & (following < replay.written))).all():
        raise StateError("chunk 'cells-following' has links that lead nowhere")
    if int(linked.sum()) != replay.steps:
        raise StateError(f"chunk 'counts' says {replay.steps} steps, and there are {int(linked.sum())}")
    kind, actions = replay.task.action, replay.actions[:used]
    if not (np.isfinite(actions).all() if isinstance(kind, Box) else ((actions >= 0) & (actions < kind.n)).all()):
        raise StateError("chunk 'cells-actions' has actions that do not exist")
    if not np.isfinite(replay.rewards[:used]).all():
        raise StateError("chunk 'cells-rewards' has NaN or infinite numbers")
